/* ext2, ext3 and ext4: what the parts of their reader share. */
#ifndef FIRMWARE_FS_EXT_H
#define FIRMWARE_FS_EXT_H

#include "firmware/fs/ext_format.h"
#include "firmware/fs/ext_journal.h"
#include "firmware/fs/extent.h"
#include "firmware/fs/fs.h"

struct ext_state {
	unsigned int block_shift;
	uint32_t block_size;
	uint32_t nr_inodes;
	uint32_t inodes_per_group;
	uint32_t inode_size;
	uint32_t blocks_per_group;
	uint32_t first_data_block;
	uint32_t desc_size;
	uint32_t first_meta_bg;
	uint32_t backup_bgs[2];
	uint32_t compat;
	uint32_t incompat;
	uint32_t ro_compat;
	struct ext_journal journal;

	/* The inode that was loaded last; 0: none. */
	uint32_t inode;
	uint64_t inode_at; /* where it lies, in bytes */
	uint16_t mode;
	uint32_t flags;
	uint64_t size_bytes;
	uint8_t block[EXT_BLOCK_BYTES];
	uint64_t value_at; /* the rest of its inline data, in bytes */
	uint32_t value_len;
	struct fs_extent last; /* the stretch of it that was found last; len 0: none */
	bool is_escaped; /* that one is a block whose copy in the journal is escaped */
};

static inline struct ext_state *ext_state(struct fs *fs)
{
	return fs->state;
}

/* Where the current contents of a block lie, in bytes: on its place, or in the journal. FW_ECORRUPT if the disk ends
 * before. */
__attribute__((warn_unused_result)) int ext_block_at(struct fs *fs, uint64_t block, uint64_t *out);

/* Reads a part of a block of metadata; offset + len is at most the block size. */
__attribute__((warn_unused_result)) int ext_read_block(struct fs *fs, uint64_t block, uint32_t offset, void *buf,
						       size_t len);

/* Makes this inode the loaded one. FW_ECORRUPT if there can't be one of this number, or an error. */
__attribute__((warn_unused_result)) int ext_load(struct fs *fs, uint64_t inode);

/* fs_map of a file, directory or link. */
int ext_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

/* fs_ops->walk. */
int ext_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg);

#endif
