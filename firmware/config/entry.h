/* Boot entries: what a distribution's own configuration says can be started. */
#ifndef FIRMWARE_CONFIG_ENTRY_H
#define FIRMWARE_CONFIG_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/arena.h"
#include "firmware/fs/fs.h"
#include "firmware/volume/volume.h"

#define ENTRY_MAX 64 /* that a menu shows */
#define ENTRY_MAX_INITRDS 8

/* A volume with a file system that is mounted. */
struct mounted {
	const struct volume *volume;
	struct fs fs;
};

/* All that was found; what the configuration readers search in. */
struct places {
	struct mounted *mounted;
	unsigned int nr;
	struct arena *arena;
	size_t script_bytes; /* what scripts have taken of the budget that they share; 0 at first */
};

/* A file, or a part of one: where it is and its path there. */
struct place_file {
	struct mounted *where; /* NULL: there is no such file */
	const char *path; /* absolute on that file system */
	/* A unified kernel image holds kernel and initrd as sections: the range of the file that is meant, which lies
	 * inside of it. 0 and 0: all of it. */
	uint64_t offset_bytes;
	uint64_t size_bytes;
};

struct entry {
	const char *title; /* for the menu */
	const char *id; /* GRUB's --id, or the file's name of a Boot Loader Specification entry, without ".conf"; "" */
	const char *submenu; /* "Advanced options for Debian GNU/Linux", nested ones joined by '>'; NULL: at the top */
	const char *submenu_id; /* the same of ids; NULL: at the top */
	struct place_file kernel;
	struct place_file initrds[ENTRY_MAX_INITRDS];
	unsigned int nr_initrds;
	const char *arguments; /* the kernel command line, without the kernel's name */
	const char *origin; /* the file that says so: "/boot/grub/grub.cfg on vda1" */
};

struct entries {
	struct entry list[ENTRY_MAX];
	unsigned int nr;
	unsigned int chosen; /* the default, as the configuration says */
	/* How long the configuration would wait, UINT_MAX: for ever. The menu is shown only when asked for. */
	unsigned int timeout_seconds;
};

/* Reads the configurations that are there, in this order, and stops at the first that has an entry whose kernel is
 * there: grub.cfg, Boot Loader Specification entries with loader.conf, extlinux.conf (syslinux.cfg), and the links
 * /vmlinuz and /initrd.img or /boot/vmlinuz-* and its initrd, newest version first. Says with print() what it saw, and
 * why it passed over what it did. 0, FW_ENOENT if nothing can be started, or FW_ENOMEM. */
__attribute__((warn_unused_result)) int entries_find(struct places *places, struct entries *out);

/* The entry that the user means by `wanted`: its number from 0 in the list, its id, its title, or "SUBMENU>ENTRY" of
 * titles or ids, as GRUB's default has it. Its index, or FW_ENOENT. */
__attribute__((warn_unused_result)) int entries_choose(const struct entries *entries, const char *wanted);

#endif
