/* Where the bytes of erofs files lie that are not compressed: in a row, in chunks, or behind the inode. */
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/erofs.h"

static int map_flat(const struct erofs_state *state, uint64_t offset, struct fs_extent *out)
{
	uint64_t tail = state->node.size_bytes;

	if (state->layout == EROFS_FLAT_TAIL)
		tail = (state->node.size_bytes - 1) & ~(uint64_t)(state->block_size - 1);
	out->len = tail;
	out->disk_offset = (uint64_t)state->block << state->block_log;
	if (offset >= tail) {
		out->file_offset = tail;
		out->len = state->node.size_bytes - tail;
		out->disk_offset = state->behind;
	}
	return 0;
}

static int map_chunk(struct fs *fs, uint64_t offset, struct fs_extent *out)
{
	const struct erofs_state *state = erofs_state(fs);
	unsigned int log = state->block_log + (state->block & EROFS_CHUNK_LOG);
	bool has_indexes = state->block & EROFS_CHUNK_INDEXES;
	unsigned int size = has_indexes ? sizeof(struct erofs_chunk) : sizeof(le32);
	uint64_t number = offset >> log;
	uint64_t at = ((state->behind + size - 1) & ~(uint64_t)(size - 1)) + number * size;
	struct erofs_chunk chunk = { .device = { { 0 } } };
	int rc;

	if ((state->block & 0xffff) > (EROFS_CHUNK_LOG | EROFS_CHUNK_INDEXES))
		return FW_ENOTSUP;
	if (has_indexes)
		rc = source_read(fs->source, at, &chunk, sizeof(chunk));
	else
		rc = source_read(fs->source, at, &chunk.block, sizeof(chunk.block));
	if (rc < 0)
		return rc;
	out->file_offset = number << log;
	out->len = UINT64_C(1) << log;
	out->disk_offset = (uint64_t)le32_get(chunk.block) << state->block_log;
	out->is_hole = le32_get(chunk.block) == EROFS_NO_BLOCK;
	return out->is_hole || le16_get(chunk.device) == 0 ? 0 : FW_ENOTSUP;
}

int erofs_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	int rc = erofs_load(fs, node->id);

	if (rc < 0)
		return rc;
	switch (erofs_state(fs)->layout) {
	case EROFS_FLAT:
	case EROFS_FLAT_TAIL:
		return map_flat(erofs_state(fs), offset, out);
	case EROFS_PACKED:
	case EROFS_PACKED_COMPACT:
		return erofs_map_packed(fs, offset, out);
	case EROFS_CHUNKS:
		return map_chunk(fs, offset, out);
	default:
		return FW_ENOTSUP;
	}
}
