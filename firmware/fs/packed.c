#include "firmware/fs/packed.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/unpack.h"
#include "firmware/fs/fs.h"
#include "firmware/fs/lz4.h"
#include "firmware/fs/lzo.h"

#define MIN_ROOM 8192u

/* Makes room; what was there is lost. In the arena nothing is given back, so it at least doubles. */
static int make_room(struct fs *fs, struct fs_unpacked *room, uint32_t needed)
{
	uint64_t size = MIN_ROOM;

	room->at = 0;
	if (needed <= room->max)
		return 0;
	while (size < needed)
		size *= 2;
	room->max = 0;
	room->bytes = arena_take(fs->arena, size);
	if (room->bytes == NULL)
		return FW_ENOMEM;
	room->max = (uint32_t)size;
	return 0;
}

static int64_t unpack(struct fs *fs, const struct fs_packed *part, uint8_t *to)
{
	static const uint8_t codecs[] = {
		[FS_ZLIB] = FW_ZLIB, [FS_LZMA] = FW_LZMA, [FS_XZ] = FW_XZ, [FS_ZSTD] = FW_ZSTD
	};
	size_t to_size = part->unpacked_len;
	size_t len = part->len;
	const uint8_t *from;
	int64_t got;

	if (len == 0)
		return FW_ECORRUPT;
	got = make_room(fs, &fs->unpacker.packed, part->len);
	from = fs->unpacker.packed.bytes;
	if (got == 0)
		got = source_read(fs->source, part->at, fs->unpacker.packed.bytes, len);
	if (got < 0)
		return got;
	/* erofs fills up before the stream, which never begins with a zero; others fill up behind it. */
	while (part->codec >= FS_LZ4 && len > 0 && *from == 0) {
		from++;
		len--;
	}
	if (part->codec == FS_LZ4)
		got = lz4_unpack(from, len, to, to_size);
	else if (part->codec != FS_LZO)
		got = fw_unpack_start(codecs[part->codec], from, len, to, to_size);
	else if (part->sector_bytes != 0)
		got = lzo_unpack_sectors(from, len, part->sector_bytes, to, to_size);
	else
		got = lzo_unpack(from, len, to, to_size);
	if (got < 0 || part->sector_bytes == 0)
		return got;
	memset(to + got, 0, to_size - (size_t)got);
	return (int64_t)to_size;
}

/* Finds what was unpacked, or unpacks it in the place of another. */
static int find(struct fs *fs, const struct fs_packed *part, struct fs_unpacked **out)
{
	struct fs_unpacker *unpacker = &fs->unpacker;
	struct fs_unpacked *last = unpacker->last;
	int64_t got;

	for (; last < unpacker->last + FS_NR_UNPACKED; last++) {
		*out = last;
		if (last->at == part->at)
			return 0;
	}
	last = &unpacker->last[unpacker->next++ % FS_NR_UNPACKED];
	*out = last;
	got = make_room(fs, last, part->unpacked_len);
	if (got == 0)
		got = unpack(fs, part, last->bytes);
	if (got < 0)
		return (int)got;
	last->len = (uint32_t)got;
	last->at = part->at;
	return 0;
}

int fs_read_packed(struct fs *fs, const struct fs_packed *part, uint64_t into, void *to, size_t len)
{
	struct fs_unpacked *unpacked;
	int rc;

	if (fs->unpacker.arena != fs->arena)
		fs->unpacker = (struct fs_unpacker){ .arena = fs->arena };
	if (into == 0 && len == part->unpacked_len) {
		int64_t got = unpack(fs, part, to);

		if (got < 0)
			return (int)got;
		return (size_t)got == len ? 0 : FW_ECORRUPT;
	}
	rc = find(fs, part, &unpacked);
	if (rc < 0)
		return rc;
	if (into > unpacked->len || len > unpacked->len - into)
		return FW_ECORRUPT;
	memcpy(to, unpacked->bytes + into, len);
	return 0;
}
