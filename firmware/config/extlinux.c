#include "firmware/config/extlinux.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define MAX_FILES 16 /* that INCLUDE may name, in all */

/* A label, and what its section has said. */
struct label {
	struct label *next;
	const char *name;
	const char *title;
	char *kernel; /* NULL: none */
	char *append; /* NULL: the one for all */
	char *initrds; /* file names with commas between them, or NULL */
	bool is_default; /* MENU DEFAULT */
};

struct reader {
	struct mounted *where;
	struct arena *arena;
	const char *directory; /* of the first file: what names without a slash are in */
	const char *origin;
	struct label *first;
	struct label *last; /* the one whose section is read, or NULL */
	const char *wanted; /* DEFAULT, or NULL */
	struct label all; /* what stands before the first label: its arguments are those of labels without any */
	unsigned int timeout_tenths;
	unsigned int nr_files;
};

static int read_lines(struct reader *reader, const char *path);

static int begin_label(struct reader *reader, const char *name)
{
	struct label *label = arena_alloc(reader->arena, sizeof(*label));

	if (label == NULL)
		return FW_ENOMEM;
	label->name = label->title = name;
	if (reader->last == NULL)
		reader->first = label;
	else
		reader->last->next = label;
	reader->last = label;
	return 0;
}

/* MENU LABEL TITLE, in which '^' marks a key; MENU DEFAULT; MENU INCLUDE FILE; the rest is about looks. */
static int take_menu(struct reader *reader, char *value)
{
	const char *key = text_word(&value);
	char *to = value;

	if (key == NULL)
		return 0;
	if (text_equal_fold(key, "include"))
		return read_lines(reader, text_word(&value));
	if (reader->last == NULL)
		return 0;
	reader->last->is_default |= text_equal_fold(key, "default");
	if (!text_equal_fold(key, "label"))
		return 0;
	while (text_is_space(*value))
		value++;
	reader->last->title = to;
	for (; *value != '\0'; value++)
		if (*value != '^')
			*to++ = *value;
	*to = '\0';
	return 0;
}

/* Keys whose values are kept as they are. */
static const struct {
	char key[8];
	unsigned short offset; /* of a char * in struct label */
} plain_keys[] = {
	{ "kernel", offsetof(struct label, kernel) },
	{ "linux", offsetof(struct label, kernel) },
	{ "initrd", offsetof(struct label, initrds) },
	{ "append", offsetof(struct label, append) },
};

static int take_line(struct reader *reader, const char *key, char *value)
{
	char *section = (char *)(reader->last != NULL ? reader->last : &reader->all);

	while (text_is_space(*value))
		value++;
	if (text_equal_fold(key, "label"))
		return begin_label(reader, value);
	if (text_equal_fold(key, "menu"))
		return take_menu(reader, value);
	if (text_equal_fold(key, "include"))
		return read_lines(reader, text_word(&value));
	if (text_equal_fold(key, "default"))
		reader->wanted = value;
	if (text_equal_fold(key, "timeout"))
		(void)text_number(value, &reader->timeout_tenths);
	for (unsigned int i = 0; i < sizeof(plain_keys) / sizeof(plain_keys[0]); i++)
		if (text_equal_fold(key, plain_keys[i].key))
			*(char **)(void *)(section + plain_keys[i].offset) = value;
	return 0;
}

/* A name as it is in a file, as a path: in the arena, NULL if that is full. */
static const char *path_of(struct reader *reader, const char *name)
{
	return name[0] == '/' ? name : places_join(reader->arena, reader->directory, name);
}

static int read_lines(struct reader *reader, const char *name)
{
	const char *path = name == NULL ? NULL : path_of(reader, name);
	char *text;
	char *line;
	int64_t len;

	if (name == NULL || reader->nr_files++ == MAX_FILES)
		return 0;
	if (path == NULL)
		return FW_ENOMEM;
	len = places_read(reader->where, path, &text);
	if (len < 0)
		return (int)len;
	while ((line = text_line(&text)) != NULL) {
		const char *key = text_word(&line);
		int rc = key == NULL || *key == '#' ? 0 : take_line(reader, key, line);

		if (rc == FW_ENOMEM)
			return rc;
	}
	return 0;
}

