/* Finding file systems by what configurations call them, and files on them. */
#ifndef FIRMWARE_CONFIG_PLACES_H
#define FIRMWARE_CONFIG_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/config/entry.h"
#include "firmware/config/text.h"

#define PLACES_FILE_MAX (1u << 20) /* bytes of a configuration file; a larger one is not one */
#define PLACES_DEVICE_MAX 600 /* bytes of a device's name in GRUB's words, with the NUL */

enum places_by {
	PLACES_BY_UUID, /* of the file system */
	PLACES_BY_LABEL,
	PLACES_BY_FILE, /* that it holds, an absolute path */
};

/* The file system that `what` means, or NULL. The disk of `near`, which may be NULL, is looked at first: a disk's
 * configuration means the disk itself, should another be a copy of it. */
struct mounted *places_search(const struct places *places, enum places_by by, const char *what,
			      const struct mounted *near);

/* GRUB's name for a place: "hd0,gpt2", "hd0", "lvm/vg-lv". */
void places_device_name(const struct mounted *where, char out[PLACES_DEVICE_MAX]);

/* The place of such a name: of either form for a partition ("hd0,2" too), a logical volume by name or, as "lvmid/...",
 * by UUIDs; or NULL. */
struct mounted *places_device(const struct places *places, const char *name);

/* Whether there is such a file, not a directory. */
bool places_has_file(struct mounted *where, const char *path);

/* Whether there is anything of that path, which may be a link that leads nowhere. */
bool places_has(struct mounted *where, const char *path);

/* Reads a configuration file into the arena, with a NUL behind its bytes. Its length, or FW_ENOENT if it is not there
 * or can't be read, which has been said then, or FW_ENOMEM. */
__attribute__((warn_unused_result)) int64_t places_read(struct mounted *where, const char *path, char **out);

/* A name in a directory. */
struct places_name {
	struct places_name *next;
	enum fs_kind kind;
	char name[];
};

/* The names in a directory that match the pattern, in the arena, as many as 16 KiB hold, in no order. NULL if there are
 * none, or no directory. */
struct places_name *places_list(struct mounted *where, const char *directory, const char *pattern);

/* Three strings as one, in the arena, or NULL if that is full. */
const char *places_concat(struct arena *arena, const char *a, const char *b, const char *c);

/* "/boot/grub/grub.cfg on vda1" in the arena, or NULL if that is full. */
const char *places_origin(struct arena *arena, const struct mounted *where, const char *path);

/* `directory` and `name` with a slash between them, in the arena; NULL if that is full. */
const char *places_join(struct arena *arena, const char *directory, const char *name);

#endif
