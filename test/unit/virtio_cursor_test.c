/* The byte cursor over segments: exact at every split. */
#include "virtio/core/cursor.h"

#include <string.h>

#include "test/unit/unit.h"

#define BYTES 24

static uint8_t bytes[BYTES];
static struct iovec iov[BYTES];
static struct cursor cursor;

/* Segments of `first`, then `step` bytes each. */
static void split(unsigned int first, unsigned int step)
{
	unsigned int at = 0, nr = 0;

	for (unsigned int len = first; at < BYTES; len = step) {
		if (len > BYTES - at)
			len = BYTES - at;
		iov[nr++] = (struct iovec){ .iov_base = bytes + at, .iov_len = len };
		at += len;
	}
	cursor = (struct cursor){ .iov = iov, .nr_iov = nr, .nr_bytes = BYTES };
}

static void check_exact(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < cursor.nr_iov; i++) {
		ck_assert_uint_gt(cursor.iov[i].iov_len, 0);
		sum += cursor.iov[i].iov_len;
	}
	ck_assert_uint_eq(sum, cursor.nr_bytes);
}

START_TEST(bytes_come_out_in_order_at_every_split_and_length)
{
	for (unsigned int i = 0; i < BYTES; i++)
		bytes[i] = i;
	for (unsigned int first = 1; first <= BYTES; first++) {
		for (unsigned int step = 1; step <= BYTES; step++) {
			for (unsigned int len = 0; len <= BYTES + 2; len++) {
				uint8_t out[BYTES + 2] = { 0 };
				unsigned int want = len < BYTES ? len : BYTES;

				split(first, step);
				ck_assert_uint_eq(cursor_read(&cursor, out, len), want);
				ck_assert_mem_eq(out, bytes, want);
				ck_assert_uint_eq(cursor.nr_bytes, BYTES - want);
				check_exact();
				if (cursor.nr_iov > 0)
					ck_assert_ptr_eq(cursor.iov->iov_base, bytes + want);
			}
		}
	}
}
END_TEST

START_TEST(bytes_go_in_at_every_split_and_nowhere_else)
{
	uint8_t in[BYTES];

	memset(in, 0xa5, sizeof(in));
	for (unsigned int step = 1; step <= BYTES; step++) {
		for (unsigned int len = 0; len <= BYTES; len++) {
			memset(bytes, 0, sizeof(bytes));
			split(1, step);
			ck_assert_uint_eq(cursor_write(&cursor, in, len), len);
			check_exact();
			for (unsigned int i = 0; i < BYTES; i++)
				ck_assert_uint_eq(bytes[i], i < len ? 0xa5 : 0);
		}
	}
}
END_TEST

START_TEST(skipping_consumes_without_reading)
{
	split(5, 3);
	ck_assert_uint_eq(cursor_skip(&cursor, 7), 7);
	check_exact();
	ck_assert_ptr_eq(cursor.iov->iov_base, bytes + 7);
	ck_assert_uint_eq(cursor_skip(&cursor, UINT64_MAX), BYTES - 7);
	ck_assert_uint_eq(cursor.nr_iov, 0);
	ck_assert_uint_eq(cursor.nr_bytes, 0);
}
END_TEST

START_TEST(the_last_byte_is_taken_from_the_back_until_none_is_left)
{
	split(_i + 1, 4);
	for (unsigned int i = BYTES; i-- > 0;) {
		ck_assert_ptr_eq(cursor_take_last_byte(&cursor), bytes + i);
		check_exact();
	}
	ck_assert_ptr_null(cursor_take_last_byte(&cursor));
	ck_assert_uint_eq(cursor_read(&cursor, bytes, 1), 0);
}
END_TEST

static Suite *cursor_suite(void)
{
	Suite *suite = suite_create("virtio cursor");
	TCase *tc = tcase_create("cursor");

	tcase_add_test(tc, bytes_come_out_in_order_at_every_split_and_length);
	tcase_add_test(tc, bytes_go_in_at_every_split_and_nowhere_else);
	tcase_add_test(tc, skipping_consumes_without_reading);
	tcase_add_loop_test(tc, the_last_byte_is_taken_from_the_back_until_none_is_left, 0, 6);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(cursor_suite());
}
