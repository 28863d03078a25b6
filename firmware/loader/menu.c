#include "firmware/loader/menu.h"

#include "firmware/loader/console.h"
#include "firmware/loader/keys.h"
#include "firmware/loader/line_edit.h"

#define VISIBLE 16 /* entries at once */
#define TITLE_COLUMNS 70 /* so that no line wraps on 80 columns */

struct menu {
	const struct entries *entries;
	unsigned int at;
	unsigned int top; /* the first that is shown */
	unsigned int shown;
};

static void draw_entry(const struct menu *menu, unsigned int i)
{
	const struct entry *entry = &menu->entries->list[i];
	int room = TITLE_COLUMNS;

	console_print("\r%c %2u  ", i == menu->at ? '>' : ' ', i);
	if (entry->submenu != NULL) {
		console_print("%.*s > ", room / 2, entry->submenu);
		room /= 2;
	}
	console_print("%.*s\033[K\r\n", room, entry->title);
}

/* The first time below what is on the screen, then over itself. */
static void draw(struct menu *menu, bool again)
{
	if (menu->at < menu->top)
		menu->top = menu->at;
	if (menu->at >= menu->top + menu->shown)
		menu->top = menu->at - menu->shown + 1;
	if (again)
		console_print("\033[%uA", menu->shown);
	for (unsigned int i = 0; i < menu->shown; i++)
		draw_entry(menu, menu->top + i);
}

static void show(struct menu *menu)
{
	console_print("\r\nBoot entries: arrows or digits choose, Enter boots, e edits the arguments\r\n\r\n");
	draw(menu, false);
}

/* A digit is the entry's number, or goes on with the number that was begun. */
static void choose_digit(struct menu *menu, unsigned int digit)
{
	unsigned int longer = menu->at * 10 + digit;

	if (menu->at > 0 && longer < menu->entries->nr)
		menu->at = longer;
	else if (digit < menu->entries->nr)
		menu->at = digit;
}

static void move(struct menu *menu, int key)
{
	if ((key == KEY_UP || key == 'k') && menu->at > 0)
		menu->at--;
	else if ((key == KEY_DOWN || key == 'j') && menu->at + 1 < menu->entries->nr)
		menu->at++;
	else if (key == KEY_HOME)
		menu->at = 0;
	else if (key == KEY_END)
		menu->at = menu->entries->nr - 1;
	else if (key >= '0' && key <= '9')
		choose_digit(menu, (unsigned int)(key - '0'));
}

static bool edit(const struct menu *menu, const struct choice_append *append, struct choice *choice)
{
	choice_set(choice, menu->entries, menu->at, append);
	console_print("\r\nArguments of the kernel: Enter boots, Escape goes back\r\n");
	return line_edit(choice->arguments, sizeof(choice->arguments));
}

void menu_run(const struct entries *entries, const struct choice_append *append, struct choice *choice)
{
	struct menu menu = { .entries = entries, .at = choice->index };

	menu.shown = entries->nr < VISIBLE ? entries->nr : VISIBLE;
	show(&menu);
	for (;;) {
		int key = keys_wait();

		if (key == KEY_ENTER) {
			choice_set(choice, entries, menu.at, append);
			return;
		}
		if (key != 'e') {
			move(&menu, key);
			draw(&menu, true);
		} else if (edit(&menu, append, choice)) {
			return;
		} else {
			show(&menu);
		}
	}
}
