/* LZ4 blocks, written by hand. */
#include <stdlib.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/lz4.h"
#include "test/unit/unit.h"

/* Unpacks to memory of exactly that size, so that a sanitizer sees each byte too many. */
static int64_t unpack(const void *from, size_t from_len, size_t to_size, const char *expected)
{
	uint8_t *in = malloc(from_len > 0 ? from_len : 1);
	uint8_t *out = malloc(to_size > 0 ? to_size : 1);
	int64_t got;

	memcpy(in, from, from_len);
	got = lz4_unpack(in, from_len, out, to_size);
	if (got > 0 && expected != NULL)
		ck_assert_mem_eq(out, expected, (size_t)got);
	free(in);
	free(out);
	return got;
}

START_TEST(test_literals)
{
	static const uint8_t block[] = { 0x50, 'h', 'e', 'l', 'l', 'o' };

	ck_assert_int_eq(unpack(block, sizeof(block), 5, "hello"), 5);
	ck_assert_int_eq(unpack(block, sizeof(block), 100, "hello"), 5);
	/* As many as there is room for: what is behind is not wanted. */
	ck_assert_int_eq(unpack(block, sizeof(block), 3, "hel"), 3);
	for (size_t len = 0; len < sizeof(block); len++)
		ck_assert_int_eq(unpack(block, len, 100, NULL), FW_ECORRUPT);
}
END_TEST

START_TEST(test_long_run)
{
	uint8_t block[3 + 300] = { 0xf0, 255, 300 - 15 - 255 };
	char expected[300];

	memset(block + 3, 'z', 300);
	memset(expected, 'z', sizeof(expected));
	ck_assert_int_eq(unpack(block, sizeof(block), 300, expected), 300);
	ck_assert_int_eq(unpack(block, sizeof(block) - 1, 300, NULL), FW_ECORRUPT);
}
END_TEST

START_TEST(test_matches)
{
	/* Four literals, six bytes from four back, which overlap what they make, and a literal. */
	static const uint8_t near[] = { 0x42, 'a', 'b', 'c', 'd', 4, 0, 0x10, 'X' };
	/* The long form: 4 + 15 + 255 + 1 bytes. */
	static const uint8_t longer[] = { 0x1f, 'a', 1, 0, 255, 1, 0x10, 'X' };
	static const uint8_t too_far[] = { 0x42, 'a', 'b', 'c', 'd', 5, 0, 0x10, 'X' };
	static const uint8_t nowhere[] = { 0x42, 'a', 'b', 'c', 'd', 0, 0, 0x10, 'X' };

	ck_assert_int_eq(unpack(near, sizeof(near), 11, "abcdabcdabX"), 11);
	ck_assert_int_eq(unpack(near, sizeof(near), 6, "abcdab"), 6);
	ck_assert_int_eq(unpack(near, sizeof(near) - 1, 11, NULL), FW_ECORRUPT);
	ck_assert_int_eq(unpack(longer, sizeof(longer), 1000, NULL), 1 + 275 + 1);
	ck_assert_int_eq(unpack(longer, 5, 1000, NULL), FW_ECORRUPT);
	ck_assert_int_eq(unpack(too_far, sizeof(too_far), 11, NULL), FW_ECORRUPT);
	ck_assert_int_eq(unpack(nowhere, sizeof(nowhere), 11, NULL), FW_ECORRUPT);
}
END_TEST

START_TEST(test_noise)
{
	uint8_t noise[64];
	uint32_t state = 1;

	for (unsigned int round = 0; round < 20000; round++) {
		for (unsigned int i = 0; i < sizeof(noise); i++) {
			state = state * 1664525 + 1013904223;
			noise[i] = (uint8_t)(state >> 24);
		}
		(void)!unpack(noise, sizeof(noise), 256, NULL);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: lz4");
	TCase *tcase = tcase_create("lz4");

	tcase_add_test(tcase, test_literals);
	tcase_add_test(tcase, test_long_run);
	tcase_add_test(tcase, test_matches);
	tcase_add_test(tcase, test_noise);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
