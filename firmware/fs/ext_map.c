#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/fs/ext.h"

/* A stretch of blocks. */
struct run {
	uint64_t logical;
	uint64_t nr;
	uint64_t block; /* 0: a hole */
};

/* A node of the extent tree: in the inode, or a block. */
struct node {
	uint64_t block; /* 0: in the inode */
	uint32_t nr_entries;
	uint32_t depth;
};

static int read_node(struct fs *fs, const struct node *node, size_t offset, void *buf, size_t len)
{
	if (node->block != 0)
		return ext_read_block(fs, node->block, offset, buf, len);
	memcpy(buf, ext_state(fs)->block + offset, len);
	return 0;
}

static int open_node(struct fs *fs, struct node *node)
{
	size_t size = node->block != 0 ? ext_state(fs)->block_size : EXT_BLOCK_BYTES;
	struct ext_extent_header header;
	int rc = read_node(fs, node, 0, &header, sizeof(header));

	if (rc < 0)
		return rc;
	node->nr_entries = le16_get(header.entries);
	node->depth = le16_get(header.depth);
	if (le16_get(header.magic) != EXT_EXTENT_MAGIC ||
	    node->nr_entries > (size - sizeof(header)) / sizeof(struct ext_extent))
		return FW_ECORRUPT;
	return 0;
}

static int read_entry(struct fs *fs, const struct node *node, uint32_t i, struct ext_extent *out)
{
	return read_node(fs, node, sizeof(struct ext_extent_header) + i * sizeof(*out), out, sizeof(*out));
}

/* The last entry that begins at or before `logical`: *found, or -1 if all begin behind it. Lowers run->nr, the first
 * block that is none of what was found, to where the entry after that begins. */
static int search_node(struct fs *fs, const struct node *node, uint32_t logical, int *found, struct ext_extent *out,
		       struct run *run)
{
	uint32_t low = 0;
	uint32_t high = node->nr_entries;

	*found = -1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct ext_extent entry;
		int rc = read_entry(fs, node, middle, &entry);

		if (rc < 0)
			return rc;
		if (le32_get(entry.block) <= logical) {
			*found = (int)middle;
			*out = entry;
			low = middle + 1;
		} else {
			if (le32_get(entry.block) < run->nr)
				run->nr = le32_get(entry.block);
			high = middle;
		}
	}
	return 0;
}

static int map_extents(struct fs *fs, uint32_t logical, struct run *run)
{
	struct node node = { .block = 0 };
	struct ext_extent entry;
	uint64_t end;
	int found = -1;
	int rc = open_node(fs, &node);

	if (rc == 0 && node.depth > EXT_EXTENT_MAX_DEPTH)
		rc = FW_ECORRUPT;
	*run = (struct run){ .logical = logical, .nr = 1ull << 32 };
	while (rc == 0) {
		uint32_t depth = node.depth;
		struct ext_extent_index index;

		rc = search_node(fs, &node, logical, &found, &entry, run);
		if (rc < 0 || depth == 0 || found < 0)
			break;
		memcpy(&index, &entry, sizeof(index));
		node.block = le32_get(index.leaf_lo) | (uint64_t)le16_get(index.leaf_hi) << 32;
		if (node.block == 0)
			return FW_ECORRUPT;
		rc = open_node(fs, &node);
		if (rc == 0 && node.depth != depth - 1)
			rc = FW_ECORRUPT;
	}
	if (rc < 0)
		return rc;
	end = run->nr;
	run->nr = end - logical;
	if (found >= 0) {
		uint32_t into = logical - le32_get(entry.block);
		uint32_t len = le16_get(entry.len);
		bool is_written = len <= EXT_EXTENT_MAX_LEN;

		if (!is_written)
			len -= EXT_EXTENT_MAX_LEN;
		if (into < len) {
			run->nr = len - into;
			if (is_written)
				run->block =
					(le32_get(entry.start_lo) | (uint64_t)le16_get(entry.start_hi) << 32) + into;
		}
	}
	return 0;
}

