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

int64_t fs_read_extents(struct fs *fs, const struct fs_node *node, uint64_t offset, void *buf, size_t len)
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
		struct fs_extent extent = { .is_hole = false };
		bool is_plain;
		uint64_t into;
		size_t part;

		rc = fs->ops->map(fs, node, at, &extent);
		if (rc < 0)
			return rc;
		into = at - extent.file_offset;
		if (at < extent.file_offset || into >= extent.len)
			return FW_ECORRUPT;
		part = len - done;
		if (part > extent.len - into)
			part = extent.len - into;
		is_plain = !extent.is_hole && extent.packed.codec == FS_PLAIN;
		if (!is_plain || pending.len == 0 || pending.disk_offset + pending.len != extent.disk_offset + into) {
			rc = flush(fs, &pending);
			pending = (struct pending){ extent.disk_offset + into, to + done, 0 };
		}
		if (is_plain)
			pending.len += part;
		else if (extent.is_hole)
			memset(to + done, 0, part);
		else if (rc == 0)
			rc = fs_read_packed(fs, &extent.packed, extent.packed_offset + into, to + done, part);
		if (rc < 0)
			return rc;
		done += part;
	}
	rc = flush(fs, &pending);
	return rc < 0 ? rc : (int64_t)done;
}

int fs_read_whole(struct fs *fs, const struct fs_node *node, uint64_t offset, void *buf, size_t len)
{
	int64_t got = fs_read_extents(fs, node, offset, buf, len);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : FW_ECORRUPT;
}

int fs_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1])
{
	if (link->size_bytes > FS_PATH_MAX)
		return FW_ETOOBIG;
	target[link->size_bytes] = '\0';
	return fs_read_whole(fs, link, 0, target, link->size_bytes);
}
