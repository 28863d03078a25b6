#include "firmware/fs/lzo.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/wire.h"
#include "firmware/fs/lz.h"

/* A length whose bits in the instruction are all 0 goes on: 255 for each zero byte, and the first that is none. */
static int64_t take_length(struct lz *lz, unsigned int length, unsigned int bits)
{
	uint64_t sum;
	int byte;

	if (length != 0)
		return length;
	sum = (1u << bits) - 1;
	while ((byte = lz_byte(lz)) == 0)
		sum += 255;
	return byte < 0 ? byte : (int64_t)(sum + (unsigned int)byte);
}

/* One instruction that copies. `state`: how many literals were before it (4: many). Returns how many follow it, 0 to 3,
 * 5 at the end of the stream, or an error. */
static int run_match(struct lz *lz, unsigned int instruction, unsigned int state)
{
	unsigned int follow = instruction & 3;
	int64_t len;
	int64_t distance;
	int rc;

	if (instruction >= 64) {
		len = instruction >= 128 ? 5 + (instruction >> 5 & 3) : 3 + (instruction >> 5 & 1);
		distance = lz_byte(lz);
		if (distance < 0)
			return FW_ECORRUPT;
		distance = (distance << 3) + (instruction >> 2 & 7) + 1;
	} else if (instruction >= 16) {
		bool is_far = instruction < 32;
		unsigned int bits = is_far ? 3 : 5;

		len = take_length(lz, instruction & ((1u << bits) - 1), bits);
		/* In the lowest two bits, how many literals follow. */
		distance = lz_word(lz);
		if (len < 0 || distance < 0)
			return FW_ECORRUPT;
		len += 2;
		follow = distance & 3;
		distance >>= 2;
		if (is_far) {
			distance += (instruction & 8) << 11;
			if (distance == 0)
				return len == 3 ? 5 : FW_ECORRUPT;
			distance += 16384;
		} else {
			distance++;
		}
	} else {
		distance = lz_byte(lz);
		if (distance < 0)
			return FW_ECORRUPT;
		distance = (distance << 2) + (instruction >> 2) + 1;
		len = 2;
		if (state == 4) {
			distance += 2048;
			len = 3;
		}
	}
	rc = lz_match(lz, distance, len);
	return rc < 0 ? rc : (int)follow;
}

int64_t lzo_unpack(const uint8_t *from, size_t from_len, uint8_t *to, size_t to_size)
{
	struct lz lz = { from, from + from_len, to, to, to + to_size };
	int state = 0;
	int64_t len;

	if (from_len > 0 && *from > 17) {
		len = *lz.from++ - 17;
		if (lz_literals(&lz, len) < 0)
			return FW_ECORRUPT;
		state = len < 4 ? (int)len : 4;
	}
	for (;;) {
		int instruction = lz_byte(&lz);

		if (instruction < 0)
			return FW_ECORRUPT;
		if (instruction < 16 && state == 0) {
			len = take_length(&lz, instruction, 4);
			if (len < 0 || lz_literals(&lz, len + 3) < 0)
				return FW_ECORRUPT;
			state = 4;
			continue;
		}
		state = run_match(&lz, instruction, state);
		if (state == 5)
			return lz.to - lz.begin;
		if (state < 0 || lz_literals(&lz, state) < 0)
			return FW_ECORRUPT;
	}
}

int64_t lzo_unpack_sectors(const uint8_t *from, size_t from_len, uint32_t sector, uint8_t *to, size_t to_size)
{
	size_t at = sizeof(le32);
	size_t done = 0;
	le32 raw;

	if (from_len < sizeof(raw))
		return FW_ECORRUPT;
	memcpy(&raw, from, sizeof(raw));
	if (le32_get(raw) < from_len)
		from_len = le32_get(raw);
	while (done < to_size) {
		int64_t got;

		if (sector - at % sector < sizeof(raw))
			at += sector - at % sector;
		if (at > from_len || from_len - at < sizeof(raw))
			break;
		memcpy(&raw, from + at, sizeof(raw));
		at += sizeof(raw);
		if (le32_get(raw) > from_len - at)
			return FW_ECORRUPT;
		got = lzo_unpack(from + at, le32_get(raw), to + done, to_size - done);
		if (got < 0)
			return got;
		at += le32_get(raw);
		done += got;
	}
	return done;
}
