#include "firmware/config/grub_script.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define FILE_COST 8192 /* what asking for a file is charged, in bytes of script */

/* Finds a device: its name with parentheses or without. */
static struct mounted *device(struct grub *grub, const char *name, size_t len)
{
	char plain[PLACES_DEVICE_MAX];
	struct text text;

	if (len >= 2 && name[0] == '(' && name[len - 1] == ')') {
		name++;
		len -= 2;
	}
	text_begin(&text, plain, sizeof(plain));
	text_add_bytes(&text, name, len);
	grub_charge(grub, PLACES_DEVICE_MAX);
	return text.is_cut ? NULL : places_device(grub->places, plain);
}

struct place_file grub_file(struct grub *grub, const char *name)
{
	const char *close = name[0] == '(' ? strchr(name, ')') : NULL;
	const char *root = grub_value(grub, "root");

	grub_charge(grub, FILE_COST);
	if (close != NULL)
		return (struct place_file){ .where = device(grub, name, (size_t)(close + 1 - name)),
					    .path = close + 1 };
	return (struct place_file){ .where = device(grub, root, strlen(root)), .path = name };
}

bool grub_find_file(struct grub *grub, const char *name, struct place_file *out)
{
	*out = grub_file(grub, name);
	if (out->where == NULL) {
		GRUB_SAY(grub, "%s: there is no device '%s' for %s\n", grub->scope.path,
			 name[0] == '(' ? name : grub_value(grub, "root"), name);
		return false;
	}
	if (out->path[0] != '/' || !places_has_file(out->where, out->path)) {
		GRUB_SAY(grub, "%s: there is no %s on %s\n", grub->scope.path, out->path, out->where->fs.source->name);
		return false;
	}
	out->path = grub_keep(grub, out->path, strlen(out->path));
	return true;
}

void grub_set_directory(struct grub *grub, const char *variable)
{
	char buf[PLACES_DEVICE_MAX + FS_PATH_MAX];
	char name[PLACES_DEVICE_MAX];
	size_t len = strlen(grub->scope.path);

	while (len > 0 && grub->scope.path[len - 1] != '/')
		len--;
	places_device_name(grub->scope.where, name);
	(void)print_to(buf, sizeof(buf), "(%s)%.*s", name, len > 0 ? (int)len - 1 : 0, grub->scope.path);
	grub_set(grub, variable, strlen(variable), buf);
}

/* What search was asked for. */
struct search {
	char kind; /* 'u' UUID, 'l' label, 'f' file; 0: nothing */
	const char *variable; /* to set to the device's name, or NULL */
	const char *what;
};

/* The kind that a word asks for: "--fs-uuid" and "-u", "--label", "--file" and "-f", and "fs_uuid" behind "search.". */
static char kind_of(const char *word)
{
	while (*word == '-' || *word == '.')
		word++;
	if (text_begins(word, "fs") && (word[2] == '-' || word[2] == '_'))
		word += 3;
	return *word == 'u' || *word == 'l' || *word == 'f' ? *word : 0;
}

/* Takes an option, whose value may be the next word: how many words it is. */
static unsigned int take_option(struct search *search, const char *word)
{
	char kind = kind_of(word);

	if (kind != 0)
		search->kind = kind;
	if (text_begins(word, "--set="))
		search->variable = word + strlen("--set=");
	else if (strcmp(word, "--set") == 0 || strcmp(word, "-s") == 0)
		search->variable = "root";
	return text_begins(word, "--hint") && strchr(word, '=') == NULL ? 2 : 1;
}

int grub_search(struct grub *grub, unsigned int nr, char **words)
{
	/* Either "search [OPTION...] WHAT" or "search.fs_uuid WHAT [VARIABLE [HINT...]]". */
	const char *dot = words[0] + strlen("search");
	struct search search = { 0 };
	struct mounted *where;
	char name[PLACES_DEVICE_MAX];

	if (*dot == '.') {
		search.kind = kind_of(dot);
		search.what = words[1];
		search.variable = nr > 2 ? words[2] : "root";
		nr = 0;
	}
	for (unsigned int i = 1; i < nr;) {
		if (words[i][0] != '-' && search.what == NULL)
			search.what = words[i];
		i += words[i][0] == '-' ? take_option(&search, words[i]) : 1;
	}
	if (search.kind == 0 || search.what == NULL)
		return 1;
	if (search.kind == 'f')
		grub_charge(grub, (size_t)grub->places->nr * FILE_COST);
	where = places_search(grub->places,
			      search.kind == 'u'   ? PLACES_BY_UUID
			      : search.kind == 'l' ? PLACES_BY_LABEL
						   : PLACES_BY_FILE,
			      search.what, grub->scope.where);
	if (where == NULL) {
		GRUB_SAY(grub, "%s: there is no file system with the %s '%s'\n", grub->scope.path,
			 search.kind == 'u'   ? "UUID"
			 : search.kind == 'l' ? "label"
					      : "file",
			 search.what);
		return 1;
	}
	places_device_name(where, name);
	if (search.variable != NULL)
		grub_set(grub, search.variable, strlen(search.variable), name);
	return 0;
}
