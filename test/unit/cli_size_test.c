#include "vmm/cli/size.h"

#include <errno.h>

#include "test/unit/unit.h"

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0 },
	{ "1", 1 },
	{ "007", 7 },
	{ "512M", UINT64_C(512) << 20 },
	{ "512m", UINT64_C(512) << 20 },
	{ "3k", 3072 },
	{ "64G", UINT64_C(64) << 30 },
	{ "1T", UINT64_C(1) << 40 },
	{ "18446744073709551615", UINT64_MAX },
	{ "18014398509481983K", UINT64_MAX - 1023 },
	{ "16777215T", UINT64_C(16777215) << 40 },
};

START_TEST(size_is_read_with_every_suffix)
{
	uint64_t bytes = 42;

	ck_assert_int_eq(size_parse(sizes[_i].text, &bytes), 0);
	ck_assert_uint_eq(bytes, sizes[_i].bytes);
}
END_TEST

static const char *const no_sizes[] = { "",	"M",	" 1M", "1M ", "-1",  "+1", "1.5G", "1MB",
					"1MiB", "0x10", "1 M", "ten", "1,5", "1P", "1\n",  "12k3" };

START_TEST(what_is_no_size_is_refused_and_nothing_is_set)
{
	uint64_t bytes = 42;

	ck_assert_int_eq(size_parse(no_sizes[_i], &bytes), -EINVAL);
	ck_assert_uint_eq(bytes, 42);
}
END_TEST

static const char *const too_big[] = { "18446744073709551616", "18014398509481984K", "16777216T",
				       "99999999999999999999999999999", "17179869184G" };

START_TEST(a_size_beyond_64_bits_is_out_of_range)
{
	uint64_t bytes = 42;

	ck_assert_int_eq(size_parse(too_big[_i], &bytes), -ERANGE);
	ck_assert_uint_eq(bytes, 42);
}
END_TEST

START_TEST(count_takes_plain_decimal_only)
{
	unsigned int count = 7;

	ck_assert_int_eq(count_parse("64", &count), 0);
	ck_assert_uint_eq(count, 64);
	ck_assert_int_eq(count_parse("4294967295", &count), 0);
	ck_assert_uint_eq(count, 4294967295U);
	ck_assert_int_eq(count_parse("4294967296", &count), -ERANGE);
	ck_assert_int_eq(count_parse("2K", &count), -EINVAL);
	ck_assert_int_eq(count_parse("-2", &count), -EINVAL);
	ck_assert_int_eq(count_parse("", &count), -EINVAL);
	ck_assert_uint_eq(count, 4294967295U);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
	Suite *suite = suite_create("cli/size");
	TCase *tcase = tcase_create("size");

	tcase_add_loop_test(tcase, size_is_read_with_every_suffix, 0, LENGTH(sizes));
	tcase_add_loop_test(tcase, what_is_no_size_is_refused_and_nothing_is_set, 0, LENGTH(no_sizes));
	tcase_add_loop_test(tcase, a_size_beyond_64_bits_is_out_of_range, 0, LENGTH(too_big));
	tcase_add_test(tcase, count_takes_plain_decimal_only);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
