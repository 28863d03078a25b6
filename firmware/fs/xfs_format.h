/* What XFS keeps on the disk (XFS Algorithms & Data Structures, third edition), as far as a reader needs it. */
#ifndef FIRMWARE_FS_XFS_FORMAT_H
#define FIRMWARE_FS_XFS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/wire.h"

#define XFS_MAGIC 0x58465342u /* "XFSB" */
#define XFS_VERSION_MASK 0x000f
#define XFS_VERSION_DIR2 0x2000
#define XFS_FEATURE2_FTYPE 0x0200u

#define XFS_INCOMPAT_FTYPE 0x01u
#define XFS_INCOMPAT_SPARSE_INODES 0x02u
#define XFS_INCOMPAT_META_UUID 0x04u
#define XFS_INCOMPAT_BIGTIME 0x08u
#define XFS_INCOMPAT_NEEDS_REPAIR 0x10u
#define XFS_INCOMPAT_NREXT64 0x20u
#define XFS_INCOMPAT_EXCHANGE_RANGE 0x40u
#define XFS_INCOMPAT_PARENT 0x80u
#define XFS_INCOMPAT_METADIR 0x100u

struct xfs_super {
	be32 magic;
	be32 block_size;
	uint8_t skipped0[24];
	uint8_t uuid[16];
	be64 log_start;
	be64 root_inode;
	uint8_t skipped1[20];
	be32 ag_blocks;
	be32 ag_count;
	uint8_t skipped2[4];
	be32 log_blocks;
	be16 version;
	be16 sector_size;
	be16 inode_size;
	be16 inodes_per_block;
	char name[12];
	uint8_t block_log;
	uint8_t sector_log;
	uint8_t inode_log;
	uint8_t inodes_per_block_log;
	uint8_t ag_block_log;
	uint8_t skipped3[67];
	uint8_t dir_block_log; /* added to block_log */
	uint8_t skipped4[3];
	be32 log_stripe; /* bytes; 0, 1: none */
	be32 features2;
	uint8_t skipped5[12];
	be32 features_incompat;
};
_Static_assert(offsetof(struct xfs_super, root_inode) == 56, "superblock");
_Static_assert(offsetof(struct xfs_super, ag_blocks) == 84, "superblock");
_Static_assert(offsetof(struct xfs_super, log_blocks) == 96, "superblock");
_Static_assert(offsetof(struct xfs_super, block_log) == 120, "superblock");
_Static_assert(offsetof(struct xfs_super, dir_block_log) == 192, "superblock");
_Static_assert(offsetof(struct xfs_super, log_stripe) == 196, "superblock");
_Static_assert(offsetof(struct xfs_super, features_incompat) == 216, "superblock");

#define XFS_LOG_MAGIC 0xfeedbabeu
#define XFS_LOG_VERSION_2 2u
#define XFS_LOG_UNMOUNT 0x20

/* A record of the log begins with a block, or several, of this; its data follows in blocks, whose first four bytes are
 * the cycle too. */
struct xfs_log_header {
	be32 magic;
	be32 cycle;
	be32 version;
	be32 len; /* of the data, bytes */
	uint8_t skipped0[24];
	be32 nr_operations;
	uint8_t skipped1[276];
	be32 size; /* version 2: the most that a record may have */
};
_Static_assert(offsetof(struct xfs_log_header, nr_operations) == 40, "log record");
_Static_assert(offsetof(struct xfs_log_header, size) == 320, "log record");

struct xfs_log_operation {
	be32 transaction;
	be32 len;
	uint8_t client;
	uint8_t flags;
};

#define XFS_INODE_MAGIC 0x494e /* "IN" */
#define XFS_INODE_SIZE_V2 100 /* to the data fork */
#define XFS_INODE_SIZE_V3 176
#define XFS_INODE_REALTIME 0x0001u
#define XFS_INODE2_NREXT64 0x10u

enum xfs_format {
	XFS_FORMAT_DEVICE,
	XFS_FORMAT_LOCAL,
	XFS_FORMAT_EXTENTS,
	XFS_FORMAT_BTREE,
};

struct xfs_inode {
	be16 magic;
	be16 mode;
	uint8_t version;
	uint8_t format;
	uint8_t skipped0[18];
	be64 nr_extents64; /* with XFS_INODE2_NREXT64 */
	uint8_t skipped1[24];
	be64 size;
	uint8_t skipped2[12];
	be32 nr_extents;
	be16 nr_attr_extents;
	uint8_t fork_offset; /* of the attributes', in 8 bytes; 0: there is none */
	uint8_t skipped3[7];
	be16 flags;
	uint8_t skipped4[28];
	be64 flags2; /* in version 3 */
};
_Static_assert(offsetof(struct xfs_inode, size) == 56, "inode");
_Static_assert(offsetof(struct xfs_inode, fork_offset) == 82, "inode");
_Static_assert(offsetof(struct xfs_inode, flags) == 90, "inode");
_Static_assert(offsetof(struct xfs_inode, flags2) == 120, "inode");

/* 1 bit: not written; 54 bits of file offset, 52 of block number, 21 of length, in blocks. */
struct xfs_extent {
	be64 high;
	be64 low;
};

#define XFS_BTREE_MAGIC 0x424d4150u /* "BMAP" */
#define XFS_BTREE_MAGIC_V5 0x424d4133u /* "BMA3" */
#define XFS_BTREE_HEADER 24
#define XFS_BTREE_HEADER_V5 72
#define XFS_BTREE_MAX_LEVELS 9

/* The root, in the inode, has only what follows the magic. */
struct xfs_btree_header {
	be16 level; /* 0: leaves */
	be16 nr_records;
};

#define XFS_DIR_DATA_MAGIC 0x58443244u /* "XD2D": entries */
#define XFS_DIR_BLOCK_MAGIC 0x58443242u /* "XD2B": entries, and behind them what finds them */
#define XFS_DIR_DATA_MAGIC_V5 0x58444433u /* "XDD3" */
#define XFS_DIR_BLOCK_MAGIC_V5 0x58444233u /* "XDB3" */
#define XFS_DIR_HEADER 16
#define XFS_DIR_HEADER_V5 64
#define XFS_DIR_FREE 0xffff

struct xfs_dir_unused {
	be16 free; /* XFS_DIR_FREE */
	be16 len;
};

struct xfs_dir_entry {
	be64 inode;
	uint8_t name_len;
};
_Static_assert(sizeof(struct xfs_dir_entry) == 9, "directory entry");

struct xfs_dir_tail {
	be32 nr_leaves; /* of 8 bytes, before it */
	be32 nr_stale;
};

#define XFS_LINK_HEADER_V5 56 /* of each block of a link's target */

#endif
