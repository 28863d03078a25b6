/* btrfs: what the parts of its reader share.
 *
 * All but the superblock lies in trees: sorted items, whose keys are an object, a type and an offset. Addresses in them
 * are logical; the chunk tree says where they lie on the device, and where its own blocks lie stands in the superblock.
 */
#ifndef FIRMWARE_FS_BTRFS_H
#define FIRMWARE_FS_BTRFS_H

#include <stdbool.h>

#include "firmware/fs/btrfs_format.h"
#include "firmware/fs/fs.h"

struct btrfs_key {
	uint64_t object;
	uint8_t type;
	uint64_t offset;
};

struct btrfs_tree {
	uint64_t address;
	unsigned int level; /* of its root block */
	bool is_chunk_tree;
};

/* A way from a tree's root block to an item. */
struct btrfs_path {
	struct btrfs_path_node {
		uint64_t at; /* bytes from the beginning of the source */
		uint32_t nr_items;
		int32_t slot; /* -1: before the first */
	} nodes[BTRFS_MAX_LEVELS]; /* 0 is the leaf */
	const struct btrfs_tree *tree;
};

struct btrfs_item {
	struct btrfs_key key;
	uint64_t at; /* its data: bytes from the beginning of the source */
	uint32_t size;
};

/* A stretch of logical addresses that lies on the device in a row. */
struct btrfs_range {
	uint64_t address;
	uint64_t len;
	uint64_t disk_offset;
};

#define BTRFS_NR_RANGES 8

struct btrfs_state {
	uint32_t node_size;
	uint32_t sector_size;
	uint64_t device_id;
	uint64_t nr_devices;
	struct btrfs_tree roots; /* the tree of trees */
	struct btrfs_tree chunks;
	uint64_t default_subvolume; /* a tree's number */
	uint32_t system_chunks_len;
	uint8_t system_chunks[BTRFS_SYSTEM_CHUNKS_MAX];

	struct btrfs_range ranges[BTRFS_NR_RANGES]; /* found last */
	unsigned int next_range;
	uint64_t tree_number; /* of the subvolume that was found last; 0: none */
	struct btrfs_tree tree;
};

static inline struct btrfs_state *btrfs_state(struct fs *fs)
{
	return fs->state;
}

/* Where a logical address lies: the range that holds it. FW_ENOTSUP if that is another device, or striped. */
__attribute__((warn_unused_result)) int btrfs_map(struct fs *fs, uint64_t address, struct btrfs_range *out);

/* The same for blocks of the chunk tree. */
__attribute__((warn_unused_result)) int btrfs_map_system(struct fs *fs, uint64_t address, struct btrfs_range *out);

/* Goes to the last item at or before `key`, or before the first one of the tree. */
__attribute__((warn_unused_result)) int btrfs_search(struct fs *fs, const struct btrfs_tree *tree,
						     const struct btrfs_key *key, struct btrfs_path *path);

/* Goes to the first item at or behind `key`; FW_ENOENT if there is none. */
__attribute__((warn_unused_result)) int btrfs_search_from(struct fs *fs, const struct btrfs_tree *tree,
							  const struct btrfs_key *key, struct btrfs_path *path,
							  struct btrfs_item *out);

/* The item that the path is at; FW_ENOENT before the first. */
__attribute__((warn_unused_result)) int btrfs_item(struct fs *fs, const struct btrfs_path *path,
						   struct btrfs_item *out);

/* Goes to the item behind; FW_ENOENT if there is none. */
__attribute__((warn_unused_result)) int btrfs_next(struct fs *fs, struct btrfs_path *path);

/* -1, 0 or 1, as strcmp(). */
int btrfs_compare(const struct btrfs_key *a, const struct btrfs_key *b);
struct btrfs_key btrfs_key(const struct btrfs_disk_key *key);

/* Finds the tree of a subvolume. */
__attribute__((warn_unused_result)) int btrfs_open_tree(struct fs *fs, uint64_t number, const struct btrfs_tree **out);

/* Finds an inode of a subvolume. */
__attribute__((warn_unused_result)) int btrfs_open_inode(struct fs *fs, uint64_t tree, uint64_t inode,
							 struct fs_node *out);

/* Finds a name in a directory of this tree: where it leads. FW_ENOENT. */
__attribute__((warn_unused_result)) int btrfs_find(struct fs *fs, const struct btrfs_tree *tree, uint64_t inode,
						   uint8_t item_type, const char *name, size_t len,
						   struct btrfs_key *location);

/* As in fs_ops. */
int btrfs_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg);
int btrfs_map_file(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

#endif
