/* Boot Loader Specification entries (UAPI.1): files of type 1, "loader/entries/NAME.conf", and unified kernel images of
 * type 2, "EFI/Linux/NAME.efi". */
#ifndef FIRMWARE_CONFIG_BLS_H
#define FIRMWARE_CONFIG_BLS_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/config/entry.h"

/* An entry, and what entries are sorted by. */
struct bls_entry {
	struct bls_entry *next;
	struct entry entry; /* its kernel and initrds are there */
	const char *sort_key; /* "" if it has none, as are those that follow */
	const char *machine_id;
	const char *version;
	const char *name; /* of the file, without ".conf" or ".efi" and boot counting */
	bool is_bad; /* boot counting has no tries left: it comes last */
};

/* Who knows variables ("$kernelopts") of initrd and options lines: GRUB's blscfg does, nobody else. */
struct bls_variables {
	/* The value, "" if there is none. */
	const char *(*get)(void *arg, const char *name, size_t len);
	void *arg;
};

/* Adds the entries of type 1 in a directory, and of type 2 in another, to a list that is sorted as the specification
 * says. What can't be started is said and left out. `variables` may be NULL. 0, also if there is no such directory, or
 * FW_ENOMEM. */
__attribute__((warn_unused_result)) int bls_add_entries(struct mounted *where, const char *directory,
							const struct bls_variables *variables, struct bls_entry **list);
__attribute__((warn_unused_result)) int bls_add_images(struct mounted *where, const char *directory,
						       struct bls_entry **list);

/* Puts an entry where it belongs in a sorted list. */
void bls_insert(struct bls_entry **list, struct bls_entry *entry);

/* Lists what is on the EFI system partitions and extended boot loader partitions, or, if they have none, on the first
 * file system that has some; the default and the time-out as loader.conf says. 0, also if there are none, or FW_ENOMEM.
 */
__attribute__((warn_unused_result)) int bls_read(struct places *places, struct entries *out);

#endif
