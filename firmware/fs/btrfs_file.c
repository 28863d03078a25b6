/* The bytes of btrfs files: in the tree, in a row on the disk, or compressed in pieces of at most 128 KiB. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/core/unpack.h"
#include "firmware/fs/btrfs.h"
#include "firmware/fs/lzo.h"

/* A stretch of a file. */
struct stretch {
	uint64_t begin; /* in the file */
	uint64_t len;
	bool is_hole;
	struct btrfs_file_extent extent; /* unset in a hole */
	struct btrfs_item item; /* where inline bytes are */
};

/* What is at `offset`, or a hole up to what comes behind it. */
static int find_stretch(struct fs *fs, const struct btrfs_tree *tree, uint64_t inode, uint64_t offset,
			struct stretch *out)
{
	const struct btrfs_key key = { inode, BTRFS_EXTENT_DATA, offset };
	struct btrfs_path path;
	struct btrfs_item *item = &out->item;
	int rc = btrfs_search(fs, tree, &key, &path);

	if (rc == 0)
		rc = btrfs_item(fs, &path, item);
	*out = (struct stretch){ .begin = offset, .len = UINT64_MAX - offset, .is_hole = true, .item = *item };
	if (rc == 0 && item->key.object == inode && item->key.type == BTRFS_EXTENT_DATA) {
		bool is_inline;
		uint64_t len;

		if (item->size < BTRFS_INLINE_OFFSET)
			return FW_ECORRUPT;
		rc = source_read(fs->source, item->at, &out->extent,
				 item->size < sizeof(out->extent) ? item->size : sizeof(out->extent));
		if (rc < 0)
			return rc;
		is_inline = out->extent.type == BTRFS_EXTENT_INLINE;
		if (!is_inline && item->size < sizeof(out->extent))
			return FW_ECORRUPT;
		len = is_inline ? le64_get(out->extent.unpacked_len) : le64_get(out->extent.len);
		if (offset - item->key.offset < len) {
			out->begin = item->key.offset;
			out->len = len;
			out->is_hole = !is_inline && (out->extent.type == BTRFS_EXTENT_PREALLOCATED ||
						      le64_get(out->extent.address) == 0);
			return 0;
		}
	}
	if (rc == 0 || rc == FW_ENOENT)
		rc = btrfs_next(fs, &path);
	if (rc == 0)
		rc = btrfs_item(fs, &path, item);
	if (rc == 0 && item->key.object == inode && item->key.type == BTRFS_EXTENT_DATA) {
		if (item->key.offset <= offset)
			return FW_ECORRUPT;
		out->len = item->key.offset - offset;
	}
	return rc == FW_ENOENT ? 0 : rc;
}

/* Pieces, each with its length before it, which does not cross a sector's end; before all of them the length of all. */
static int64_t unpack_lzo(const uint8_t *from, size_t len, uint32_t sector, uint8_t *to, size_t to_size)
{
	size_t at = sizeof(le32);
	size_t done = 0;
	le32 raw;

	if (len < sizeof(raw))
		return FW_ECORRUPT;
	memcpy(&raw, from, sizeof(raw));
	if (le32_get(raw) < len)
		len = le32_get(raw);
	while (done < to_size) {
		int64_t got;

		if (sector - at % sector < sizeof(raw))
			at += sector - at % sector;
		if (at > len || len - at < sizeof(raw))
			break;
		memcpy(&raw, from + at, sizeof(raw));
		at += sizeof(raw);
		if (le32_get(raw) > len - at)
			return FW_ECORRUPT;
		got = lzo_unpack(from + at, le32_get(raw), to + done, to_size - done);
		if (got < 0)
			return got;
		at += le32_get(raw);
		done += got;
	}
	return done;
}

