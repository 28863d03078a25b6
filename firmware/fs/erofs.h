/* erofs: what the parts of its reader share.
 *
 * Inodes lie in a row of units of 32 bytes and are numbered by them. Behind an inode come its extended attributes, and
 * behind those the end of its bytes, or where they lie. */
#ifndef FIRMWARE_FS_EROFS_H
#define FIRMWARE_FS_EROFS_H

#include "firmware/fs/dir.h"
#include "firmware/fs/erofs_format.h"
#include "firmware/fs/extent.h"
#include "firmware/fs/fs.h"

struct erofs_state {
	unsigned int block_log;
	uint32_t block_size;
	uint64_t meta; /* where inode 0 would lie, in bytes */
	uint64_t root;

	/* The inode that was loaded last. */
	struct fs_node node; /* its id: UINT64_MAX: none */
	enum erofs_layout layout;
	uint32_t block; /* or the chunks' format */
	uint64_t behind; /* where its attributes end, in bytes */
	/* If it is compressed. */
	struct erofs_packed_header header;
	uint64_t index; /* what follows the header */
	uint64_t nr_blocks; /* of the file */
	uint64_t index_end; /* behind the pack of the index that was read last */
};

static inline struct erofs_state *erofs_state(struct fs *fs)
{
	return fs->state;
}

/* Makes this inode the loaded one. */
__attribute__((warn_unused_result)) int erofs_load(struct fs *fs, uint64_t inode);

/* fs_ops->walk and fs_ops->map. */
int erofs_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg);
int erofs_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

/* Of a compressed file: what erofs_load() does for its index, and erofs_map() once it is loaded. */
__attribute__((warn_unused_result)) int erofs_open_index(struct fs *fs);
__attribute__((warn_unused_result)) int erofs_map_packed(struct fs *fs, uint64_t offset, struct fs_extent *out);

#endif
