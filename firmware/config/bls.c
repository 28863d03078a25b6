#include "firmware/config/bls.h"

#include <limits.h>

#include "firmware/config/places.h"
#include "firmware/config/version.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

/* Less than 0 if `a` comes first (UAPI.1, "Sorting"). */
static int compare(const struct bls_entry *a, const struct bls_entry *b)
{
	bool a_has_key = *a->sort_key != '\0';
	bool b_has_key = *b->sort_key != '\0';
	int order;

	if (a->is_bad != b->is_bad)
		return a->is_bad ? 1 : -1;
	if (a_has_key != b_has_key)
		return a_has_key ? -1 : 1;
	if (a_has_key) {
		order = strcmp(a->sort_key, b->sort_key);
		if (order == 0)
			order = strcmp(a->machine_id, b->machine_id);
		if (order == 0)
			order = version_compare(b->version, a->version);
		if (order != 0)
			return order;
	}
	return version_compare(b->name, a->name);
}

void bls_insert(struct bls_entry **list, struct bls_entry *entry)
{
	while (*list != NULL && compare(*list, entry) <= 0)
		list = &(*list)->next;
	entry->next = *list;
	*list = entry;
}

/* Whether a pattern of loader.conf means an entry, by its name with the ending or without. */
static bool is_meant(const char *pattern, const char *id)
{
	char name[FS_NAME_MAX + sizeof(".conf")];
	struct text text;

	text_begin(&text, name, sizeof(name));
	text_add(&text, id);
	text_add(&text, ".conf");
	return text_glob(pattern, id) || text_glob(pattern, name);
}

/* Takes the default and the time-out of a loader.conf (loader.conf(5)). */
static int read_loader_conf(struct mounted *where, struct entries *out)
{
	char *text;
	char *line;
	int64_t len = places_read(where, "/loader/loader.conf", &text);

	if (len < 0)
		return len == FW_ENOMEM ? FW_ENOMEM : 0;
	while ((line = text_line(&text)) != NULL) {
		const char *key = text_word(&line);
		const char *value = key == NULL ? NULL : text_word(&line);

		if (value == NULL)
			continue;
		if (strcmp(key, "timeout") == 0) {
			if (!text_number(value, &out->timeout_seconds))
				out->timeout_seconds = strcmp(value, "menu-force") == 0 ? UINT_MAX : 0;
		} else if (strcmp(key, "default") == 0) {
			unsigned int i = 0;

			while (i < out->nr && !is_meant(value, out->list[i].id))
				i++;
			if (i < out->nr)
				out->chosen = i;
			else
				print("loader.conf on %s: no entry is named '%s'\n", where->fs.source->name, value);
		}
	}
	return 0;
}

static int add_all(struct mounted *where, bool is_root, struct bls_entry **list)
{
	int rc = bls_add_entries(where, is_root ? "/boot/loader/entries" : "/loader/entries", NULL, list);

	if (rc == 0)
		rc = bls_add_images(where, is_root ? "/boot/EFI/Linux" : "/EFI/Linux", list);
	return rc;
}

int bls_read(struct places *places, struct entries *out)
{
	struct bls_entry *list = NULL;
	int rc = 0;

	for (unsigned int i = 0; i < places->nr && rc == 0; i++) {
		const struct volume *volume = places->mounted[i].volume;

		if (volume->is_esp || volume->is_xbootldr)
			rc = add_all(&places->mounted[i], false, &list);
	}
	for (unsigned int i = 0; i < 2 * places->nr && rc == 0 && list == NULL; i++)
		rc = add_all(&places->mounted[i / 2], i % 2 == 1, &list);
	for (; list != NULL && out->nr < ENTRY_MAX; list = list->next)
		out->list[out->nr++] = list->entry;
	for (unsigned int i = 0; i < places->nr && rc == 0 && out->nr > 0; i++)
		rc = read_loader_conf(&places->mounted[i], out);
	return rc;
}
