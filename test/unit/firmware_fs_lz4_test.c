/* LZ4 blocks, written by hand. */
#include <stdlib.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/lz4.h"
#include "test/unit/firmware_lz_support.h"
#include "test/unit/unit.h"

static int64_t unpack(const void *from, size_t from_len, size_t to_size, const char *expected)
{
	return unpack_exactly(lz4_unpack, from, from_len, to_size, expected);
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
	unpack_noise(lz4_unpack);
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
