/* What erofs keeps on the disk (Linux, fs/erofs/erofs_fs.h), as far as a reader needs it. */
#ifndef FIRMWARE_FS_EROFS_FORMAT_H
#define FIRMWARE_FS_EROFS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/wire.h"

#define EROFS_SUPER_OFFSET 1024
#define EROFS_MAGIC UINT32_C(0xe0f5e1e2)
#define EROFS_COMPAT_CHECKSUM 0x1u
#define EROFS_INCOMPAT_PADDING 0x1u /* before a compressed stream rather than behind it */
#define EROFS_INCOMPAT_ALGORITHMS 0x2u /* the superblock says which there are */
#define EROFS_INCOMPAT_CHUNKS 0x4u
#define EROFS_INCOMPAT_DEVICES 0x8u /* chunks on others; and a second algorithm in a file */
#define EROFS_INCOMPAT_TAILS 0x10u /* compressed ends of files next to the inode */
#define EROFS_INCOMPAT_FRAGMENTS 0x20u /* ends of files in another file */
#define EROFS_INCOMPAT_PREFIXES 0x40u /* in names of attributes */

#define EROFS_INODE_UNIT 32 /* inodes are numbered by where they lie */
#define EROFS_INODE_EXTENDED 64
#define EROFS_XATTR_HEADER 12
#define EROFS_NO_BLOCK UINT32_MAX /* a hole */

struct erofs_super {
	le32 magic;
	le32 checksum;
	le32 compat;
	uint8_t block_log;
	uint8_t nr_extensions;
	le16 root;
	le64 nr_inodes;
	le64 time;
	le32 time_ns;
	le32 nr_blocks;
	le32 meta_block; /* where inodes are counted from */
	le32 xattr_block;
	uint8_t uuid[16];
	char label[16];
	le32 incompat;
	le16 algorithms; /* a bit for each enum erofs_algorithm */
};
_Static_assert(offsetof(struct erofs_super, algorithms) == 84, "superblock");

/* Bits 1 to 3 of an inode's format; bit 0: it is an extended one. */
enum erofs_layout {
	EROFS_FLAT,
	EROFS_PACKED, /* compressed, an index of 8 bytes a block */
	EROFS_FLAT_TAIL, /* the last block stands behind the inode */
	EROFS_PACKED_COMPACT, /* compressed, an index of 2 or 4 bytes a block */
	EROFS_CHUNKS,
};

/* What both forms of inode begin with, but that the size has 32 bits in the shorter. */
struct erofs_inode {
	le16 format;
	le16 nr_xattrs;
	le16 mode;
	le16 nr_links;
	le64 size;
	union {
		le32 block; /* if it is flat */
		le16 chunk_format;
	};
};
_Static_assert(sizeof(struct erofs_inode) == 20, "inode");

#define EROFS_CHUNK_LOG 0x1f /* of its blocks, in a chunk format */
#define EROFS_CHUNK_INDEXES 0x20 /* of 8 bytes rather than 4 */

struct erofs_chunk {
	le16 advise;
	le16 device;
	le32 block;
};

struct erofs_dirent {
	le64 inode;
	le16 name_offset; /* from the block's beginning; the first one's says how many entries there are */
	uint8_t type;
	uint8_t reserved;
};
_Static_assert(sizeof(struct erofs_dirent) == 12, "directory entry");

/* Before the index of a compressed file, 8-byte aligned. */
struct erofs_packed_header {
	le16 reserved;
	le16 tail_len; /* compressed */
	le16 advise;
	uint8_t algorithms; /* of EROFS_HEAD; of EROFS_HEAD_2 in the upper four bits */
	uint8_t cluster; /* log of its blocks */
};

#define EROFS_ADVISE_2_BYTES 0x1u /* compact indexes of 2 bytes, where they are aligned */
#define EROFS_ADVISE_LARGE 0x6u /* compressed extents may have several blocks */
#define EROFS_ADVISE_TAIL 0x8u /* the last extent stands behind the index */

enum erofs_algorithm {
	EROFS_LZ4,
	EROFS_LZMA,
	EROFS_DEFLATE,
	EROFS_ZSTD,
};

/* Of a block of the file, in its index. */
enum erofs_cluster_type {
	EROFS_PLAIN, /* an extent that is not compressed begins in it */
	EROFS_HEAD, /* a compressed one begins in it */
	EROFS_INNER, /* none begins in it */
	EROFS_HEAD_2,
};

#define EROFS_NR_BLOCKS 0x800u /* set in an EROFS_INNER behind a head: how many blocks the compressed extent has */

struct erofs_index {
	le16 type; /* in the lowest two bits */
	le16 offset; /* in the block, of the extent's first byte */
	union {
		le32 block; /* of a head: where the extent lies */
		le16 distance; /* of an EROFS_INNER: back to its head, or EROFS_NR_BLOCKS */
	};
};
_Static_assert(sizeof(struct erofs_index) == 8, "index");

#endif
