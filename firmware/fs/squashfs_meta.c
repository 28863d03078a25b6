/* Blocks of metadata of squashfs: each has its length before it, and all but the last of a table unpack to the same. */
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/squashfs.h"

int squashfs_read_meta(struct fs *fs, uint64_t *place, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len > 0) {
		uint64_t block = *place >> 16;
		uint32_t offset = *place & 0xffff;
		struct fs_packed packed = { .at = block + sizeof(le16),
					    .unpacked_len = SQUASHFS_META_BYTES,
					    .codec = squashfs_state(fs)->codec };
		size_t part = len;
		le16 head;
		int rc = source_read(fs->source, block, &head, sizeof(head));

		packed.len = le16_get(head) & ~SQUASHFS_META_PLAIN;
		if (offset >= SQUASHFS_META_BYTES)
			return FW_ECORRUPT;
		if (part > SQUASHFS_META_BYTES - offset)
			part = SQUASHFS_META_BYTES - offset;
		if (rc == 0 && !(le16_get(head) & SQUASHFS_META_PLAIN))
			rc = fs_read_packed(fs, &packed, offset, to, part);
		else if (rc == 0 && offset + part <= packed.len)
			rc = source_read(fs->source, packed.at + offset, to, part);
		else if (rc == 0)
			rc = FW_ECORRUPT;
		if (rc < 0)
			return rc;
		to += part;
		len -= part;
		*place += part;
		if (offset + part == SQUASHFS_META_BYTES)
			*place = (packed.at + packed.len) << 16;
	}
	return 0;
}
