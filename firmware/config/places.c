#include "firmware/config/places.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define NAMES_BYTES (16u << 10) /* of the names that are kept of a directory */
#define MAX_LISTED 20000 /* names of a directory that are looked at */

static bool matches(struct mounted *where, enum places_by by, const char *what)
{
	switch (by) {
	case PLACES_BY_UUID:
		return text_equal_fold(where->fs.uuid, what);
	case PLACES_BY_LABEL:
		return strcmp(where->fs.label, what) == 0;
	case PLACES_BY_FILE:
		return places_has(where, what);
	}
	return false;
}

struct mounted *places_search(const struct places *places, enum places_by by, const char *what,
			      const struct mounted *near)
{
	if (*what == '\0')
		return NULL;
	for (unsigned int pass = near == NULL; pass < 2; pass++) {
		for (unsigned int i = 0; i < places->nr; i++) {
			struct mounted *where = &places->mounted[i];

			if ((pass == 1 || where->volume->disk == near->volume->disk) && matches(where, by, what))
				return where;
		}
	}
	return NULL;
}

/* GRUB doubles the hyphens of both names to tell them from the one between. */
static void lvm_device_name(const char *name, struct text *out)
{
	text_add(out, "lvm/");
	for (; *name != '\0'; name++) {
		text_add_bytes(out, *name == '/' ? "-" : name, 1);
		if (*name == '-')
			text_add(out, "-");
	}
}

void places_device_name(const struct mounted *where, char out[PLACES_DEVICE_MAX])
{
	const struct volume *volume = where->volume;
	const char *scheme = volume->scheme == 'g' ? "gpt" : volume->scheme == 'm' ? "msdos" : "";
	struct text text;

	text_begin(&text, out, PLACES_DEVICE_MAX);
	if (volume->kind == VOLUME_LOGICAL)
		lvm_device_name(volume->lvm_name, &text);
	else if (volume->kind == VOLUME_PARTITION)
		(void)print_to(out, PLACES_DEVICE_MAX, "hd%u,%s%u", volume->disk, scheme, volume->partition);
	else
		(void)print_to(out, PLACES_DEVICE_MAX, "hd%u", volume->disk);
}

/* Whether `name` is `full`, with the partition table's kind behind the comma or without. */
static bool is_name(const char *name, const char *full)
{
	while (*full != '\0' && *name == *full) {
		name++;
		full++;
		if (full[-1] == ',' && text_is_digit(*name))
			while (text_is_letter(*full))
				full++;
	}
	return *name == *full;
}

static bool is_device(const struct mounted *where, const char *name)
{
	char full[PLACES_DEVICE_MAX];

	if (text_begins(name, "lvmid/"))
		return where->volume->kind == VOLUME_LOGICAL && where->volume->lvm_uuid[0] != '\0' &&
		       text_equal_fold(name + strlen("lvmid/"), where->volume->lvm_uuid);
	places_device_name(where, full);
	return is_name(name, full);
}

struct mounted *places_device(const struct places *places, const char *name)
{
	for (unsigned int i = 0; i < places->nr; i++)
		if (is_device(&places->mounted[i], name))
			return &places->mounted[i];
	return NULL;
}

bool places_has_file(struct mounted *where, const char *path)
{
	struct fs_node node;

	return fs_open(&where->fs, path, &node) == 0 && node.kind == FS_FILE;
}

bool places_has(struct mounted *where, const char *path)
{
	struct fs_node node;

	return fs_open_no_follow(&where->fs, path, &node) == 0;
}

int64_t places_read(struct mounted *where, const char *path, char **out)
{
	struct fs_node node;
	int64_t rc = fs_open(&where->fs, path, &node);

	if (rc == FW_ENOENT || (rc == 0 && node.kind != FS_FILE))
		return FW_ENOENT;
	if (rc == 0)
		rc = fs_read_file(&where->fs, path, PLACES_FILE_MAX, out);
	if (rc >= 0 || rc == FW_ENOMEM)
		return rc;
	print("%s on %s: %s\n", path, where->fs.source->name, fw_error_text((int)rc));
	return FW_ENOENT;
}

/* Names are kept in memory that was taken before: a file system may hold some of the arena's while it lists. */
struct listing {
	const char *pattern;
	struct places_name *names;
	char *room;
	size_t room_bytes;
	unsigned int nr_seen;
};

static int keep_name(void *arg, const char *name, size_t len, enum fs_kind kind)
{
	struct listing *listing = arg;
	struct places_name *kept = (struct places_name *)(void *)listing->room;
	size_t size =
		(sizeof(*kept) + len + 1 + _Alignof(struct places_name) - 1) & ~(_Alignof(struct places_name) - 1);

	if (++listing->nr_seen > MAX_LISTED || len > FS_NAME_MAX || size > listing->room_bytes)
		return 1;
	memcpy(kept->name, name, len);
	kept->name[len] = '\0';
	if (!text_glob(listing->pattern, kept->name))
		return 0;
	kept->kind = kind;
	kept->next = listing->names;
	listing->names = kept;
	listing->room += size;
	listing->room_bytes -= size;
	return 0;
}

struct places_name *places_list(struct mounted *where, const char *directory, const char *pattern)
{
	struct listing listing = { .pattern = pattern };
	struct fs_node node;
	int rc;

	if (fs_open(&where->fs, directory, &node) < 0 || node.kind != FS_DIRECTORY)
		return NULL;
	listing.room = arena_alloc(where->fs.arena, NAMES_BYTES);
	listing.room_bytes = listing.room == NULL ? 0 : NAMES_BYTES;
	rc = where->fs.ops->list(&where->fs, &node, keep_name, &listing);
	if (rc != 0)
		print("%s on %s: %s\n", directory, where->fs.source->name,
		      rc > 0 ? "more names than are read" : fw_error_text(rc));
	return listing.names;
}

const char *places_concat(struct arena *arena, const char *a, const char *b, const char *c)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
	char *buf = arena_alloc(arena, size);
	struct text text;

	if (buf == NULL)
		return NULL;
	text_begin(&text, buf, size);
	text_add(&text, a);
	text_add(&text, b);
	text_add(&text, c);
	return buf;
}

const char *places_origin(struct arena *arena, const struct mounted *where, const char *path)
{
	return places_concat(arena, path, " on ", where->fs.source->name);
}

const char *places_join(struct arena *arena, const char *directory, const char *name)
{
	return places_concat(arena, directory, text_ends(directory, "/") || name[0] == '/' ? "" : "/", name);
}
