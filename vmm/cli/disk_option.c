#include "vmm/cli/disk_option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/disk_keys.h"
#include "vmm/cli/say.h"
#include "vmm/cli/suggest.h"

static void set_read_only(struct mote_disk *disk)
{
	disk->read_only = true;
}

static void set_snapshot(struct mote_disk *disk)
{
	disk->snapshot = true;
}

/* The options without a value. */
static const struct disk_flag {
	const char *name;
	void (*set)(struct mote_disk *disk);
} flags[] = {
	{ "ro", set_read_only },
	{ "snapshot", set_snapshot },
};
#define NR_FLAGS (sizeof(flags) / sizeof(flags[0]))
#define MAX_NAMES 32

static void say_unknown(const char *text, const char *word)
{
	const char *names[MAX_NAMES];
	const char *near;
	char name[40];
	size_t len = strcspn(word, "="), nr = 0;

	for (size_t i = 0; i < NR_FLAGS; i++)
		names[nr++] = flags[i].name;
	for (const struct disk_key *key = disk_keys; key->name && nr < MAX_NAMES; key++)
		names[nr++] = key->name;
	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, word, len);
	name[len] = '\0';
	near = suggest(name, names, nr);
	if (near)
		say("--disk %s: unknown option '%s': did you mean '%s'?", text, word, near);
	else
		say("--disk %s: unknown option '%s': 'mote run --help' lists those there are (a comma in a path is "
		    "written ',,')",
		    text, word);
}

static int apply(const char *text, struct mote_disk *disk, char *word)
{
	size_t len = strcspn(word, "=");
	const struct disk_key *key = disk_keys;

	for (size_t i = 0; i < NR_FLAGS; i++) {
		if (strcmp(word, flags[i].name) == 0) {
			flags[i].set(disk);
			return 0;
		}
	}
	while (key->name && (strlen(key->name) != len || memcmp(word, key->name, len) != 0))
		key++;
	if (!key->name) {
		say_unknown(text, word);
		return -EINVAL;
	}
	if (word[len] == '\0') {
		say("--disk %s: '%s' needs a value: %s=, with %s", text, word, word, key->possible);
		return -EINVAL;
	}
	if (word[len + 1] == '\0' || key->set(disk, word + len + 1) < 0) {
		say("--disk %s: '%s' is not possible: %s= takes %s", text, word, key->name, key->possible);
		return -EINVAL;
	}
	return 0;
}

/* Cuts the next word off *rest in place: undoes the doubled commas, ends the word, and moves *rest behind the comma
 * that ended it, or to NULL after the last word. */
static char *next_word(char **rest)
{
	char *word = *rest, *from = word, *to = word;

	while (*from != '\0') {
		if (*from == ',') {
			if (from[1] != ',')
				break;
			from++;
		}
		*to++ = *from++;
	}
	*rest = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return word;
}

int disk_option_parse(const char *text, struct disk_option *out)
{
	struct mote_disk disk = { 0 };
	char *storage, *rest;
	int rc;

	storage = strdup(text);
	if (!storage) {
		say("no memory for --disk");
		return -ENOMEM;
	}
	rest = storage;
	disk.path = next_word(&rest);
	if (disk.path[0] == '\0') {
		say("--disk '%s' names no disk: begin with the path of an image file or a block device, or with "
		    "lvm:VG/LV",
		    text);
		rc = -EINVAL;
		goto free_storage;
	}
	while (rest) {
		rc = apply(text, &disk, next_word(&rest));
		if (rc < 0)
			goto free_storage;
	}
	*out = (struct disk_option){ .disk = disk, .storage = storage };
	return 0;

free_storage:
	free(storage);
	return rc;
}

void disk_option_fini(struct disk_option *option)
{
	free(option->storage);
	*option = (struct disk_option){ 0 };
}
