#include "vmm/cli/disk_option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/say.h"
#include "vmm/cli/size.h"
#include "vmm/cli/suggest.h"

/* A word that an option's value may be, and what it stands for. */
struct choice {
	const char *word;
	int value;
};

static const struct choice caches[] = {
	{ "auto", MOTE_CACHE_AUTO },
	{ "direct", MOTE_CACHE_DIRECT },
	{ "writeback", MOTE_CACHE_WRITEBACK },
	{ NULL, 0 },
};

static const struct choice engines[] = {
	{ "auto", MOTE_ENGINE_AUTO },
	{ "io_uring", MOTE_ENGINE_IO_URING },
	{ "aio", MOTE_ENGINE_AIO },
	{ "thread", MOTE_ENGINE_THREAD },
	{ NULL, 0 },
};

static const struct choice switches[] = {
	{ "on", 1 },
	{ "off", 0 },
	{ NULL, 0 },
};

static int choose(const struct choice *choices, const char *value, int *out)
{
	for (const struct choice *c = choices; c->word; c++) {
		if (strcmp(value, c->word) == 0) {
			*out = c->value;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_serial(struct mote_disk *disk, const char *value)
{
	disk->serial = value;
	return 0;
}

static int set_cache(struct mote_disk *disk, const char *value)
{
	int chosen, rc = choose(caches, value, &chosen);

	if (rc == 0)
		disk->cache = (enum mote_cache)chosen;
	return rc;
}

static int set_engine(struct mote_disk *disk, const char *value)
{
	int chosen, rc = choose(engines, value, &chosen);

	if (rc == 0)
		disk->engine = (enum mote_engine)chosen;
	return rc;
}

static int set_queues(struct mote_disk *disk, const char *value)
{
	int rc = count_parse(value, &disk->queues);

	/* Zero would mean "choose for me" to libmote, which leaving the option out says better. */
	return rc == 0 && disk->queues == 0 ? -ERANGE : rc;
}

static int set_discard(struct mote_disk *disk, const char *value)
{
	int chosen, rc = choose(switches, value, &chosen);

	if (rc == 0)
		disk->no_discard = chosen == 0;
	return rc;
}

static const struct disk_key {
	const char *name;
	int (*set)(struct mote_disk *disk, const char *value);
	const char *possible;
} keys[] = {
	{ "serial", set_serial, "1 to 20 printable characters" },
	{ "cache", set_cache, "auto, direct or writeback" },
	{ "engine", set_engine, "auto, io_uring, aio or thread" },
	{ "queues", set_queues, "a count from 1 on" },
	{ "discard", set_discard, "on or off" },
};
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static void say_unknown(const char *text, const char *word)
{
	const char *names[NR_KEYS + 1] = { "ro" };
	char name[40];
	const char *near;
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < NR_KEYS; i++)
		names[i + 1] = keys[i].name;
	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, word, len);
	name[len] = '\0';
	near = suggest(name, names, NR_KEYS + 1);
	if (near)
		say("--disk %s: unknown option '%s': did you mean '%s'?", text, word, near);
	else
		say("--disk %s: unknown option '%s': there are ro, serial=, cache=, engine=, queues= and discard= "
		    "(a comma in a path is written ',,')",
		    text, word);
}

static int apply(const char *text, struct mote_disk *disk, char *word)
{
	char *equals;

	if (strcmp(word, "ro") == 0) {
		disk->read_only = true;
		return 0;
	}
	equals = strchr(word, '=');
	for (size_t i = 0; equals && i < NR_KEYS; i++) {
		size_t len = (size_t)(equals - word);

		if (strlen(keys[i].name) != len || memcmp(word, keys[i].name, len) != 0)
			continue;
		if (equals[1] == '\0' || keys[i].set(disk, equals + 1) < 0) {
			say("--disk %s: '%s' is not possible: %s= takes %s", text, word, keys[i].name,
			    keys[i].possible);
			return -EINVAL;
		}
		return 0;
	}
	for (size_t i = 0; !equals && i < NR_KEYS; i++) {
		if (strcmp(word, keys[i].name) == 0) {
			say("--disk %s: '%s' needs a value: %s=, with %s", text, word, word, keys[i].possible);
			return -EINVAL;
		}
	}
	say_unknown(text, word);
	return -EINVAL;
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
		say("--disk '%s' names no disk: begin with the path of an image file or a block device", text);
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
