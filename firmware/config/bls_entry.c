/* Entries of type 1: a file of lines, each a key and a value. */
#include "firmware/config/bls.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define ENDING ".conf"

/* A file that is being read. */
struct reader {
	struct mounted *where;
	struct arena *arena;
	const struct bls_variables *variables;
	const char *path;
	struct bls_entry *entry;
	struct text options;
	const char *unusable; /* why it can't be started, or NULL */
};

/* Cuts off ".conf", and boot counting before it: "+LEFT" or "+LEFT-DONE". No tries left makes it bad. */
static void take_name(struct bls_entry *entry, char *name)
{
	char *at = name + strlen(name) - strlen(ENDING);
	bool has_left = false;

	*at = '\0';
	entry->name = name;
	while (at > name && (text_is_digit(at[-1]) || at[-1] == '-'))
		at--;
	if (at == name || at[-1] != '+' || !text_is_digit(*at))
		return;
	at[-1] = '\0';
	for (; text_is_digit(*at); at++)
		has_left |= *at != '0';
	entry->is_bad = !has_left;
}

/* Appends a value with its variables put in. */
static void add_expanded(const struct bls_variables *variables, const char *value, struct text *out)
{
	while (*value != '\0') {
		const char *name = value + 1;
		size_t len = 0;

		if (*value == '$' && variables != NULL) {
			bool is_braced = *name == '{';

			name += is_braced;
			while (text_is_letter(name[len]) || text_is_digit(name[len]) || name[len] == '_')
				len++;
			if (len > 0) {
				text_add(out, variables->get(variables->arg, name, len));
				value = name + len + (is_braced && name[len] == '}');
				continue;
			}
		}
		text_add_bytes(out, value++, 1);
	}
}

/* Finds a file that is named in the entry: its path is from the root of the entry's own file system. */
static bool find(struct reader *reader, const char *name, struct place_file *out)
{
	const char *path = places_join(reader->arena, "/", name);

	if (path == NULL)
		return false;
	path += path[0] == '/' && path[1] == '/';
	if (!places_has_file(reader->where, path)) {
		print("%s on %s: there is no %s\n", reader->path, reader->where->fs.source->name, path);
		return false;
	}
	*out = (struct place_file){ .where = reader->where, .path = path };
	return true;
}

static void take_initrds(struct reader *reader, char *value)
{
	struct entry *entry = &reader->entry->entry;
	char expanded[FS_PATH_MAX];
	struct text text;
	char *name;

	text_begin(&text, expanded, sizeof(expanded));
	add_expanded(reader->variables, value, &text);
	value = expanded;
	while ((name = text_word(&value)) != NULL)
		if (entry->nr_initrds < ENTRY_MAX_INITRDS && find(reader, name, &entry->initrds[entry->nr_initrds]))
			entry->nr_initrds++;
}

/* Keys whose values are kept as they are. */
static const struct {
	char key[12];
	unsigned short offset; /* of a const char * in struct bls_entry */
} plain_keys[] = {
	{ "title", offsetof(struct bls_entry, entry.title) },
	{ "version", offsetof(struct bls_entry, version) },
	{ "machine-id", offsetof(struct bls_entry, machine_id) },
	{ "sort-key", offsetof(struct bls_entry, sort_key) },
};

static void take_line(struct reader *reader, const char *key, char *value)
{
	while (text_is_space(*value))
		value++;
	for (unsigned int i = 0; i < sizeof(plain_keys) / sizeof(plain_keys[0]); i++)
		if (strcmp(key, plain_keys[i].key) == 0)
			*(const char **)(void *)((char *)reader->entry + plain_keys[i].offset) = value;
	if (strcmp(key, "linux") == 0) {
		(void)find(reader, value, &reader->entry->entry.kernel);
	} else if (strcmp(key, "initrd") == 0) {
		take_initrds(reader, value);
	} else if (strcmp(key, "architecture") == 0) {
		if (!text_equal_fold(value, "x64") && !text_equal_fold(value, "ia32"))
			reader->unusable = "is for another architecture";
	} else if (strcmp(key, "efi") == 0 || strcmp(key, "uki") == 0) {
		reader->unusable = "is an EFI program";
	} else if (strcmp(key, "options") == 0) {
		text_add(&reader->options, reader->options.len > 0 ? " " : "");
		add_expanded(reader->variables, value, &reader->options);
	}
}

/* Room for the options: a file is not larger than all of them, and variables' values come on top. */
#define VARIABLES_BYTES 4096

/* Reads an entry: 1, 0 if it can't be started, or FW_ENOMEM. */
static int read_entry(struct reader *reader, struct places_name *file)
{
	struct bls_entry *entry = arena_alloc(reader->arena, sizeof(*entry));
	const char *origin = places_origin(reader->arena, reader->where, reader->path);
	int64_t len;
	char *text;
	char *options;
	char *line;

	if (entry == NULL || origin == NULL)
		return FW_ENOMEM;
	len = places_read(reader->where, reader->path, &text);
	if (len < 0)
		return len == FW_ENOMEM ? FW_ENOMEM : 0;
	options = arena_alloc(reader->arena, (size_t)len + VARIABLES_BYTES);
	if (options == NULL)
		return FW_ENOMEM;
	text_begin(&reader->options, options, (size_t)len + VARIABLES_BYTES);
	reader->entry = entry;
	reader->unusable = NULL;
	entry->sort_key = entry->machine_id = entry->version = "";
	take_name(entry, file->name);
	entry->entry.title = entry->entry.id = entry->name;
	entry->entry.arguments = options;
	entry->entry.origin = origin;
	while ((line = text_line(&text)) != NULL) {
		const char *key = text_word(&line);

		if (key != NULL && *key != '#')
			take_line(reader, key, line);
	}
	if (reader->unusable == NULL && reader->options.is_cut)
		reader->unusable = "has too long options";
	if (reader->unusable == NULL && entry->entry.kernel.where == NULL)
		reader->unusable = "names no kernel that is there";
	if (reader->unusable != NULL)
		print("%s is left out: it %s\n", origin, reader->unusable);
	return reader->unusable == NULL;
}

int bls_add_entries(struct mounted *where, const char *directory, const struct bls_variables *variables,
		    struct bls_entry **list)
{
	struct reader reader = { .where = where, .arena = where->fs.arena, .variables = variables };
	struct places_name *file = places_list(where, directory, "?*" ENDING);

	for (; file != NULL; file = file->next) {
		int rc;

		reader.path = places_join(reader.arena, directory, file->name);
		if (reader.path == NULL)
			return FW_ENOMEM;
		rc = read_entry(&reader, file);
		if (rc < 0)
			return rc;
		if (rc > 0)
			bls_insert(list, reader.entry);
	}
	return 0;
}
