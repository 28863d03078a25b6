/* A file system, read only: what every kind of it can do for the loader.
 *
 * Nothing on the disk is trusted: each function ends, in bounded time and memory, whatever the disk holds. Everything
 * that a file system remembers lies in the arena that it was mounted with.
 *
 * The root of btrfs is its default subvolume; names that are not there are looked up in the top-level one, where the
 * paths of GRUB's configuration begin. */
#ifndef FIRMWARE_FS_FS_H
#define FIRMWARE_FS_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/core/arena.h"
#include "firmware/core/source.h"
#include "firmware/fs/packed.h"

#define FS_LABEL_BYTES 257 /* of a string; btrfs has the longest */
#define FS_UUID_BYTES 37 /* of a string: as blkid prints it, or "ABCD-1234" on FAT */
#define FS_NAME_MAX 255
#define FS_PATH_MAX 1024 /* bytes of a path and of a symbolic link's target, without the NUL */

enum fs_kind {
	FS_FILE,
	FS_DIRECTORY,
	FS_LINK,
	FS_OTHER,
};

/* A file, by what its file system finds it again with. */
struct fs_node {
	uint64_t id; /* inode number, or what serves as one */
	uint64_t extra; /* the file system's own: a tree, a position */
	enum fs_kind kind;
	uint64_t size_bytes;
};

struct fs;
struct fs_entry;
struct fs_extent;

/* One entry of a directory, without "." and "..". Nonzero ends the listing, which returns it. */
typedef int (*fs_visit)(void *arg, const char *name, size_t len, enum fs_kind kind);

/* An entry as the file system has it (dir.h), "." and ".." too. Nonzero ends the walk, which returns it. */
typedef int (*fs_each)(void *arg, const struct fs_entry *entry);

struct fs_ops {
	const char *name; /* "ext4", "vfat", "xfs", "btrfs", "erofs", "squashfs", as grub.cfg and fstab have it */
	/* Whether `source` holds one: 1 with `fs` filled (ops and source are set by the caller), 0 if it holds
	 * something else, or an error: one of this kind, that can't be read (said why with print()). */
	int (*mount)(struct fs *fs);
	/* As the names say: 0 (`read`: the number of bytes, short only at the end of the file) or an error. */
	int (*root)(struct fs *fs, struct fs_node *out);
	int (*lookup)(struct fs *fs, const struct fs_node *directory, const char *name, size_t len,
		      struct fs_node *out);
	int (*list)(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg);
	/* The target, with a NUL behind. At most FS_PATH_MAX bytes. */
	int (*read_link)(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1]);
	int64_t (*read)(struct fs *fs, const struct fs_node *file, uint64_t offset, void *buf, size_t len);

	/* What functions are made of that several kinds share; NULL in a kind that uses none of them. */

	/* dir.h: calls `each` for all entries of a directory, from the first on; and opens what an entry leads to. */
	int (*walk)(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg);
	int (*open)(struct fs *fs, uint64_t id, struct fs_node *out);
	/* extent.h: finds the stretch that holds `offset`, which is inside the file, or an error. It may end before its
	 * neighbour on the disk begins. `out` is zero before. */
	int (*map)(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);
};

struct fs {
	const struct fs_ops *ops;
	struct source *source;
	struct arena *arena;
	char uuid[FS_UUID_BYTES]; /* lower case, "" if it has none */
	char label[FS_LABEL_BYTES]; /* "" if it has none */
	bool has_log; /* it was not unmounted, and what was written last stands in a log that is not read */
	void *state; /* the file system's own */
	struct fs_unpacker unpacker; /* if parts of it are compressed */
};

/* All kinds, ended by NULL, in the order to try them. */
extern const struct fs_ops *const fs_all[];

/* Finds out what `source` holds and mounts it: 1, 0 if no kind knows it, or an error. */
__attribute__((warn_unused_result)) int fs_mount(struct source *source, struct arena *arena, struct fs *out);

/* What fs_ops->mount begins with: makes room for the file system's state, zeroed, and reads the `len` bytes of its
 * superblock. 1, 0 if the source ends before, or an error. */
__attribute__((warn_unused_result)) int fs_read_super(struct fs *fs, size_t state_bytes, uint64_t at, void *super,
						      size_t len);

/* Walks an absolute path, "/" or "." and ".." and repeated slashes included, through symbolic links, at most 40 of
 * them, the last component's too. 0, FW_ENOENT, FW_ELOOP or another error. Not below another file system's mount point:
 * a caller who knows of /boot on another one asks that. */
__attribute__((warn_unused_result)) int fs_open(struct fs *fs, const char *path, struct fs_node *out);

/* The same, but the last component's own link is not followed. */
__attribute__((warn_unused_result)) int fs_open_no_follow(struct fs *fs, const char *path, struct fs_node *out);

/* Reads a whole file of at most `max` bytes into the arena, with a NUL behind; its length, FW_ETOOBIG or an error. */
__attribute__((warn_unused_result)) int64_t fs_read_file(struct fs *fs, const char *path, size_t max, char **out);

#endif
