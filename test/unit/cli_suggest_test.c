#include "vmm/cli/suggest.h"

#include <string.h>

#include "test/unit/unit.h"

static const char *const known[] = { "kernel", "initrd", "append", "disk", "memory", "cpus", "console", "ro" };
#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static const struct {
	const char *word;
	const char *expected;
} cases[] = {
	{ "kernle", "kernel" }, /* swap */
	{ "kerel", "kernel" }, /* deletion */
	{ "kernnel", "kernel" }, /* insertion */
	{ "kexnel", "kernel" }, /* substitution */
	{ "disks", "disk" },	 { "dsik", "disk" },
	{ "cpu", "cpus" },	 { "mem", "memory" }, /* the beginning of a word */
	{ "memroy", "memory" },	 { "or", "ro" },
	{ "memory", "memory" },	 { "", NULL },
	{ "x", NULL },		 { "zzzz", NULL },
	{ "network", NULL },	 { "kernelkernelkernelkernelkernelkernelkernel", NULL },
};

START_TEST(nearest_known_word_is_found_and_no_far_one)
{
	const char *near = suggest(cases[_i].word, known, NR_KNOWN);

	if (cases[_i].expected)
		ck_assert_pstr_eq(near, cases[_i].expected);
	else
		ck_assert_ptr_null(near);
}
END_TEST

START_TEST(words_of_any_length_are_safe)
{
	static const char *const long_candidate[] = { "a-candidate-that-is-much-longer-than-any-option-of-mote" };
	char word[300];

	for (size_t len = 0; len < sizeof(word); len++) {
		memset(word, 'a', len);
		word[len] = '\0';
		ck_assert_ptr_null(suggest(word, long_candidate, 1));
	}
	ck_assert_ptr_null(suggest("word", known, 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/suggest");
	TCase *tcase = tcase_create("suggest");

	tcase_add_loop_test(tcase, nearest_known_word_is_found_and_no_far_one, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tcase, words_of_any_length_are_safe);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
