#include "firmware/loader/menu.h"

#include <stdio.h>
#include <string.h>

#include "test/unit/firmware_fake_call.h"
#include "test/unit/unit.h"

static struct entries entries;
static struct choice choice;
static const struct choice_append nothing = { "", 0 };
static char titles[ENTRY_MAX][32];

/* `nr` entries, "title 0" with the arguments "a0" and so on. */
static void make_entries(unsigned int nr)
{
	static char arguments[ENTRY_MAX][16];

	entries = (struct entries){ .nr = nr };
	for (unsigned int i = 0; i < nr; i++) {
		snprintf(titles[i], sizeof(titles[i]), "title %u", i);
		snprintf(arguments[i], sizeof(arguments[i]), "a%u", i);
		entries.list[i] = (struct entry){ .title = titles[i], .id = "", .arguments = arguments[i] };
	}
	fake_call_clear();
}

static const struct {
	unsigned int nr, start;
	const char *keys;
	unsigned int chosen;
	const char *arguments;
} runs[] = {
	{ 3, 1, "\r", 1, "a1" },
	{ 3, 1, "\n", 1, "a1" },
	{ 3, 0, "\033[B\033OB\r", 2, "a2" },
	{ 3, 0, "\033[B\033[B\033[B\033[B\r", 2, "a2" }, /* no further than the last */
	{ 3, 1, "\033[A\033[A\r", 0, "a0" },
	{ 3, 0, "jjk\r", 1, "a1" },
	{ 3, 2, "0\r", 0, "a0" },
	{ 3, 0, "7\r", 0, "a0" }, /* there is none */
	{ 20, 0, "13\r", 13, "a13" },
	{ 20, 0, "\033[F\r", 19, "a19" },
	{ 20, 19, "\033[H\r", 0, "a0" },
	{ 3, 0, "\033[1;5P\033\r", 0, "a0" }, /* keys that mean nothing */
	{ 3, 1, "e\r", 1, "a1" },
	{ 3, 1, "e x\r", 1, "a1 x" },
	{ 3, 1,
	  "e\x7f\x08\x7f"
	  "b\r",
	  1, "b" },
	{ 3, 1, "e\033[Dz\033[C!\r", 1, "az1!" },
	{ 3, 1, "e\001>\005<\r", 1, ">a1<" },
	{ 3, 1, "e\025new\r", 1, "new" },
	{ 3, 1, "e\033[D\025\r", 1, "1" },
	{ 3, 1, "eq\t\033[3~\200\r", 1, "a1q" }, /* what can't be typed is not taken */
};

START_TEST(keys_choose_and_edit)
{
	make_entries(runs[_i].nr);
	choice_set(&choice, &entries, runs[_i].start, &nothing);
	fake_call_press(runs[_i].keys);
	menu_run(&entries, &nothing, &choice);
	ck_assert_uint_eq(choice.index, runs[_i].chosen);
	ck_assert_str_eq(choice.arguments, runs[_i].arguments);
}
END_TEST

START_TEST(escape_leaves_the_editor_and_its_changes)
{
	make_entries(2);
	choice_set(&choice, &entries, 0, &nothing);
	fake_call_press("exxx\033");
	menu_run(&entries, &nothing, &choice);
	ck_assert_str_eq(choice.arguments, "a0");
}
END_TEST

START_TEST(what_the_user_appends_is_there_to_edit)
{
	static const struct choice_append more = { "quiet splash", 5 };

	make_entries(2);
	choice_set(&choice, &entries, 0, &more);
	ck_assert_str_eq(choice.arguments, "a0 quiet");
	entries.list[1].arguments = "";
	fake_call_press("je\033[D!\r");
	menu_run(&entries, &more, &choice);
	ck_assert_str_eq(choice.arguments, "quie!t");
}
END_TEST

START_TEST(arguments_fill_their_room_and_no_more)
{
	static char typed[2 * CHOICE_ARGUMENTS_BYTES];

	make_entries(1);
	choice_set(&choice, &entries, 0, &nothing);
	memset(typed, 'x', sizeof(typed) - 1);
	typed[0] = 'e';
	fake_call_press(typed);
	menu_run(&entries, &nothing, &choice);
	ck_assert_uint_eq(strlen(choice.arguments), CHOICE_ARGUMENTS_BYTES - 1);
}
END_TEST

START_TEST(titles_steer_no_terminal)
{
	make_entries(1);
	entries.list[0].title = "evil\033[2Jtitle";
	choice_set(&choice, &entries, 0, &nothing);
	fake_call_press("\r");
	menu_run(&entries, &nothing, &choice);
	ck_assert_ptr_nonnull(strstr(fake_call_console(), "evil?[2Jtitle"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware_menu");
	TCase *tc = tcase_create("menu");

	tcase_add_loop_test(tc, keys_choose_and_edit, 0, sizeof(runs) / sizeof(runs[0]));
	tcase_add_test(tc, escape_leaves_the_editor_and_its_changes);
	tcase_add_test(tc, what_the_user_appends_is_there_to_edit);
	tcase_add_test(tc, arguments_fill_their_room_and_no_more);
	tcase_add_test(tc, titles_steer_no_terminal);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
