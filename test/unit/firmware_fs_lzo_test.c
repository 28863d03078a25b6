/* LZO1X streams, written by hand. */
#include <stdlib.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/lzo.h"
#include "test/unit/firmware_lz_support.h"
#include "test/unit/unit.h"

#define END 0x11, 0x00, 0x00

static int64_t unpack(const void *from, size_t from_len, size_t to_size, const char *expected)
{
	return unpack_exactly(lzo_unpack, from, from_len, to_size, expected);
}

START_TEST(test_literals)
{
	static const uint8_t first[] = { 17 + 5, 'h', 'e', 'l', 'l', 'o', END };
	static const uint8_t run[] = { 2, 'h', 'e', 'l', 'l', 'o', END };

	ck_assert_int_eq(unpack(first, sizeof(first), 5, "hello"), 5);
	ck_assert_int_eq(unpack(run, sizeof(run), 100, "hello"), 5);
	ck_assert_int_eq(unpack(first, sizeof(first), 4, NULL), FW_ECORRUPT);
	for (size_t len = 0; len < sizeof(run); len++)
		ck_assert_int_eq(unpack(run, len, 100, NULL), FW_ECORRUPT);
}
END_TEST

START_TEST(test_long_run)
{
	uint8_t stream[3 + 300 + 3] = { 0, 0, 300 - 3 - 15 - 255 };
	static const uint8_t end[] = { END };
	char expected[300];

	memset(stream + 3, 'z', 300);
	memset(expected, 'z', sizeof(expected));
	memcpy(stream + 303, end, sizeof(end));
	ck_assert_int_eq(unpack(stream, sizeof(stream), 300, expected), 300);
}
END_TEST

START_TEST(test_matches)
{
	/* Four literals, three bytes from four back with one literal behind them. */
	static const uint8_t near[] = { 17 + 4, 'a', 'b', 'c', 'd', 0x40 | 3 << 2 | 1, 0, 'X', END };
	/* One literal, repeated: the match overlaps what it makes. */
	static const uint8_t overlap[] = { 17 + 4, 'a', 'b', 'c', 'd', 0x20 | 6, 0, 0, END };
	/* The long form: 33 and more bytes. */
	static const uint8_t longer[] = { 17 + 4, 'a', 'b', 'c', 'd', 0x20, 1, 0, 0, END };
	static const uint8_t too_far[] = { 17 + 4, 'a', 'b', 'c', 'd', 0x40 | 4 << 2, 0, END };
	/* After one literal, two bytes of at most 1 KiB back. */
	static const uint8_t two[] = { 17 + 1, 'a', 0x00, 0x00, END };

	ck_assert_int_eq(unpack(near, sizeof(near), 8, "abcdabcX"), 8);
	ck_assert_int_eq(unpack(near, sizeof(near), 7, NULL), FW_ECORRUPT);
	ck_assert_int_eq(unpack(overlap, sizeof(overlap), 12, "abcddddddddd"), 12);
	ck_assert_int_eq(unpack(overlap, sizeof(overlap), 11, NULL), FW_ECORRUPT);
	ck_assert_int_eq(unpack(longer, sizeof(longer), 64, "abcdddddddddddddddddddddddddddddddddddddd"), 4 + 34);
	ck_assert_int_eq(unpack(too_far, sizeof(too_far), 64, NULL), FW_ECORRUPT);
	ck_assert_int_eq(unpack(two, sizeof(two), 3, "aaa"), 3);
}
END_TEST

START_TEST(test_noise)
{
	unpack_noise(lzo_unpack);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: lzo");
	TCase *tcase = tcase_create("lzo");

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
