/* Text as configurations are read: words, lines, patterns, versions. */
#include "firmware/config/text.h"

#include <string.h>

#include "firmware/config/version.h"
#include "test/unit/unit.h"

START_TEST(text_never_leaves_its_buffer)
{
	char buf[8] = "xxxxxxx";
	struct text text;

	text_begin(&text, buf, 5);
	ck_assert_str_eq(buf, "");
	text_add(&text, "120");
	ck_assert_str_eq(buf, "120");
	ck_assert(!text.is_cut);
	text_add(&text, "ab");
	ck_assert_str_eq(buf, "120a");
	ck_assert(text.is_cut);
	text_add_bytes(&text, "c", 1);
	ck_assert_uint_eq(text.len, 4);
	ck_assert_str_eq(buf + 5, "xx");
	text_begin(&text, buf, 1);
	text_add(&text, "0");
	ck_assert(text.is_cut);
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(numbers_are_whole)
{
	unsigned int number = 7;

	ck_assert(text_number("0", &number) && number == 0);
	ck_assert(text_number("00012", &number) && number == 12);
	ck_assert(text_number("999999999", &number) && number == 999999999);
	ck_assert(!text_number("1000000000", &number));
	ck_assert(!text_number("", &number));
	ck_assert(!text_number("1x", &number));
	ck_assert(!text_number("-1", &number));
	ck_assert_uint_eq(number, 999999999);
}
END_TEST

static const struct {
	const char *pattern;
	const char *text;
	bool matches;
} patterns[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "*", "", true },
	{ "*", "abc", true },
	{ "?", "", false },
	{ "?bc", "abc", true },
	{ "a*c", "abc", true },
	{ "a*c", "ac", true },
	{ "a*c", "abcd", false },
	{ "*.conf", "a.conf.conf", true },
	{ "*ab*ab*", "xabyab", true },
	{ "*ab*ab*", "xab", false },
	{ "ARCH-*", "arch-1", true },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
};

START_TEST(patterns_match)
{
	ck_assert_int_eq(text_glob(patterns[_i].pattern, patterns[_i].text), patterns[_i].matches);
}
END_TEST

START_TEST(lines_and_words_are_cut)
{
	char buf[] = "  one two\t three \r\n\n\tfour\n  ";
	char *rest = buf;
	char *line = text_line(&rest);

	ck_assert_str_eq(line, "one two\t three");
	ck_assert_str_eq(text_word(&line), "one");
	ck_assert_str_eq(text_word(&line), "two");
	ck_assert_str_eq(text_word(&line), "three");
	ck_assert_ptr_null(text_word(&line));
	ck_assert_str_eq(text_line(&rest), "");
	ck_assert_str_eq(text_line(&rest), "four");
	ck_assert_str_eq(text_line(&rest), "");
	ck_assert_ptr_null(text_line(&rest));
	ck_assert_ptr_null(text_line(&rest));
}
END_TEST

START_TEST(ends_are_compared)
{
	ck_assert(text_begins("abc", "ab") && text_begins("abc", "") && !text_begins("ab", "abc"));
	ck_assert(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("bc", "abc"));
	ck_assert(text_equal_fold("ABcd-1", "abCD-1") && !text_equal_fold("ab", "abc") && !text_equal_fold("b", "a"));
}
END_TEST

/* In rising order (UAPI.10, "Examples", and kernels as distributions number them). */
static const char *const versions[] = {
	"~",
	"",
	"0-rescue",
	"1.0~rc1",
	"1.0",
	"1.0-1",
	"1.0^20240101",
	"1.0.1",
	"1.0a",
	"1.1",
	"1.9",
	"1.10",
	"1.010.1",
	"5.15.0-91-generic",
	"6.1.0-9-amd64",
	"6.1.0-18-amd64",
	"6.5.6-300.fc39.x86_64",
	"6.11.4-100.fc39.x86_64",
	"6.11.4-200.fc39.x86_64",
};

START_TEST(versions_have_an_order)
{
	unsigned int nr = sizeof(versions) / sizeof(versions[0]);

	for (unsigned int i = 0; i < nr; i++) {
		for (unsigned int j = 0; j < nr; j++) {
			int order = version_compare(versions[i], versions[j]);

			if ((order > 0) - (order < 0) != (i > j) - (i < j))
				ck_abort_msg("'%s' and '%s': %d", versions[i], versions[j], order);
		}
	}
}
END_TEST

START_TEST(equal_versions)
{
	ck_assert_int_eq(version_compare("1.0", "1.0"), 0);
	ck_assert_int_eq(version_compare("1.00", "1.0"), 0);
	ck_assert_int_eq(version_compare("1_0", "1+0"), 0); /* what separates otherwise does not count */
	ck_assert_int_eq(version_compare("1.0", "1.0__"), 0);
	ck_assert_int_eq(version_compare("00000000000000000000000001", "1"), 0);
	ck_assert_int_lt(version_compare("99999999999999999999999998", "99999999999999999999999999"), 0);
	ck_assert_int_lt(version_compare("a", "b"), 0);
	ck_assert_int_lt(version_compare("a", "ab"), 0);
	ck_assert_int_lt(version_compare("a", "1"), 0);
	ck_assert_int_eq(version_compare("--~~^^..", "--~~^^.."), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware/config/text");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, text_never_leaves_its_buffer);
	tcase_add_test(tc, numbers_are_whole);
	tcase_add_loop_test(tc, patterns_match, 0, sizeof(patterns) / sizeof(patterns[0]));
	tcase_add_test(tc, lines_and_words_are_cut);
	tcase_add_test(tc, ends_are_compared);
	tcase_add_test(tc, versions_have_an_order);
	tcase_add_test(tc, equal_versions);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