/* Finds files with commas between their names. */
static int find_initrds(struct reader *reader, char *names, struct entry *entry)
{
	while (*names != '\0' && entry->nr_initrds < ENTRY_MAX_INITRDS) {
		char *end = names;
		const char *path;

		while (*end != '\0' && *end != ',')
			end++;
		if (*end == ',')
			*end++ = '\0';
		path = path_of(reader, names);
		if (path == NULL)
			return FW_ENOMEM;
		if (places_has_file(reader->where, path))
			entry->initrds[entry->nr_initrds++] = (struct place_file){ reader->where, path, 0, 0 };
		else
			print("%s: there is no %s\n", reader->origin, path);
		names = end;
	}
	return 0;
}

/* Takes "initrd=FILES" out of the arguments: Syslinux reads it there too. The rest, in the arena, or NULL. */
static const char *split_append(struct reader *reader, char *append, char **initrds)
{
	size_t size = strlen(append) + 1;
	char *buf = arena_alloc(reader->arena, size);
	struct text rest;
	char *word;

	append = arena_text(reader->arena, append, size - 1);
	if (buf == NULL || append == NULL)
		return NULL;
	text_begin(&rest, buf, size);
	while ((word = text_word(&append)) != NULL) {
		if (text_begins(word, "initrd=")) {
			*initrds = word + strlen("initrd=");
			continue;
		}
		text_add(&rest, rest.len > 0 ? " " : "");
		text_add(&rest, word);
	}
	return buf;
}

/* Makes an entry of a label: 1, 0 if its kernel is not there, or FW_ENOMEM. */
static int make_entry(struct reader *reader, struct label *label, struct entry *out)
{
	char *append = label->append != NULL ? label->append : reader->all.append;
	char *initrds = NULL;
	const char *path = label->kernel == NULL ? NULL : path_of(reader, label->kernel);

	if (label->kernel != NULL && path == NULL)
		return FW_ENOMEM;
	/* A module of Syslinux's own, such as a menu's, is not one. */
	if (path == NULL || text_ends(path, ".c32") || !places_has_file(reader->where, path)) {
		print("%s: '%s' is left out: it names no kernel that is there\n", reader->origin, label->title);
		return 0;
	}
	*out = (struct entry){
		.title = label->title,
		.id = label->name,
		.kernel = { reader->where, path, 0, 0 },
		.arguments = "",
		.origin = reader->origin,
	};
	if (append != NULL && strcmp(append, "-") != 0)
		out->arguments = split_append(reader, append, &initrds);
	if (out->arguments == NULL)
		return FW_ENOMEM;
	if (label->initrds != NULL)
		initrds = label->initrds;
	if (initrds != NULL && find_initrds(reader, initrds, out) < 0)
		return FW_ENOMEM;
	return 1;
}

int extlinux_read(struct places *places, struct mounted *where, const char *path, struct entries *out)
{
	struct reader reader = { .where = where, .arena = places->arena };
	size_t len = strlen(path);
	bool has_default = false;
	int rc;

	while (len > 1 && path[len - 1] != '/')
		len--;
	reader.directory = arena_text(places->arena, path, len);
	reader.origin = places_origin(places->arena, where, path);
	if (reader.directory == NULL || reader.origin == NULL)
		return FW_ENOMEM;
	rc = read_lines(&reader, path);
	if (rc < 0)
		return rc;
	print("reading %s\n", reader.origin);
	for (struct label *label = reader.first; label != NULL && out->nr < ENTRY_MAX; label = label->next) {
		bool is_wanted = reader.wanted != NULL && strcmp(reader.wanted, label->name) == 0;

		rc = make_entry(&reader, label, &out->list[out->nr]);
		if (rc < 0)
			return rc;
		/* A menu's own default counts more than DEFAULT, which may name the menu. */
		if (rc > 0 && (label->is_default || (is_wanted && !has_default)))
			out->chosen = out->nr;
		has_default |= rc > 0 && label->is_default;
		out->nr += (unsigned int)rc;
	}
	out->timeout_seconds = (reader.timeout_tenths + 9) / 10;
	return 0;
}
