/* The bytes of squashfs files: blocks that follow each other on the disk, each of its own length, and for the end, or
 * all of a small file, a part of a fragment, which is a block that several files share. */
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/squashfs.h"

#define MAX_BLOCKS (1u << 20) /* of a file: 4 GiB of the smallest */
#define FRAGMENTS_IN_BLOCK (SQUASHFS_META_BYTES / sizeof(struct squashfs_fragment))

/* What lies at `at`, and how: `word` is its length, and whether it is compressed. */
static int set_place(struct fs *fs, uint64_t at, uint32_t word, struct fs_extent *out)
{
	const struct squashfs_state *state = squashfs_state(fs);
	uint32_t len = word & ~SQUASHFS_BLOCK_PLAIN;

	if (len > state->block_size)
		return FW_ECORRUPT;
	out->disk_offset = at + out->packed_offset;
	if (word & SQUASHFS_BLOCK_PLAIN)
		return out->packed_offset + out->len <= len ? 0 : FW_ECORRUPT;
	out->packed.at = at;
	out->packed.len = len;
	out->packed.codec = state->codec;
	return 0;
}

static int map_fragment(struct fs *fs, struct fs_extent *out)
{
	const struct squashfs_state *state = squashfs_state(fs);
	uint32_t number = state->fragment;
	uint64_t place;
	struct squashfs_fragment fragment;
	le64 block;
	int rc;

	if (number >= state->nr_fragments)
		return FW_ECORRUPT;
	rc = source_read(fs->source, state->fragments + number / FRAGMENTS_IN_BLOCK * sizeof(block), &block,
			 sizeof(block));
	place = le64_get(block) << 16 | number % FRAGMENTS_IN_BLOCK * sizeof(fragment);
	if (rc == 0)
		rc = squashfs_read_meta(fs, &place, &fragment, sizeof(fragment));
	if (rc < 0)
		return rc;
	out->packed_offset = state->offset;
	rc = set_place(fs, le64_get(fragment.start), le32_get(fragment.len), out);
	out->packed.unpacked_len = state->block_size;
	return rc;
}

/* Walks the lengths up to that of block `index`. */
static int find_block(struct fs *fs, uint32_t index, uint32_t *word)
{
	struct squashfs_state *state = squashfs_state(fs);
	uint64_t behind;
	le32 raw;
	int rc;

	if (index < state->index) {
		state->index = 0;
		state->block_at = state->block;
		state->lengths = state->behind;
	}
	for (;; state->index++) {
		behind = state->lengths;
		rc = squashfs_read_meta(fs, &behind, &raw, sizeof(raw));
		if (rc < 0)
			return rc;
		*word = le32_get(raw);
		if (state->index == index)
			return 0;
		state->block_at += *word & ~SQUASHFS_BLOCK_PLAIN;
		state->lengths = behind;
	}
}

int squashfs_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	struct squashfs_state *state = squashfs_state(fs);
	uint64_t index = offset / state->block_size;
	uint64_t left;
	uint32_t word;
	int rc = squashfs_load(fs, node->id);

	if (rc < 0)
		return rc;
	out->file_offset = index * state->block_size;
	out->len = state->block_size;
	left = node->size_bytes - out->file_offset;
	if (left < out->len) {
		out->len = left;
		if (state->fragment != SQUASHFS_NO_FRAGMENT)
			return map_fragment(fs, out);
	}
	if (index >= MAX_BLOCKS)
		return FW_ETOOBIG;
	rc = find_block(fs, (uint32_t)index, &word);
	if (rc < 0)
		return rc;
	out->is_hole = word == 0;
	if (out->is_hole)
		return 0;
	rc = set_place(fs, state->block_at, word, out);
	out->packed.unpacked_len = out->len;
	return rc;
}
