#include "vmm/boot/payload.h"

#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/base/endian.h"

/* lz4's legacy frame, which `lz4 -l` makes for the kernel's build: the magic number, then blocks, each after its packed
 * size. Every block but the last unpacks to 8 MiB. Nothing marks the end (LZ4 frame format, "Legacy frame"). */
#define LEGACY_MAGIC 0x184c2102
#define BLOCK_BYTES (8u << 20)

static bool take_word(const uint8_t **in, size_t *len, uint32_t *word)
{
	le32 raw;

	if (*len < sizeof(raw))
		return false;
	memcpy(&raw, *in, sizeof(raw));
	*in += sizeof(raw);
	*len -= sizeof(raw);
	*word = le32_get(raw);
	return true;
}

int payload_unpack_lz4(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	uint32_t word;

	if (!take_word(&in, &len, &word) || word != LEGACY_MAGIC)
		return -EBADMSG;
	while (len > 0) {
		int room = out_len < BLOCK_BYTES ? (int)out_len : (int)BLOCK_BYTES;
		int got;

		if (!take_word(&in, &len, &word))
			return -EBADMSG;
		if (word == LEGACY_MAGIC) /* frames may be concatenated */
			continue;
		if (word > len || word > INT_MAX)
			return -EBADMSG;
		got = LZ4_decompress_safe((const char *)in, (char *)out, (int)word, room);
		if (got <= 0)
			return -EBADMSG;
		in += word;
		len -= word;
		out += got;
		out_len -= (size_t)got;
	}
	return out_len == 0 ? 0 : -EBADMSG;
}
