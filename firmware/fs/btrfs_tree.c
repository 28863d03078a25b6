#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/btrfs.h"

int btrfs_compare(const struct btrfs_key *a, const struct btrfs_key *b)
{
	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return 0;
}

struct btrfs_key btrfs_key(const struct btrfs_disk_key *key)
{
	return (struct btrfs_key){ le64_get(key->object), key->type, le64_get(key->offset) };
}

static size_t stride(unsigned int level)
{
	return level > 0 ? sizeof(struct btrfs_pointer) : sizeof(struct btrfs_disk_item);
}

static uint64_t entry_at(const struct btrfs_path *path, unsigned int level, uint32_t slot)
{
	return path->nodes[level].at + sizeof(struct btrfs_header) + slot * stride(level);
}

static int open_node(struct fs *fs, struct btrfs_path *path, unsigned int level, uint64_t address)
{
	const struct btrfs_state *state = btrfs_state(fs);
	struct btrfs_path_node *node = &path->nodes[level];
	struct btrfs_header header;
	struct btrfs_range range;
	int rc = path->tree->is_chunk_tree ? btrfs_map_system(fs, address, &range) : btrfs_map(fs, address, &range);

	if (rc < 0)
		return rc;
	if (range.len - (address - range.address) < state->node_size)
		return FW_ECORRUPT;
	node->at = range.disk_offset + (address - range.address);
	rc = source_read(fs->source, node->at, &header, sizeof(header));
	if (rc < 0)
		return rc;
	node->nr_items = le32_get(header.nr_items);
	node->slot = 0;
	if (le64_get(header.address) != address || header.level != level ||
	    node->nr_items > (state->node_size - sizeof(header)) / stride(level))
		return FW_ECORRUPT;
	return 0;
}

/* Sets the node's slot to the last entry at or before `key`, or -1. */
static int search_node(struct fs *fs, struct btrfs_path *path, unsigned int level, const struct btrfs_key *key)
{
	struct btrfs_path_node *node = &path->nodes[level];
	uint32_t low = 0;
	uint32_t high = node->nr_items;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct btrfs_disk_key raw;
		struct btrfs_key found;
		int rc = source_read(fs->source, entry_at(path, level, middle), &raw, sizeof(raw));

		if (rc < 0)
			return rc;
		found = btrfs_key(&raw);
		if (btrfs_compare(&found, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	node->slot = (int32_t)low - 1;
	return 0;
}

/* Opens the node below the slot that `level` is at. */
static int open_below(struct fs *fs, struct btrfs_path *path, unsigned int level)
{
	struct btrfs_pointer pointer;
	int rc;

	if ((uint32_t)path->nodes[level].slot >= path->nodes[level].nr_items)
		return FW_ECORRUPT;
	rc = source_read(fs->source, entry_at(path, level, path->nodes[level].slot), &pointer, sizeof(pointer));
	return rc < 0 ? rc : open_node(fs, path, level - 1, le64_get(pointer.address));
}

int btrfs_search(struct fs *fs, const struct btrfs_tree *tree, const struct btrfs_key *key, struct btrfs_path *path)
{
	int rc;

	path->tree = tree;
	if (tree->level >= BTRFS_MAX_LEVELS)
		return FW_ECORRUPT;
	rc = open_node(fs, path, tree->level, tree->address);
	for (unsigned int level = tree->level; rc == 0; level--) {
		rc = search_node(fs, path, level, key);
		if (rc < 0 || level == 0)
			break;
		if (path->nodes[level].slot < 0)
			path->nodes[level].slot = 0;
		rc = open_below(fs, path, level);
	}
	return rc;
}

int btrfs_item(struct fs *fs, const struct btrfs_path *path, struct btrfs_item *out)
{
	const struct btrfs_path_node *leaf = &path->nodes[0];
	uint32_t room = btrfs_state(fs)->node_size - sizeof(struct btrfs_header);
	struct btrfs_disk_item raw;
	int rc;

	if (leaf->slot < 0 || (uint32_t)leaf->slot >= leaf->nr_items)
		return FW_ENOENT;
	rc = source_read(fs->source, entry_at(path, 0, leaf->slot), &raw, sizeof(raw));
	if (rc < 0)
		return rc;
	out->key = btrfs_key(&raw.key);
	out->size = le32_get(raw.size);
	if (le32_get(raw.offset) > room || out->size > room - le32_get(raw.offset))
		return FW_ECORRUPT;
	out->at = leaf->at + sizeof(struct btrfs_header) + le32_get(raw.offset);
	return 0;
}

int btrfs_next(struct fs *fs, struct btrfs_path *path)
{
	unsigned int level = 0;
	int rc = 0;

	/* Up to where there is a next one, and down again. */
	while ((uint32_t)++path->nodes[level].slot >= path->nodes[level].nr_items)
		if (level++ == path->tree->level)
			return FW_ENOENT;
	for (; level > 0 && rc == 0; level--)
		rc = open_below(fs, path, level);
	if (rc == 0 && path->nodes[0].nr_items == 0)
		rc = FW_ECORRUPT;
	return rc;
}

int btrfs_search_from(struct fs *fs, const struct btrfs_tree *tree, const struct btrfs_key *key,
		      struct btrfs_path *path, struct btrfs_item *out)
{
	int rc = btrfs_search(fs, tree, key, path);

	if (rc < 0)
		return rc;
	rc = btrfs_item(fs, path, out);
	if (rc == 0 && btrfs_compare(&out->key, key) >= 0)
		return 0;
	if (rc == 0 || rc == FW_ENOENT)
		rc = btrfs_next(fs, path);
	return rc < 0 ? rc : btrfs_item(fs, path, out);
}
