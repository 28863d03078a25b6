/* What squashfs 4.0 keeps on the disk (Linux, fs/squashfs/squashfs_fs.h), as far as a reader needs it. */
#ifndef FIRMWARE_FS_SQUASHFS_FORMAT_H
#define FIRMWARE_FS_SQUASHFS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/wire.h"

#define SQUASHFS_MAGIC UINT32_C(0x73717368)
#define SQUASHFS_META_BYTES 8192 /* of a block of metadata, unpacked */
#define SQUASHFS_META_PLAIN 0x8000 /* in the length before it: it is not compressed */
#define SQUASHFS_BLOCK_PLAIN (UINT32_C(1) << 24) /* the same in the length of a block or fragment */
#define SQUASHFS_MIN_BLOCK_LOG 12
#define SQUASHFS_MAX_BLOCK_LOG 20
#define SQUASHFS_NO_FRAGMENT UINT32_MAX

struct squashfs_super {
	le32 magic;
	le32 nr_inodes;
	le32 time;
	le32 block_size;
	le32 nr_fragments;
	le16 compression; /* enum fs_codec */
	le16 block_log;
	le16 flags;
	le16 nr_ids;
	le16 major;
	le16 minor;
	le64 root; /* a reference to an inode: its block, from the table's start, and 16 bits of offset in it */
	le64 size_bytes;
	le64 ids;
	le64 xattrs;
	le64 inodes; /* where the tables begin */
	le64 directories;
	le64 fragments;
	le64 exports;
};
_Static_assert(sizeof(struct squashfs_super) == 96, "superblock");

enum squashfs_type {
	SQUASHFS_DIRECTORY = 1,
	SQUASHFS_FILE,
	SQUASHFS_LINK,
	SQUASHFS_EXTENDED = 7, /* added to them: inodes with more fields */
};

/* What all inodes begin with. */
struct squashfs_inode {
	le16 type;
	le16 mode;
	le16 uid;
	le16 gid;
	le32 time;
	le32 number;
};

/* What follows, by type. */
struct squashfs_directory {
	le32 block; /* of its listing, from the table's start */
	le32 nr_links;
	le16 size; /* of the listing, and 3 */
	le16 offset;
	le32 parent;
};

struct squashfs_directory_extended {
	le32 nr_links;
	le32 size;
	le32 block;
	le32 parent;
	le16 nr_indexes;
	le16 offset;
	le32 xattr;
};

/* Behind both: a length for each block, 32 bits. */
struct squashfs_file {
	le32 start;
	le32 fragment;
	le32 offset; /* in the fragment */
	le32 size;
};

struct squashfs_file_extended {
	le64 start;
	le64 size;
	le64 sparse;
	le32 nr_links;
	le32 fragment;
	le32 offset;
	le32 xattr;
};

/* Behind it: the target. */
struct squashfs_link {
	le32 nr_links;
	le32 size;
};

/* Before entries whose inodes are in the same block. */
struct squashfs_dir_header {
	le32 count; /* less one */
	le32 block;
	le32 number;
};

struct squashfs_dir_entry {
	le16 offset;
	le16 number;
	le16 type;
	le16 name_len; /* less one */
};

struct squashfs_fragment {
	le64 start;
	le32 len;
	le32 unused;
};

_Static_assert(sizeof(struct squashfs_inode) == 16 && sizeof(struct squashfs_directory) == 16, "inodes");
_Static_assert(sizeof(struct squashfs_directory_extended) == 24 && sizeof(struct squashfs_file) == 16, "inodes");
_Static_assert(sizeof(struct squashfs_file_extended) == 40 && sizeof(struct squashfs_fragment) == 16, "inodes");

#endif