/* Unpacks a whole extent into `to`, which has room for BTRFS_MAX_PACKED bytes, or for all that there are. */
static int unpack(struct fs *fs, const struct stretch *stretch, uint8_t *to)
{
	struct btrfs_state *state = btrfs_state(fs);
	const struct btrfs_file_extent *extent = &stretch->extent;
	bool is_inline = extent->type == BTRFS_EXTENT_INLINE;
	uint64_t packed = is_inline ? stretch->item.size - BTRFS_INLINE_OFFSET : le64_get(extent->packed_len);
	uint64_t unpacked = le64_get(extent->unpacked_len);
	int64_t got;
	int rc;

	if (packed > BTRFS_MAX_PACKED || unpacked > BTRFS_MAX_PACKED)
		return FW_ECORRUPT;
	if (is_inline)
		rc = source_read(fs->source, stretch->item.at + BTRFS_INLINE_OFFSET, state->packed, packed);
	else
		rc = btrfs_read_logical(fs, le64_get(extent->address), state->packed, packed);
	if (rc < 0)
		return rc;
	/* Behind the stream there are zeroes to the sector's end. */
	switch (extent->compression) {
	case BTRFS_ZLIB:
		got = fw_unpack_start(FW_ZLIB, state->packed, packed, to, unpacked);
		break;
	case BTRFS_ZSTD:
		got = fw_unpack_start(FW_ZSTD, state->packed, packed, to, unpacked);
		break;
	case BTRFS_LZO:
		got = unpack_lzo(state->packed, packed, state->sector_size, to, unpacked);
		break;
	default:
		return FW_ENOTSUP;
	}
	if (got < 0)
		return (int)got;
	if ((uint64_t)got > unpacked)
		return FW_ECORRUPT;
	memset(to + got, 0, unpacked - got);
	return 0;
}

/* Reads `len` bytes, `into` a compressed stretch. */
static int read_packed(struct fs *fs, const struct stretch *stretch, uint64_t into, uint8_t *to, size_t len)
{
	struct btrfs_state *state = btrfs_state(fs);
	const struct btrfs_file_extent *extent = &stretch->extent;
	bool is_inline = extent->type == BTRFS_EXTENT_INLINE;
	uint64_t unpacked = le64_get(extent->unpacked_len);
	uint64_t at = is_inline ? stretch->item.at : le64_get(extent->address);
	uint64_t offset = is_inline ? 0 : le64_get(extent->offset);
	int rc;

	if (state->packed == NULL) {
		state->unpacked = arena_alloc(fs->arena, 2 * BTRFS_MAX_PACKED);
		if (state->unpacked == NULL)
			return FW_ENOMEM;
		state->packed = state->unpacked + BTRFS_MAX_PACKED;
	}
	if (offset > unpacked || into > unpacked - offset || len > unpacked - offset - into)
		return FW_ECORRUPT;
	if (offset == 0 && into == 0 && len == unpacked)
		return unpack(fs, stretch, to);
	if (state->unpacked_at != at) {
		state->unpacked_at = 0;
		rc = unpack(fs, stretch, state->unpacked);
		if (rc < 0)
			return rc;
		state->unpacked_at = at;
	}
	memcpy(to, state->unpacked + offset + into, len);
	return 0;
}

static int read_stretch(struct fs *fs, const struct stretch *stretch, uint64_t into, uint8_t *to, size_t len)
{
	const struct btrfs_file_extent *extent = &stretch->extent;

	if (stretch->is_hole) {
		memset(to, 0, len);
		return 0;
	}
	if (extent->encryption != 0 || le16_get(extent->encoding) != 0)
		return FW_ENOTSUP;
	if (extent->compression != BTRFS_PLAIN)
		return read_packed(fs, stretch, into, to, len);
	if (extent->type == BTRFS_EXTENT_INLINE) {
		if (into + len > stretch->item.size - BTRFS_INLINE_OFFSET)
			return FW_ECORRUPT;
		return source_read(fs->source, stretch->item.at + BTRFS_INLINE_OFFSET + into, to, len);
	}
	return btrfs_read_logical(fs, le64_get(extent->address) + le64_get(extent->offset) + into, to, len);
}

int64_t btrfs_read(struct fs *fs, const struct fs_node *file, uint64_t offset, void *buf, size_t len)
{
	const struct btrfs_tree *tree;
	uint8_t *to = buf;
	size_t done = 0;
	int rc;

	if (offset >= file->size_bytes)
		return 0;
	if (len > file->size_bytes - offset)
		len = file->size_bytes - offset;
	rc = btrfs_open_tree(fs, file->extra, &tree);
	while (rc == 0 && done < len) {
		struct stretch stretch;
		uint64_t at = offset + done;
		size_t part = len - done;

		rc = find_stretch(fs, tree, file->id, at, &stretch);
		if (rc < 0)
			break;
		if (part > stretch.len - (at - stretch.begin))
			part = stretch.len - (at - stretch.begin);
		rc = read_stretch(fs, &stretch, at - stretch.begin, to + done, part);
		done += part;
	}
	return rc < 0 ? rc : (int64_t)done;
}
