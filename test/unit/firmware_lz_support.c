#include "test/unit/firmware_lz_support.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

int64_t unpack_exactly(lz_unpack unpack, const void *from, size_t from_len, size_t to_size, const char *expected)
{
	uint8_t *in = malloc(from_len > 0 ? from_len : 1);
	uint8_t *out = malloc(to_size > 0 ? to_size : 1);
	int64_t got;

	memcpy(in, from, from_len);
	got = unpack(in, from_len, out, to_size);
	if (got > 0 && expected != NULL)
		ck_assert_mem_eq(out, expected, (size_t)got);
	free(in);
	free(out);
	return got;
}

void unpack_noise(lz_unpack unpack)
{
	uint8_t noise[64];
	uint32_t state = 1;

	for (unsigned int round = 0; round < 20000; round++) {
		for (unsigned int i = 0; i < sizeof(noise); i++) {
			state = state * 1664525 + 1013904223;
			noise[i] = (uint8_t)(state >> 24);
		}
		(void)!unpack_exactly(unpack, noise, sizeof(noise), 256, NULL);
	}
}
