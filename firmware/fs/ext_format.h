/* What ext2, ext3 and ext4 keep on the disk (Linux, Documentation/filesystems/ext4), as far as a reader needs it. */
#ifndef FIRMWARE_FS_EXT_FORMAT_H
#define FIRMWARE_FS_EXT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/wire.h"

#define EXT_SUPER_OFFSET 1024
#define EXT_MAGIC 0xef53
#define EXT_ROOT_INODE 2

#define EXT_COMPAT_SPARSE_SUPER2 0x0200u
#define EXT_RO_COMPAT_SPARSE_SUPER 0x0001u
#define EXT_INCOMPAT_FILETYPE 0x0002u
#define EXT_INCOMPAT_RECOVER 0x0004u
#define EXT_INCOMPAT_META_BG 0x0010u
#define EXT_INCOMPAT_EXTENTS 0x0040u
#define EXT_INCOMPAT_64BIT 0x0080u
#define EXT_INCOMPAT_MMP 0x0100u
#define EXT_INCOMPAT_FLEX_BG 0x0200u
#define EXT_INCOMPAT_EA_INODE 0x0400u
#define EXT_INCOMPAT_CSUM_SEED 0x2000u
#define EXT_INCOMPAT_LARGEDIR 0x4000u
#define EXT_INCOMPAT_INLINE_DATA 0x8000u
#define EXT_INCOMPAT_ENCRYPT 0x10000u
#define EXT_INCOMPAT_CASEFOLD 0x20000u

struct ext_super {
	le32 inodes_count;
	le32 blocks_count_lo;
	uint8_t skipped0[12];
	le32 first_data_block;
	le32 log_block_size; /* 0: 1 KiB */
	uint8_t skipped1[4];
	le32 blocks_per_group;
	uint8_t skipped2[4];
	le32 inodes_per_group;
	uint8_t skipped3[12];
	le16 magic;
	uint8_t skipped4[18];
	le32 rev_level; /* 0: inodes of 128 bytes, no features */
	uint8_t skipped5[8];
	le16 inode_size;
	uint8_t skipped6[2];
	le32 feature_compat;
	le32 feature_incompat;
	le32 feature_ro_compat;
	uint8_t uuid[16];
	char volume_name[16];
	uint8_t skipped7[72];
	uint8_t journal_uuid[16];
	le32 journal_inum;
	uint8_t skipped8[26];
	le16 desc_size;
	uint8_t skipped9[4];
	le32 first_meta_bg;
	uint8_t skipped10[324];
	le32 backup_bgs[2];
};
_Static_assert(offsetof(struct ext_super, magic) == 0x38, "superblock");
_Static_assert(offsetof(struct ext_super, inode_size) == 0x58, "superblock");
_Static_assert(offsetof(struct ext_super, volume_name) == 0x78, "superblock");
_Static_assert(offsetof(struct ext_super, journal_inum) == 0xe0, "superblock");
_Static_assert(offsetof(struct ext_super, desc_size) == 0xfe, "superblock");
_Static_assert(offsetof(struct ext_super, backup_bgs) == 0x24c, "superblock");

struct ext_group {
	uint8_t skipped0[8];
	le32 inode_table_lo;
	uint8_t skipped1[28];
	le32 inode_table_hi; /* only in descriptors of 64 bytes and more */
};
_Static_assert(offsetof(struct ext_group, inode_table_hi) == 0x28, "group descriptor");

#define EXT_BLOCK_BYTES 60 /* of an inode: its map, a short link's target, or the first of its inline data */
#define EXT_NR_DIRECT 12

#define EXT_INODE_ENCRYPTED 0x00000800u
#define EXT_INODE_EXTENTS 0x00080000u
#define EXT_INODE_INLINE_DATA 0x10000000u

struct ext_inode {
	le16 mode;
	uint8_t skipped0[2];
	le32 size_lo;
	uint8_t skipped1[24];
	le32 flags;
	uint8_t skipped2[4];
	uint8_t block[EXT_BLOCK_BYTES];
	uint8_t skipped3[8];
	le32 size_high;
	uint8_t skipped4[16];
};
_Static_assert(offsetof(struct ext_inode, flags) == 0x20, "inode");
_Static_assert(offsetof(struct ext_inode, block) == 0x28, "inode");
_Static_assert(offsetof(struct ext_inode, size_high) == 0x6c, "inode");
_Static_assert(sizeof(struct ext_inode) == 128, "inode");

/* Behind the inode's first 128 bytes: how many more have fixed fields; then, behind those, extended attributes. */
#define EXT_EXTRA_SIZE_OFFSET 128
#define EXT_XATTR_MAGIC 0xea020000u
#define EXT_XATTR_SYSTEM 7

struct ext_xattr {
	uint8_t name_len;
	uint8_t name_index;
	le16 value_offset; /* from the first entry */
	le32 value_inode;
	le32 value_size;
	le32 hash;
};
_Static_assert(sizeof(struct ext_xattr) == 16, "extended attribute");

#define EXT_EXTENT_MAGIC 0xf30a
#define EXT_EXTENT_MAX_DEPTH 5
#define EXT_EXTENT_MAX_LEN 32768 /* a length above it: allocated, not written, reads as zeroes */

struct ext_extent_header {
	le16 magic;
	le16 entries;
	le16 max;
	le16 depth; /* 0: the entries are extents */
	le32 generation;
};

/* Both kinds of entry have the same size and begin with the same number. */
struct ext_extent_index {
	le32 block;
	le32 leaf_lo;
	le16 leaf_hi;
	uint8_t skipped[2];
};

struct ext_extent {
	le32 block;
	le16 len;
	le16 start_hi;
	le32 start_lo;
};
_Static_assert(sizeof(struct ext_extent_header) == 12, "extent header");
_Static_assert(sizeof(struct ext_extent_index) == 12 && sizeof(struct ext_extent) == 12, "extent entries");

struct ext_dirent {
	le32 inode; /* 0: not in use */
	le16 rec_len;
	uint8_t name_len;
	uint8_t file_type;
};
_Static_assert(sizeof(struct ext_dirent) == 8, "directory entry");

#endif
