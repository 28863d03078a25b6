#include "firmware/config/grub_script.h"

#include <limits.h>

#include "firmware/config/bls.h"
#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define MAX_SUBMENUS 4 /* inside of each other */

/* Adds a line behind the last one of the open menu, or returns NULL. */
static struct grub_item *append(struct grub *grub)
{
	struct grub_item *item = arena_alloc(grub->arena, sizeof(*item));

	if (item == NULL) {
		grub_out_of_memory(grub);
		return NULL;
	}
	if (grub->scope.menu->last == NULL)
		grub->scope.menu->first = item;
	else
		grub->scope.menu->last->next = item;
	grub->scope.menu->last = item;
	return item;
}

/* menuentry|submenu TITLE [--class CLASS] [--users USERS] [--hotkey KEY] [--id ID] [--unrestricted] { ... } */
int grub_add_item(struct grub *grub, unsigned int nr, char **words, const struct grub_cursor *block)
{
	const char *title = NULL;
	const char *id = "";
	struct grub_item *item;

	for (unsigned int i = 1; i < nr; i++) {
		if (text_begins(words[i], "--id=")) {
			id = words[i] + strlen("--id=");
		} else if (strcmp(words[i], "--id") == 0 && i + 1 < nr) {
			id = words[++i];
		} else if (text_begins(words[i], "--")) {
			/* These have a value, which is the next word if there is no '='. */
			i += strcmp(words[i], "--class") == 0 || strcmp(words[i], "--users") == 0 ||
			     strcmp(words[i], "--hotkey") == 0;
		} else if (title == NULL) {
			title = words[i];
		}
	}
	if (title == NULL || block == NULL || grub->entry != NULL)
		return 1;
	item = append(grub);
	if (item == NULL)
		return 1;
	item->title = grub_keep(grub, title, strlen(title));
	item->id = grub_keep(grub, id, strlen(id));
	item->body = *block;
	item->is_submenu = words[0][0] == 's';
	return 0;
}

static const char *variable_of(void *arg, const char *name, size_t len)
{
	return grub_get(arg, name, len);
}

int grub_add_bls(struct grub *grub)
{
	const struct bls_variables variables = { .get = variable_of, .arg = grub };
	const char *const directories[] = { grub_value(grub, "blsdir"), "/loader/entries", "/boot/loader/entries" };
	struct bls_entry *list = NULL;

	if (grub->has_bls)
		return 0;
	grub->has_bls = true;
	for (unsigned int i = 0; i < 3 && list == NULL; i++) {
		struct place_file directory = grub_file(grub, directories[i]);

		if (directory.where != NULL && *directory.path == '/' &&
		    bls_add_entries(directory.where, directory.path, &variables, &list) < 0) {
			grub_out_of_memory(grub);
			return 1;
		}
	}
	for (; list != NULL; list = list->next) {
		struct grub_item *item = append(grub);

		if (item == NULL)
			return 1;
		item->title = list->entry.title;
		item->id = list->entry.id;
		item->entry = &list->entry;
	}
	return 0;
}

/* Takes the first component of "1>2", ">>" being a '>' of a title: whether it means the `number`th line, `item`. What
 * is behind it in *rest, "" if there is nothing. */
static bool is_meant(const char *wanted, const struct grub_item *item, unsigned int number, const char **rest)
{
	char component[256];
	struct text text;
	unsigned int value;

	text_begin(&text, component, sizeof(component));
	for (; *wanted != '\0'; wanted++) {
		if (*wanted == '>' && *++wanted != '>')
			break;
		text_add_bytes(&text, wanted, 1);
	}
	*rest = wanted;
	if (text_number(component, &value))
		return value == number;
	return !text.is_cut && *component != '\0' &&
	       (strcmp(component, item->title) == 0 || strcmp(component, item->id) == 0);
}

/* A submenu's lines are being listed. */
struct submenu {
	const char *titles; /* of this one and those around it, or NULL */
	const char *ids;
	const char *wanted; /* the default in here, "" for the first one; NULL: it is not in here */
};

static void list_menu(struct grub *grub, struct grub_item *menu, const struct submenu *submenu, unsigned int depth,
		      struct entries *out);

