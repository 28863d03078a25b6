/* What btrfs keeps on the disk (btrfs documentation, On-disk Format), as far as a reader needs it. */
#ifndef FIRMWARE_FS_BTRFS_FORMAT_H
#define FIRMWARE_FS_BTRFS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/wire.h"

#define BTRFS_SUPER_OFFSET 65536
#define BTRFS_SYSTEM_CHUNKS_OFFSET 0x32b /* in the superblock */
#define BTRFS_SYSTEM_CHUNKS_MAX 2048
#define BTRFS_LABEL_BYTES 256

#define BTRFS_INCOMPAT_EXTENT_TREE_V2 0x2000u
#define BTRFS_INCOMPAT_RAID_STRIPE_TREE 0x4000u

#define BTRFS_TREE_CHUNKS_OBJECT 256 /* the object that has all chunks */
#define BTRFS_TREE_TOP 5 /* the tree of the top-level subvolume */
#define BTRFS_ROOT_INODE 256 /* of each subvolume */

#define BTRFS_INODE_ITEM 1
#define BTRFS_DIR_ITEM 84
#define BTRFS_DIR_INDEX 96
#define BTRFS_EXTENT_DATA 108
#define BTRFS_ROOT_ITEM 132
#define BTRFS_CHUNK_ITEM 228

struct btrfs_disk_key {
	le64 object;
	uint8_t type;
	le64 offset;
};

struct btrfs_super {
	uint8_t checksum[32];
	uint8_t uuid[16];
	le64 address;
	le64 flags;
	char magic[8];
	le64 generation;
	le64 root;
	le64 chunk_root;
	le64 log_root;
	uint8_t skipped0[24];
	le64 root_dir_object;
	le64 nr_devices;
	le32 sector_size;
	le32 node_size;
	uint8_t skipped1[8];
	le32 system_chunks_len;
	uint8_t skipped2[24];
	le64 incompat;
	le16 checksum_type;
	uint8_t root_level;
	uint8_t chunk_root_level;
	uint8_t log_root_level;
	le64 device_id;
	uint8_t skipped3[90];
	char label[BTRFS_LABEL_BYTES];
};
_Static_assert(offsetof(struct btrfs_super, magic) == 0x40, "superblock");
_Static_assert(offsetof(struct btrfs_super, root_dir_object) == 0x80, "superblock");
_Static_assert(offsetof(struct btrfs_super, system_chunks_len) == 0xa0, "superblock");
_Static_assert(offsetof(struct btrfs_super, incompat) == 0xbc, "superblock");
_Static_assert(offsetof(struct btrfs_super, label) == 0x12b, "superblock");

#define BTRFS_CHUNK_STRIPED 0x1c8u /* RAID0, RAID10, RAID5, RAID6: no device has the bytes in a row */

/* Followed by its stripes. */
struct btrfs_chunk {
	le64 len;
	le64 owner;
	le64 stripe_len;
	le64 type;
	uint8_t skipped[12];
	le16 nr_stripes;
	le16 nr_sub_stripes;
};

struct btrfs_stripe {
	le64 device_id;
	le64 offset;
	uint8_t device_uuid[16];
};
_Static_assert(sizeof(struct btrfs_chunk) == 48 && sizeof(struct btrfs_stripe) == 32, "chunk");

#define BTRFS_MAX_LEVELS 8

/* What a block of a tree begins with. */
struct btrfs_header {
	uint8_t skipped0[48];
	le64 address;
	uint8_t skipped1[40];
	le32 nr_items;
	uint8_t level; /* 0: a leaf */
};
_Static_assert(sizeof(struct btrfs_header) == 101, "tree block");

struct btrfs_pointer {
	struct btrfs_disk_key key;
	le64 address;
	le64 generation;
};

struct btrfs_disk_item {
	struct btrfs_disk_key key;
	le32 offset; /* from the header's end */
	le32 size;
};
_Static_assert(sizeof(struct btrfs_pointer) == 33 && sizeof(struct btrfs_disk_item) == 25, "entries of tree blocks");

struct btrfs_inode {
	uint8_t skipped0[16];
	le64 size;
	uint8_t skipped1[28];
	le32 mode;
};
_Static_assert(offsetof(struct btrfs_inode, mode) == 52, "inode");

struct btrfs_root {
	uint8_t skipped0[176];
	le64 address;
	uint8_t skipped1[54];
	uint8_t level;
};
_Static_assert(offsetof(struct btrfs_root, level) == 238, "root item");

/* Followed by the name. */
struct btrfs_dir {
	struct btrfs_disk_key location;
	le64 generation;
	le16 data_len;
	le16 name_len;
	uint8_t type;
};
_Static_assert(sizeof(struct btrfs_dir) == 30, "directory entry");

#define BTRFS_EXTENT_INLINE 0
#define BTRFS_EXTENT_REGULAR 1
#define BTRFS_EXTENT_PREALLOCATED 2
#define BTRFS_INLINE_OFFSET 21 /* where the bytes begin */

enum btrfs_compression {
	BTRFS_PLAIN,
	BTRFS_ZLIB,
	BTRFS_LZO,
	BTRFS_ZSTD,
};

struct btrfs_file_extent {
	le64 generation;
	le64 unpacked_len;
	uint8_t compression;
	uint8_t encryption;
	le16 encoding;
	uint8_t type;
	/* From here on not in inline extents. */
	le64 address; /* 0: a hole */
	le64 packed_len;
	le64 offset; /* into the unpacked bytes */
	le64 len;
};
_Static_assert(offsetof(struct btrfs_file_extent, address) == BTRFS_INLINE_OFFSET, "file extent");
_Static_assert(sizeof(struct btrfs_file_extent) == 53, "file extent");

#define BTRFS_MAX_PACKED (128u * 1024) /* of a compressed extent, before and after */

#endif
