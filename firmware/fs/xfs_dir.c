/* Directories of XFS: inside the inode, or in blocks of entries. Those have an index behind them, which is not needed
 * to read them from front to back. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/dir.h"
#include "firmware/fs/mode.h"
#include "firmware/fs/xfs.h"

#define MAX_BYTES (64u << 20) /* of one directory */

/* Inside the inode: names, each with 4 or 8 bytes of inode number. */
static int walk_short(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg)
{
	const struct xfs_state *state = xfs_state(fs);
	bool has_ftype = state->has_ftype;
	uint8_t counts[2];
	unsigned int number_len;
	uint64_t at;
	int rc = fs_read_whole(fs, directory, 0, counts, sizeof(counts));

	if (rc < 0)
		return rc;
	number_len = counts[1] > 0 ? 8 : 4;
	at = sizeof(counts) + number_len;
	for (unsigned int i = counts[0]; i > 0; i--) {
		struct fs_entry found;
		uint8_t number[9]; /* a byte of type before it */
		uint8_t head[3];
		unsigned int len;

		rc = fs_read_whole(fs, directory, at, head, sizeof(head));
		found.len = head[0];
		if (rc == 0)
			rc = fs_read_whole(fs, directory, at + sizeof(head), found.name, found.len);
		at += sizeof(head) + found.len;
		len = has_ftype + number_len;
		if (rc == 0)
			rc = fs_read_whole(fs, directory, at, number, len);
		if (rc < 0)
			return rc;
		at += len;
		found.kind = fs_kind_of_type(has_ftype ? number[0] : 0);
		found.id = 0;
		for (unsigned int j = has_ftype; j < len; j++)
			found.id = found.id << 8 | number[j];
		rc = each(arg, &found);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* One entry or free range at `at` of a block whose entries end at `end`; *len: how far it is to the next. */
static int visit_entry(struct fs *fs, const struct fs_node *directory, uint64_t at, uint64_t end, uint32_t *len,
		       fs_each each, void *arg)
{
	bool has_ftype = xfs_state(fs)->has_ftype;
	union {
		struct xfs_dir_entry entry;
		struct xfs_dir_unused unused;
	} head;
	struct fs_entry found;
	uint8_t type = 0;
	int rc;

	/* The least is 8 free bytes. */
	if (end - at < 8)
		return FW_ECORRUPT;
	rc = fs_read_whole(fs, directory, at, &head, end - at < sizeof(head) ? 8 : sizeof(head));
	if (rc < 0)
		return rc;
	if (be16_get(head.unused.free) == XFS_DIR_FREE) {
		*len = be16_get(head.unused.len);
		return *len != 0 && *len % 8 == 0 && *len <= end - at ? 0 : FW_ECORRUPT;
	}
	if (end - at < sizeof(head))
		return FW_ECORRUPT;
	found.len = head.entry.name_len;
	/* Behind the name, the type and where the entry itself lies. */
	*len = (sizeof(head.entry) + found.len + has_ftype + 2 + 7) & ~7u;
	if (found.len == 0 || *len > end - at)
		return FW_ECORRUPT;
	rc = fs_read_whole(fs, directory, at + sizeof(head.entry), found.name, found.len);
	if (rc < 0)
		return rc;
	if (has_ftype)
		rc = fs_read_whole(fs, directory, at + sizeof(head.entry) + found.len, &type, sizeof(type));
	if (rc < 0)
		return rc;
	found.kind = fs_kind_of_type(type);
	found.id = be64_get(head.entry.inode);
	return each(arg, &found);
}

/* One block of entries at `at`. */
static int walk_block(struct fs *fs, const struct fs_node *directory, uint64_t at, fs_each each, void *arg)
{
	uint32_t block_size = 1u << xfs_state(fs)->dir_block_log;
	uint64_t end = at + block_size;
	struct xfs_dir_tail tail;
	be32 magic;
	uint32_t len;
	int rc = fs_read_whole(fs, directory, at, &magic, sizeof(magic));

	if (rc < 0)
		return rc;
	switch (be32_get(magic)) {
	case XFS_DIR_BLOCK_MAGIC:
	case XFS_DIR_BLOCK_MAGIC_V5:
		rc = fs_read_whole(fs, directory, end - sizeof(tail), &tail, sizeof(tail));
		if (rc < 0)
			return rc;
		if (be32_get(tail.nr_leaves) > (block_size - XFS_DIR_HEADER_V5) / 8 - 1)
			return FW_ECORRUPT;
		end -= sizeof(tail) + 8 * be32_get(tail.nr_leaves);
		break;
	case XFS_DIR_DATA_MAGIC:
	case XFS_DIR_DATA_MAGIC_V5:
		break;
	default:
		return FW_ECORRUPT;
	}
	for (at += xfs_state(fs)->is_v5 ? XFS_DIR_HEADER_V5 : XFS_DIR_HEADER; at < end; at += len) {
		rc = visit_entry(fs, directory, at, end, &len, each, arg);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int xfs_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg)
{
	uint32_t block_size = 1u << xfs_state(fs)->dir_block_log;
	uint64_t at = 0;
	int rc = xfs_load(fs, directory->id);

	if (rc < 0)
		return rc;
	if (xfs_state(fs)->format == XFS_FORMAT_LOCAL)
		return walk_short(fs, directory, each, arg);
	if (directory->size_bytes > MAX_BYTES || directory->size_bytes % block_size != 0)
		return FW_ECORRUPT;
	for (; at < directory->size_bytes && rc == 0; at += block_size) {
		struct fs_extent extent;

		rc = xfs_map(fs, directory, at, &extent);
		/* Blocks that have become empty are given back. */
		if (rc == 0 && !extent.is_hole)
			rc = walk_block(fs, directory, at, each, arg);
	}
	return rc;
}
