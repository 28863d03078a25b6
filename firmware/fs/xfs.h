/* XFS: what the parts of its reader share. */
#ifndef FIRMWARE_FS_XFS_H
#define FIRMWARE_FS_XFS_H

#include "firmware/fs/extent.h"
#include "firmware/fs/fs.h"
#include "firmware/fs/xfs_format.h"

struct xfs_state {
	unsigned int block_log;
	unsigned int inode_log;
	unsigned int ag_block_log;
	unsigned int dir_block_log;
	uint32_t ag_blocks;
	uint32_t ag_count;
	uint64_t root_inode;
	bool is_v5;
	bool has_ftype;

	/* The inode that was loaded last; 0: none. */
	uint64_t inode;
	uint16_t mode;
	enum xfs_format format;
	bool is_realtime;
	uint64_t size_bytes;
	uint64_t nr_extents;
	uint64_t fork_at; /* its data fork, in bytes */
	uint32_t fork_len;
	struct fs_extent last; /* the stretch of it that was found last; len 0: none */
};

static inline struct xfs_state *xfs_state(struct fs *fs)
{
	return fs->state;
}

/* Makes this inode the loaded one. */
__attribute__((warn_unused_result)) int xfs_load(struct fs *fs, uint64_t inode);

/* Where a block of the file system lies, in bytes. FW_ECORRUPT if it lies nowhere. */
__attribute__((warn_unused_result)) int xfs_block_at(struct fs *fs, uint64_t block, uint64_t *out);

/* Whether all that was written is where it belongs: the file system was unmounted, or never mounted. */
__attribute__((warn_unused_result)) bool xfs_log_is_clean(struct fs *fs, const struct xfs_super *super);

/* fs_map of a file, directory or link. */
int xfs_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

/* fs_ops->walk. */
int xfs_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg);

#endif
