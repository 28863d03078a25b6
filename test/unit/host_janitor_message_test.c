#include "vmm/host/janitor_message.h"

#include <errno.h>
#include <string.h>

#include "test/unit/host_support.h"

static struct janitor_request request;
static const char *make[JANITOR_MAX_WORDS + 1], *undo[JANITOR_MAX_WORDS + 1];

static const char *const touch[] = { "touch", "a file", "", NULL };
static const char *const rm[] = { "rm", "--", "a file", NULL };

START_TEST(words_arrive_as_they_were_sent)
{
	int len = janitor_request_fill(&request, touch, rm);

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), 0);
	for (unsigned int i = 0; i < 4; i++) {
		ck_assert_pstr_eq(make[i], touch[i]);
		ck_assert_pstr_eq(undo[i], rm[i]);
	}
}
END_TEST

START_TEST(a_launch_has_no_undo)
{
	int len = janitor_request_fill(&request, touch, NULL);

	ck_assert_int_gt(len, 0);
	ck_assert_uint_eq(request.kind, JANITOR_LAUNCH);
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), 0);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_pstr_eq(make[i], touch[i]);
	ck_assert_ptr_null(undo[0]);
	request.kind = JANITOR_MAKE;
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), -EPROTO);
	len = janitor_request_fill(&request, touch, rm);
	request.kind = JANITOR_LAUNCH;
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), -EPROTO);
}
END_TEST

START_TEST(too_many_or_too_long_words_are_refused)
{
	const char *many[JANITOR_MAX_WORDS + 2];
	char text[JANITOR_WORDS_BYTES + 1];
	const char *const one[] = { text, NULL };

	for (unsigned int i = 0; i <= JANITOR_MAX_WORDS; i++)
		many[i] = "w";
	many[JANITOR_MAX_WORDS + 1] = NULL;
	ck_assert_int_eq(janitor_request_fill(&request, many, rm), -E2BIG);
	ck_assert_int_eq(janitor_request_fill(&request, rm, many), -E2BIG);
	many[JANITOR_MAX_WORDS] = NULL;
	ck_assert_int_gt(janitor_request_fill(&request, many, many), 0);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(janitor_request_fill(&request, one, rm), -E2BIG);
	ck_assert_int_eq(janitor_request_fill(&request, rm, one), -E2BIG);
}
END_TEST

START_TEST(a_request_cut_anywhere_is_refused)
{
	int len = janitor_request_fill(&request, touch, rm);

	for (int cut = 0; cut < len; cut++)
		ck_assert_int_eq(janitor_request_words(&request, (size_t)cut, make, undo), -EPROTO);
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len + 1, make, undo), -EPROTO);
}
END_TEST

START_TEST(counts_that_do_not_fit_the_words_are_refused)
{
	static const uint16_t counts[] = { 0, 1, 2, 4, 5, 6, 7, JANITOR_MAX_WORDS, JANITOR_MAX_WORDS + 1, 0xffff };
	int len = janitor_request_fill(&request, touch, rm);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		request.nr_make = counts[i];
		ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), -EPROTO);
		request.nr_make = 3;
		request.nr_undo = counts[i];
		ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), -EPROTO);
		request.nr_undo = 3;
	}
	request.words[request.words_len - 1] = 'x';
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), -EPROTO);
	request.words[request.words_len - 1] = '\0';
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), 0);
	request.kind = JANITOR_END;
	ck_assert_int_eq(janitor_request_words(&request, (size_t)len, make, undo), -EPROTO);
}
END_TEST

START_TEST(any_bytes_are_words_within_the_request_or_refused)
{
	unsigned int seed = 7;

	for (unsigned int round = 0; round < 20000; round++) {
		size_t len = offsetof(struct janitor_request, words) + round % 64;
		unsigned char *bytes = (unsigned char *)&request;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = (unsigned char)((seed >> 16) % 3);
		}
		request.kind = JANITOR_MAKE;
		request.words_len = round % 64;
		if (janitor_request_words(&request, len, make, undo) < 0)
			continue;
		for (unsigned int i = 0; make[i]; i++)
			ck_assert(make[i] + strlen(make[i]) < request.words + request.words_len);
		for (unsigned int i = 0; undo[i]; i++)
			ck_assert(undo[i] + strlen(undo[i]) < request.words + request.words_len);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/janitor_message");
	TCase *tcase = tcase_create("message");

	tcase_add_test(tcase, words_arrive_as_they_were_sent);
	tcase_add_test(tcase, a_launch_has_no_undo);
	tcase_add_test(tcase, too_many_or_too_long_words_are_refused);
	tcase_add_test(tcase, a_request_cut_anywhere_is_refused);
	tcase_add_test(tcase, counts_that_do_not_fit_the_words_are_refused);
	tcase_add_test(tcase, any_bytes_are_words_within_the_request_or_refused);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