/* The map of ext2: block numbers, and blocks of them, to three levels. */
static int map_blocks(struct fs *fs, uint32_t logical, struct run *run)
{
	const struct ext_state *state = ext_state(fs);
	unsigned int bits = state->block_shift - 2; /* block numbers in a block */
	unsigned int level = 0;
	uint64_t index = logical;
	le32 pointer;

	if (index >= EXT_NR_DIRECT) {
		index -= EXT_NR_DIRECT;
		for (level = 1; level <= 3 && index >> (bits * level) != 0; level++)
			index -= 1ull << (bits * level);
		if (level > 3)
			return FW_ECORRUPT;
	}
	memcpy(&pointer, state->block + 4 * (level == 0 ? index : EXT_NR_DIRECT - 1 + level), sizeof(pointer));
	while (level > 0 && le32_get(pointer) != 0) {
		uint32_t at;
		int rc;

		level--;
		at = (index >> (bits * level)) & ((1u << bits) - 1);
		rc = ext_read_block(fs, le32_get(pointer), at * sizeof(pointer), &pointer, sizeof(pointer));
		if (rc < 0)
			return rc;
	}
	/* A pointer that is missing above the last level is a hole for all that it would lead to. */
	run->logical = logical;
	run->block = le32_get(pointer);
	run->nr = (1ull << (bits * level)) - (level > 0 ? index & ((1ull << (bits * level)) - 1) : 0);
	return 0;
}

/* Bytes inside the inode, and behind them those in its attribute. */
static int map_inline(struct fs *fs, uint64_t offset, struct fs_extent *out)
{
	const struct ext_state *state = ext_state(fs);

	if (offset < EXT_BLOCK_BYTES)
		*out = (struct fs_extent){ .len = EXT_BLOCK_BYTES,
					   .disk_offset = state->inode_at + offsetof(struct ext_inode, block) };
	else
		*out = (struct fs_extent){ .file_offset = EXT_BLOCK_BYTES,
					   .len = state->value_len,
					   .disk_offset = state->value_at };
	return 0;
}

/* Leads a run to where its blocks are now: cuts it where one is in the journal. */
static int place(struct fs *fs, struct run *run, uint64_t *at)
{
	struct ext_state *state = ext_state(fs);
	uint64_t nr_blocks = fs->source->size_bytes >> state->block_shift;
	uint64_t copy;
	bool escaped;

	if (run->block >= nr_blocks || run->nr > nr_blocks - run->block)
		return FW_ECORRUPT;
	if (state->journal.table == NULL) {
		*at = run->block << state->block_shift;
		return 0;
	}
	for (uint64_t i = 1; i < run->nr; i++)
		if (i >= 1024 || ext_journal_find(&state->journal, run->block + i, &copy, &escaped))
			run->nr = i;
	if (ext_journal_find(&state->journal, run->block, &copy, &escaped)) {
		run->nr = 1;
		state->is_escaped = escaped;
	}
	return ext_block_at(fs, run->block, at);
}

int ext_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	struct ext_state *state = ext_state(fs);
	uint64_t logical = offset >> state->block_shift;
	struct run run = { .nr = 0 };
	int rc = ext_load(fs, node->id);

	if (rc < 0)
		return rc;
	if (offset >= state->last.file_offset && offset - state->last.file_offset < state->last.len) {
		*out = state->last;
		return 0;
	}
	if (state->flags & EXT_INODE_ENCRYPTED)
		return FW_ENOTSUP;
	if ((state->flags & EXT_INODE_INLINE_DATA) || (node->kind == FS_LINK && node->size_bytes < EXT_BLOCK_BYTES))
		return map_inline(fs, offset, out);
	if (logical > UINT32_MAX)
		return FW_ECORRUPT;
	rc = state->flags & EXT_INODE_EXTENTS ? map_extents(fs, logical, &run) : map_blocks(fs, logical, &run);
	if (rc < 0)
		return rc;
	state->is_escaped = false;
	*out = (struct fs_extent){ .file_offset = logical << state->block_shift, .is_hole = run.block == 0 };
	if (run.block != 0)
		rc = place(fs, &run, &out->disk_offset);
	out->len = run.nr << state->block_shift;
	if (rc == 0)
		state->last = *out;
	return rc;
}
