/* squashfs: what the parts of its reader share.
 *
 * Inodes, directories and the table of fragments lie in blocks of metadata, compressed each for itself, that follow
 * each other on the disk. A place in them is a number: the block's address in bytes, and below it 16 bits of offset
 * into what the block unpacks to. */
#ifndef FIRMWARE_FS_SQUASHFS_H
#define FIRMWARE_FS_SQUASHFS_H

#include "firmware/fs/dir.h"
#include "firmware/fs/extent.h"
#include "firmware/fs/fs.h"
#include "firmware/fs/squashfs_format.h"

struct squashfs_state {
	enum fs_codec codec;
	uint32_t block_size;
	uint32_t nr_fragments;
	uint64_t root;
	uint64_t inodes;
	uint64_t directories;
	uint64_t fragments;

	/* The inode that was loaded last. */
	struct fs_node node; /* its id: UINT64_MAX: none */
	uint64_t behind; /* a file's lengths of blocks, a link's target */
	uint64_t block; /* a file's first; a directory's first of metadata, from the table's start */
	uint32_t offset; /* of the directory in that, of a file's end in its fragment */
	uint32_t fragment;
	/* How far the lengths of a file's blocks have been walked: files are read from front to back. */
	uint32_t index; /* of the block whose length is next */
	uint64_t block_at; /* where that one lies */
	uint64_t lengths;
};

static inline struct squashfs_state *squashfs_state(struct fs *fs)
{
	return fs->state;
}

/* Reads metadata, and moves the place behind it. */
__attribute__((warn_unused_result)) int squashfs_read_meta(struct fs *fs, uint64_t *place, void *buf, size_t len);

/* Makes this inode the loaded one; `id` as in struct fs_node, which is the inode's place, from the table's start. */
__attribute__((warn_unused_result)) int squashfs_load(struct fs *fs, uint64_t id);

/* From the type in a directory, or of an inode without extension. */
enum fs_kind squashfs_kind(uint16_t type);

/* fs_ops->walk and fs_ops->map. */
int squashfs_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg);
int squashfs_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

#endif
