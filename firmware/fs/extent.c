#include "firmware/fs/extent.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/source.h"

/* Bytes that lie in one piece on the disk and have not been asked for yet. */
struct pending {
	uint64_t disk_offset;
	uint8_t *to;
	size_t len;
};

static int flush(struct fs *fs, struct pending *pending)
{
	size_t len = pending->len;

	pending->len = 0;
	return len > 0 ? source_read(fs->source, pending->disk_offset, pending->to, len) : 0;
}

static int take(struct fs *fs, struct pending *pending, uint64_t disk_offset, uint8_t *to, size_t len)
{
	if (pending->len == 0 || pending->disk_offset + pending->len != disk_offset) {
		int rc = flush(fs, pending);

		if (rc < 0)
			return rc;
		*pending = (struct pending){ disk_offset, to, 0 };
	}
	pending->len += len;
	return 0;
}

int64_t fs_read_extents(struct fs *fs, const struct fs_node *node, fs_map map, uint64_t offset, void *buf, size_t len)
{
	struct pending pending = { .len = 0 };
	uint8_t *to = buf;
	size_t done = 0;
	int rc;

	if (offset >= node->size_bytes)
		return 0;
	if (len > node->size_bytes - offset)
		len = node->size_bytes - offset;
	while (done < len) {
		uint64_t at = offset + done;
		struct fs_extent extent;
		uint64_t into;
		size_t part;

		rc = map(fs, node, at, &extent);
		if (rc < 0)
			return rc;
		into = at - extent.file_offset;
		if (at < extent.file_offset || into >= extent.len)
			return FW_ECORRUPT;
		part = len - done;
		if (part > extent.len - into)
			part = extent.len - into;
		if (extent.is_hole) {
			rc = flush(fs, &pending);
			memset(to + done, 0, part);
		} else {
			rc = take(fs, &pending, extent.disk_offset + into, to + done, part);
		}
		if (rc < 0)
			return rc;
		done += part;
	}
	rc = flush(fs, &pending);
	return rc < 0 ? rc : (int64_t)done;
}

int fs_read_whole(struct fs *fs, const struct fs_node *node, fs_map map, uint64_t offset, void *buf, size_t len)
{
	int64_t got = fs_read_extents(fs, node, map, offset, buf, len);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : FW_ECORRUPT;
}
