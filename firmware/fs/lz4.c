#include "firmware/fs/lz4.h"

#include "firmware/core/error.h"
#include "firmware/fs/lz.h"

#define MIN_MATCH 4

/* A length that fills its four bits goes on in bytes, up to the first that is not 255. At most what still fits. */
static int64_t take_length(struct lz *lz, unsigned int bits, unsigned int min)
{
	uint64_t room = (uint64_t)(lz->to_end - lz->to);
	uint64_t sum = bits + min;
	int byte = 255;

	if (bits == 15) {
		while (byte == 255) {
			byte = lz_byte(lz);
			if (byte < 0)
				return byte;
			sum += (unsigned int)byte;
		}
	}
	return (int64_t)(sum < room ? sum : room);
}

int64_t lz4_unpack(const uint8_t *from, size_t from_len, uint8_t *to, size_t to_size)
{
	struct lz lz = { from, from + from_len, to, to, to + to_size };

	for (;;) {
		int token = lz_byte(&lz);
		int64_t len;
		int distance;

		if (token < 0)
			return token;
		len = take_length(&lz, (unsigned int)token >> 4, 0);
		if (len < 0 || lz_literals(&lz, (uint64_t)len) < 0)
			return FW_ECORRUPT;
		/* A block ends with literals. */
		if (lz.from == lz.from_end || lz.to == lz.to_end)
			return lz.to - lz.begin;
		distance = lz_word(&lz);
		len = take_length(&lz, token & 15, MIN_MATCH);
		if (distance < 0 || len < 0 || lz_match(&lz, (uint64_t)distance, (uint64_t)len) < 0)
			return FW_ECORRUPT;
		if (lz.to == lz.to_end)
			return lz.to - lz.begin;
	}
}