/* Runs the block of a line. */
static void run_block(struct grub *grub, struct grub_cursor block)
{
	grub->flow = grub->budget == 0 || grub->error != 0 ? GRUB_ENDS : GRUB_GOES_ON;
	grub->status = 0;
	grub_run(grub, block);
}

/* Runs an entry's block. Whether it has a kernel then. */
static bool fill_entry(struct grub *grub, const struct grub_item *item, struct entry *out)
{
	const struct grub_scope scope = grub->scope;

	if (item->entry != NULL) {
		*out = *item->entry;
		return true;
	}
	*out = (struct entry){ .title = item->title, .id = item->id, .arguments = "" };
	grub->entry = out;
	grub->other = NULL;
	run_block(grub, item->body);
	grub->entry = NULL;
	grub->scope = scope;
	if (out->kernel.where == NULL)
		GRUB_SAY(grub, "'%s' is left out: it %s%s\n", item->title,
			 grub->other != NULL ? "is not Linux: " : "names no kernel that is there",
			 grub->other != NULL ? grub->other : "");
	return out->kernel.where != NULL;
}

static void list_entry(struct grub *grub, const struct grub_item *item, const struct submenu *submenu, bool is_default,
		       struct entries *out)
{
	struct entry *entry = &out->list[out->nr];

	/* Of too many the default still takes a place, the last one. */
	if (out->nr == ENTRY_MAX) {
		if (!is_default)
			return;
		entry = &out->list[--out->nr];
	}
	if (!fill_entry(grub, item, entry)) {
		if (is_default)
			GRUB_SAY(grub, "'%s' would be the default\n", item->title);
		return;
	}
	entry->submenu = submenu->titles;
	entry->submenu_id = submenu->ids;
	if (entry->origin == NULL)
		entry->origin = grub->origin;
	if (is_default) {
		out->chosen = out->nr;
		grub->has_default = true;
	}
	out->nr++;
}

/* "AROUND>OWN", or "OWN" at the top. */
static const char *nested_name(struct grub *grub, const char *around, const char *own)
{
	const char *name = around == NULL ? own : places_concat(grub->arena, around, ">", own);

	if (name == NULL)
		grub_out_of_memory(grub);
	return name == NULL ? own : name;
}

static void list_submenu(struct grub *grub, struct grub_item *item, const struct submenu *around, const char *wanted,
			 unsigned int depth, struct entries *out)
{
	struct submenu submenu = {
		.titles = nested_name(grub, around->titles, item->title),
		.ids = nested_name(grub, around->ids, item->id),
		.wanted = wanted,
	};
	const struct grub_scope scope = grub->scope;

	if (depth == MAX_SUBMENUS) {
		GRUB_SAY(grub, "'%s' is left out: too many menus inside of each other\n", item->title);
		return;
	}
	grub->scope.menu = item;
	run_block(grub, item->body);
	list_menu(grub, item, &submenu, depth + 1, out);
	grub->scope = scope;
}

static void list_menu(struct grub *grub, struct grub_item *menu, const struct submenu *submenu, unsigned int depth,
		      struct entries *out)
{
	unsigned int number = 0;

	for (struct grub_item *item = menu->first; item != NULL; item = item->next, number++) {
		const char *rest = "";
		bool is_default = submenu->wanted != NULL && !grub->has_default;

		/* "" is the first line. */
		if (is_default && *submenu->wanted != '\0')
			is_default = is_meant(submenu->wanted, item, number, &rest);
		else if (is_default)
			is_default = number == 0;
		if (item->is_submenu)
			list_submenu(grub, item, submenu, is_default ? rest : NULL, depth, out);
		else
			list_entry(grub, item, submenu, is_default, out);
	}
}

void grub_list(struct grub *grub, struct entries *out)
{
	const char *wanted = grub_value(grub, "default");
	const char *timeout = grub_value(grub, "timeout");
	const struct submenu top = { .wanted = wanted };

	if (!text_number(timeout, &out->timeout_seconds))
		out->timeout_seconds = UINT_MAX;
	list_menu(grub, &grub->menu, &top, 0, out);
	if (out->nr > 0 && !grub->has_default) {
		GRUB_SAY(grub,
			 "the default, '%s', is not among the entries that can be started: the first one is taken\n",
			 wanted);
		out->chosen = 0;
	}
}
