#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/xfs.h"

#define MAX_RUN (1ull << 32) /* blocks at once: their bytes fit into 64 bits */

/* Sorted records, or keys with pointers, as they lie on the disk. */
struct level {
	uint64_t records;
	uint64_t pointers;
	uint32_t nr;
	unsigned int depth; /* 0: records */
};

static uint64_t file_block(const struct level *level, be64 key)
{
	return level->depth > 0 ? be64_get(key) : (be64_get(key) & ~(1ull << 63)) >> 9;
}

/* The last that begins at or before `logical`: its index or -1. Lowers *end to where the next begins. */
static int search(struct fs *fs, const struct level *level, uint64_t logical, int64_t *found, uint64_t *end)
{
	uint32_t stride = level->depth > 0 ? sizeof(be64) : sizeof(struct xfs_extent);
	uint32_t low = 0;
	uint32_t high = level->nr;

	*found = -1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint64_t begin;
		be64 key;
		int rc = source_read(fs->source, level->records + (uint64_t)middle * stride, &key, sizeof(key));

		if (rc < 0)
			return rc;
		begin = file_block(level, key);
		if (begin <= logical) {
			*found = middle;
			low = middle + 1;
		} else {
			if (begin < *end)
				*end = begin;
			high = middle;
		}
	}
	return 0;
}

/* What lies in a block of the tree, or in the fork: `room` bytes behind a header. */
static int open_level(struct level *level, const struct xfs_btree_header *header, uint64_t at, uint32_t room)
{
	uint32_t max = room / 16; /* a record, or a key and a pointer */

	level->depth = be16_get(header->level);
	level->nr = be16_get(header->nr_records);
	level->records = at;
	level->pointers = at + max * sizeof(be64);
	return level->nr <= max ? 0 : FW_ECORRUPT;
}

static int open_root(struct fs *fs, struct level *level)
{
	const struct xfs_state *state = xfs_state(fs);
	struct xfs_btree_header header;
	int rc;

	if (state->format == XFS_FORMAT_EXTENTS) {
		*level = (struct level){ .records = state->fork_at, .nr = state->nr_extents };
		return state->nr_extents <= state->fork_len / sizeof(struct xfs_extent) ? 0 : FW_ECORRUPT;
	}
	if (state->format != XFS_FORMAT_BTREE || state->fork_len < sizeof(header))
		return FW_ECORRUPT;
	rc = source_read(fs->source, state->fork_at, &header, sizeof(header));
	if (rc == 0)
		rc = open_level(level, &header, state->fork_at + sizeof(header), state->fork_len - sizeof(header));
	if (rc == 0 && (level->depth == 0 || level->depth > XFS_BTREE_MAX_LEVELS))
		rc = FW_ECORRUPT;
	return rc;
}

/* Goes down from an entry. */
static int open_below(struct fs *fs, struct level *level, uint32_t index)
{
	const struct xfs_state *state = xfs_state(fs);
	uint32_t header_len = state->is_v5 ? XFS_BTREE_HEADER_V5 : XFS_BTREE_HEADER;
	unsigned int depth = level->depth;
	struct {
		be32 magic;
		struct xfs_btree_header header;
	} block;
	uint64_t at;
	be64 pointer;
	int rc =
		source_read(fs->source, level->pointers + (uint64_t)index * sizeof(pointer), &pointer, sizeof(pointer));

	if (rc == 0)
		rc = xfs_block_at(fs, be64_get(pointer), &at);
	if (rc == 0)
		rc = source_read(fs->source, at, &block, sizeof(block));
	if (rc < 0)
		return rc;
	if (be32_get(block.magic) != (state->is_v5 ? XFS_BTREE_MAGIC_V5 : XFS_BTREE_MAGIC))
		return FW_ECORRUPT;
	rc = open_level(level, &block.header, at + header_len, (1u << state->block_log) - header_len);
	return rc == 0 && level->depth != depth - 1 ? FW_ECORRUPT : rc;
}

static int map_blocks(struct fs *fs, uint64_t logical, struct fs_extent *out)
{
	unsigned int log = xfs_state(fs)->block_log;
	uint64_t end = logical + MAX_RUN;
	struct xfs_extent record;
	struct level level;
	int64_t found = -1;
	int rc = open_root(fs, &level);

	while (rc == 0) {
		rc = search(fs, &level, logical, &found, &end);
		if (rc < 0 || found < 0 || level.depth == 0)
			break;
		rc = open_below(fs, &level, found);
	}
	if (rc < 0)
		return rc;
	*out = (struct fs_extent){ .file_offset = logical << log, .is_hole = true };
	if (found >= 0) {
		uint64_t into;
		uint64_t nr;

		rc = source_read(fs->source, level.records + (uint64_t)found * sizeof(record), &record, sizeof(record));
		if (rc < 0)
			return rc;
		into = logical - file_block(&level, record.high);
		nr = be64_get(record.low) & 0x1fffff;
		if (into < nr) {
			end = logical + (nr - into);
			out->is_hole = be64_get(record.high) >> 63; /* not written */
			rc = xfs_block_at(fs, (be64_get(record.high) & 0x1ff) << 43 | be64_get(record.low) >> 21,
					  &out->disk_offset);
			out->disk_offset += into << log;
		}
	}
	out->len = (end - logical) << log;
	return rc;
}

int xfs_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	struct xfs_state *state = xfs_state(fs);
	int rc = xfs_load(fs, node->id);

	if (rc < 0)
		return rc;
	if (state->format == XFS_FORMAT_LOCAL) {
		*out = (struct fs_extent){ .len = state->fork_len, .disk_offset = state->fork_at };
		return 0;
	}
	if (state->is_realtime)
		return FW_ENOTSUP;
	if (offset < state->last.file_offset || offset - state->last.file_offset >= state->last.len) {
		rc = map_blocks(fs, offset >> state->block_log, &state->last);
		if (rc < 0)
			state->last.len = 0;
	}
	*out = state->last;
	return rc;
}
