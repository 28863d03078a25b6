/* File systems in memory, for tests of what reads configurations: a few places, each with the files that a test puts
 * there. Paths are as a shell has them; directories come into being with the first file below them. */
#ifndef TEST_UNIT_FIRMWARE_FAKE_FS_H
#define TEST_UNIT_FIRMWARE_FAKE_FS_H

#include <stddef.h>

#include "firmware/config/entry.h"

/* How a place is found by configurations. Zeroes are usual: a whole disk, without UUID and label. */
struct fake_place {
	const char *name; /* "vda1" */
	const char *kind; /* "ext4" if NULL; "vfat" tells no case of names */
	const char *uuid;
	const char *label;
	struct volume volume;
};

/* Forgets all places, and gives back the arena, of which `arena_bytes` are to be had. */
struct places *fake_begin(size_t arena_bytes);

/* Adds one, behind those that are there. */
struct mounted *fake_add(const struct fake_place *place);

/* A partition of a disk with a GPT, numbered from 1, on disk 0. */
struct mounted *fake_partition(unsigned int number, const char *uuid);

/* Puts a file, of text or of bytes, which stay the caller's; or a symbolic link. */
void fake_file(struct mounted *where, const char *path, const char *text);
void fake_bytes(struct mounted *where, const char *path, const void *bytes, size_t len);
void fake_link(struct mounted *where, const char *path, const char *target);

/* How many bytes have been read from files since fake_begin(). */
size_t fake_bytes_read(void);

#endif
