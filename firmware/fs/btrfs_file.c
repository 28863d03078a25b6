/* The bytes of btrfs files: in the tree, in a row on the disk, or compressed in parts of at most 128 KiB. */
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/btrfs.h"
#include "firmware/fs/extent.h"

/* Where the bytes of an extent lie, `into` them: how many of `len` lie there in a row, or an error. */
static int64_t map_address(struct fs *fs, const struct btrfs_file_extent *extent, uint64_t into, uint64_t len,
			   uint64_t *disk_offset)
{
	uint64_t address = le64_get(extent->address) + into;
	struct btrfs_range range;
	int rc = btrfs_map(fs, address, &range);

	if (rc < 0)
		return rc;
	*disk_offset = range.disk_offset + (address - range.address);
	range.len -= address - range.address;
	return len < range.len ? len : range.len;
}

/* A compressed extent. */
static int map_packed(struct fs *fs, const struct btrfs_item *item, const struct btrfs_file_extent *extent,
		      struct fs_extent *out)
{
	static const uint8_t codecs[] = { [BTRFS_ZLIB] = FS_ZLIB, [BTRFS_LZO] = FS_LZO, [BTRFS_ZSTD] = FS_ZSTD };
	bool is_inline = extent->type == BTRFS_EXTENT_INLINE;
	uint64_t len = is_inline ? item->size - BTRFS_INLINE_OFFSET : le64_get(extent->packed_len);
	uint64_t unpacked_len = le64_get(extent->unpacked_len);
	int64_t got = len;

	if (extent->compression >= sizeof(codecs))
		return FW_ENOTSUP;
	if (len > BTRFS_MAX_PACKED || unpacked_len > BTRFS_MAX_PACKED)
		return FW_ECORRUPT;
	out->packed.at = out->disk_offset;
	out->packed.len = len;
	out->packed.unpacked_len = unpacked_len;
	out->packed.codec = codecs[extent->compression];
	out->packed.sector_bytes = btrfs_state(fs)->sector_size;
	if (!is_inline) {
		out->packed_offset = le64_get(extent->offset);
		got = map_address(fs, extent, 0, len, &out->packed.at);
	}
	if (got < 0)
		return (int)got;
	return (uint64_t)got == len ? 0 : FW_ECORRUPT;
}

/* If the item holds `offset`: 1, and what is there. 0 if it does not. */
static int map_item(struct fs *fs, const struct btrfs_item *item, uint64_t offset, struct fs_extent *out)
{
	struct btrfs_file_extent extent;
	bool is_inline;
	uint64_t into = offset - item->key.offset;
	uint64_t len;
	int64_t got;
	int rc;

	if (item->size < BTRFS_INLINE_OFFSET)
		return FW_ECORRUPT;
	rc = source_read(fs->source, item->at, &extent, item->size < sizeof(extent) ? item->size : sizeof(extent));
	if (rc < 0)
		return rc;
	is_inline = extent.type == BTRFS_EXTENT_INLINE;
	if (!is_inline && item->size < sizeof(extent))
		return FW_ECORRUPT;
	len = is_inline ? le64_get(extent.unpacked_len) : le64_get(extent.len);
	if (into >= len)
		return 0;
	out->file_offset = item->key.offset;
	out->len = len;
	out->disk_offset = item->at + BTRFS_INLINE_OFFSET;
	out->is_hole = !is_inline && (extent.type == BTRFS_EXTENT_PREALLOCATED || le64_get(extent.address) == 0);
	if (out->is_hole)
		return 1;
	if (extent.encryption != 0 || le16_get(extent.encoding) != 0)
		return FW_ENOTSUP;
	if (extent.compression != BTRFS_PLAIN) {
		rc = map_packed(fs, item, &extent, out);
		return rc < 0 ? rc : 1;
	}
	if (is_inline)
		return len <= item->size - BTRFS_INLINE_OFFSET ? 1 : FW_ECORRUPT;
	got = map_address(fs, &extent, le64_get(extent.offset) + into, len - into, &out->disk_offset);
	out->file_offset = offset;
	out->len = got;
	return got < 0 ? (int)got : 1;
}

/* What is at `offset`, or a hole up to what comes behind it. */
static int map_in_tree(struct fs *fs, const struct btrfs_tree *tree, uint64_t inode, uint64_t offset,
		       struct fs_extent *out)
{
	const struct btrfs_key key = { inode, BTRFS_EXTENT_DATA, offset };
	struct btrfs_path path;
	struct btrfs_item item;
	int rc = btrfs_search(fs, tree, &key, &path);

	if (rc == 0)
		rc = btrfs_item(fs, &path, &item);
	if (rc == 0 && item.key.object == inode && item.key.type == BTRFS_EXTENT_DATA) {
		rc = map_item(fs, &item, offset, out);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	out->file_offset = offset;
	out->len = UINT64_MAX - offset;
	out->is_hole = true;
	if (rc == 0 || rc == FW_ENOENT)
		rc = btrfs_next(fs, &path);
	if (rc == 0)
		rc = btrfs_item(fs, &path, &item);
	if (rc == 0 && item.key.object == inode && item.key.type == BTRFS_EXTENT_DATA) {
		if (item.key.offset <= offset)
			return FW_ECORRUPT;
		out->len = item.key.offset - offset;
	}
	return rc == FW_ENOENT ? 0 : rc;
}

int btrfs_map_file(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	const struct btrfs_tree *tree;
	int rc = btrfs_open_tree(fs, node->extra, &tree);

	return rc < 0 ? rc : map_in_tree(fs, tree, node->id, offset, out);
}
