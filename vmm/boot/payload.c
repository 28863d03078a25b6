#include "vmm/boot/payload.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/endian.h"

/* Every compression that arch/x86/Kconfig has offered (HAVE_KERNEL_*). */
static const struct {
	uint8_t len;
	char magic[PAYLOAD_MAGIC_BYTES];
	enum payload_format format;
	const char *name;
} formats[] = {
	{ 2, "\x1f\x8b", PAYLOAD_GZIP, "gzip" },
	{ 4, "\x02\x21\x4c\x18", PAYLOAD_LZ4, "lz4" },
	{ 6,
	  "\xfd"
	  "7zXZ",
	  PAYLOAD_XZ, "xz" },
	{ 4, "\x28\xb5\x2f\xfd", PAYLOAD_ZSTD, "zstd" },
	{ 3, "BZh", PAYLOAD_FOREIGN, "bzip2" },
	{ 3, "\x5d\x00\x00", PAYLOAD_FOREIGN, "lzma" },
	{ 4, "\x89LZO", PAYLOAD_FOREIGN, "lzo" },
};

static int find_format(const uint8_t *magic)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (memcmp(magic, formats[i].magic, formats[i].len) == 0)
			return (int)i;
	}
	return -1;
}

enum payload_format payload_recognise(const uint8_t magic[PAYLOAD_MAGIC_BYTES])
{
	int i = find_format(magic);

	return i < 0 ? PAYLOAD_FOREIGN : formats[i].format;
}

const char *payload_format_name(const uint8_t magic[PAYLOAD_MAGIC_BYTES])
{
	int i = find_format(magic);

	return i < 0 ? "an unknown format" : formats[i].name;
}

uint32_t payload_unpacked_bytes(const uint8_t *in, size_t len)
{
	le32 size;

	if (len < sizeof(size))
		return 0;
	memcpy(&size, in + len - sizeof(size), sizeof(size));
	return le32_get(size);
}

unsigned int payload_parts(enum payload_format format, size_t out_len)
{
	return format == PAYLOAD_LZ4 ? (unsigned int)payload_lz4_blocks(out_len) : 1;
}

uint64_t payload_part_start(uint64_t out_len, unsigned int part, unsigned int nr_parts)
{
	return part < nr_parts ? payload_lz4_blocks(out_len) * part / nr_parts * PAYLOAD_LZ4_BLOCK : out_len;
}

int payload_unpack(enum payload_format format, const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	return payload_unpack_part(format, in, len, out, out_len, 0, 1);
}

int payload_unpack_part(enum payload_format format, const uint8_t *in, size_t len, uint8_t *out, size_t out_len,
			unsigned int part, unsigned int nr_parts)
{
	if (len < PAYLOAD_SIZE_WORD)
		return -EBADMSG;
	switch (format) {
	case PAYLOAD_GZIP:
		return payload_unpack_gzip(in, len, out, out_len);
	case PAYLOAD_LZ4:
		return payload_unpack_lz4(in, len - PAYLOAD_SIZE_WORD, out, out_len, part, nr_parts);
	case PAYLOAD_XZ:
		return payload_unpack_xz(in, len - PAYLOAD_SIZE_WORD, out, out_len);
	case PAYLOAD_ZSTD:
		return payload_unpack_zstd(in, len - PAYLOAD_SIZE_WORD, out, out_len);
	case PAYLOAD_FOREIGN:
		break;
	}
	return -EBADMSG;
}
