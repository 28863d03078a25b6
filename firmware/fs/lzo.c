#include "firmware/fs/lzo.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"

struct stream {
	const uint8_t *from;
	const uint8_t *from_end;
	uint8_t *begin;
	uint8_t *to;
	uint8_t *to_end;
};

static int take_byte(struct stream *s)
{
	return s->from < s->from_end ? *s->from++ : FW_ECORRUPT;
}

/* A length whose bits in the instruction are all 0 goes on: 255 for each zero byte, and the first that is none. */
static int64_t take_length(struct stream *s, unsigned int length, unsigned int bits)
{
	uint64_t sum;
	int byte;

	if (length != 0)
		return length;
	sum = (1u << bits) - 1;
	while ((byte = take_byte(s)) == 0)
		sum += 255;
	return byte < 0 ? byte : (int64_t)(sum + (unsigned int)byte);
}

static int copy_literals(struct stream *s, uint64_t len)
{
	if (len > (uint64_t)(s->from_end - s->from) || len > (uint64_t)(s->to_end - s->to))
		return FW_ECORRUPT;
	memcpy(s->to, s->from, len);
	s->from += len;
	s->to += len;
	return 0;
}

/* What is copied may overlap what is written. */
static int copy_match(struct stream *s, uint64_t distance, uint64_t len)
{
	if (distance == 0 || distance > (uint64_t)(s->to - s->begin) || len > (uint64_t)(s->to_end - s->to))
		return FW_ECORRUPT;
	for (; len > 0; len--, s->to++)
		*s->to = *(s->to - distance);
	return 0;
}

/* An instruction that ends with a distance of 14 bits and, in the lowest two, how many literals follow. */
static int64_t take_distance(struct stream *s)
{
	int low = take_byte(s);
	int high = take_byte(s);

	return low < 0 || high < 0 ? FW_ECORRUPT : low | high << 8;
}

/* One instruction that copies. `state`: how many literals were before it (4: many). Returns how many follow it, 0 to 3,
 * 5 at the end of the stream, or an error. */
static int run_match(struct stream *s, unsigned int instruction, unsigned int state)
{
	unsigned int follow = instruction & 3;
	int64_t len;
	int64_t distance;
	int rc;

	if (instruction >= 64) {
		len = instruction >= 128 ? 5 + (instruction >> 5 & 3) : 3 + (instruction >> 5 & 1);
		distance = take_byte(s);
		if (distance < 0)
			return FW_ECORRUPT;
		distance = (distance << 3) + (instruction >> 2 & 7) + 1;
	} else if (instruction >= 16) {
		bool is_far = instruction < 32;
		unsigned int bits = is_far ? 3 : 5;

		len = take_length(s, instruction & ((1u << bits) - 1), bits);
		distance = take_distance(s);
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
		distance = take_byte(s);
		if (distance < 0)
			return FW_ECORRUPT;
		distance = (distance << 2) + (instruction >> 2) + 1;
		len = 2;
		if (state == 4) {
			distance += 2048;
			len = 3;
		}
	}
	rc = copy_match(s, distance, len);
	return rc < 0 ? rc : (int)follow;
}

int64_t lzo_unpack(const uint8_t *from, size_t from_len, uint8_t *to, size_t to_size)
{
	struct stream s = { from, from + from_len, to, to, to + to_size };
	int state = 0;
	int64_t len;

	if (from_len > 0 && *from > 17) {
		len = *s.from++ - 17;
		if (copy_literals(&s, len) < 0)
			return FW_ECORRUPT;
		state = len < 4 ? (int)len : 4;
	}
	for (;;) {
		int instruction = take_byte(&s);

		if (instruction < 0)
			return FW_ECORRUPT;
		if (instruction < 16 && state == 0) {
			len = take_length(&s, instruction, 4);
			if (len < 0 || copy_literals(&s, len + 3) < 0)
				return FW_ECORRUPT;
			state = 4;
			continue;
		}
		state = run_match(&s, instruction, state);
		if (state == 5)
			return s.to - s.begin;
		if (state < 0 || copy_literals(&s, state) < 0)
			return FW_ECORRUPT;
	}
}
