/* Directories of FAT, with long names. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/wire.h"
#include "firmware/fs/fat.h"

#define END 0x00 /* in the first byte of a name: no entry from here on */
#define DELETED 0xe5
#define STANDS_FOR_E5 0x05

#define ATTRIBUTE_LABEL 0x08
#define ATTRIBUTE_DIRECTORY 0x10
#define ATTRIBUTE_LONG_NAME 0x0f

#define LOWER_BASE 0x08
#define LOWER_EXTENSION 0x10

#define LONG_LAST 0x40
#define LONG_MAX_PARTS 20
#define LONG_PART_CHARS 13

struct short_entry {
	uint8_t name[11];
	uint8_t attributes;
	uint8_t lower;
	uint8_t times[7];
	le16 cluster_high;
	uint8_t changed[4];
	le16 cluster_low;
	le32 size;
};

/* A part of a long name; they stand before the short one, the last part first. */
struct long_entry {
	uint8_t number;
	le16 chars1[5];
	uint8_t attributes;
	uint8_t type;
	uint8_t checksum;
	le16 chars2[6];
	le16 cluster;
	le16 chars3[2];
};
_Static_assert(sizeof(struct short_entry) == 32 && sizeof(struct long_entry) == 32, "directory entries");

/* A long name while its parts are read. */
struct long_name {
	le16 chars[LONG_MAX_PARTS * LONG_PART_CHARS]; /* UTF-16 */
	unsigned int expected; /* number of the next part; 0: it is complete, or there is none */
	bool is_there;
	uint8_t checksum;
};

/* One entry as it is shown. The long name, or else the short one. */
struct shown {
	const struct short_entry *entry;
	char name[FS_NAME_MAX];
	size_t len;
	char short_name[13];
	size_t short_len;
};

/* Nonzero ends the walk, which returns it. */
typedef int (*each_entry)(void *arg, const struct shown *shown);

static void add_part(struct long_name *name, const struct long_entry *part)
{
	unsigned int number = part->number & ~LONG_LAST;
	le16 *to;

	if (part->number & LONG_LAST) {
		name->is_there = number >= 1 && number <= LONG_MAX_PARTS;
		name->expected = number;
		name->checksum = part->checksum;
		memset(name->chars, 0, sizeof(name->chars));
	}
	if (!name->is_there || number == 0 || number != name->expected || part->checksum != name->checksum) {
		name->is_there = false;
		return;
	}
	to = name->chars + (number - 1) * LONG_PART_CHARS;
	memcpy(to, part->chars1, sizeof(part->chars1));
	memcpy(to + 5, part->chars2, sizeof(part->chars2));
	memcpy(to + 11, part->chars3, sizeof(part->chars3));
	name->expected--;
}

static uint8_t checksum(const uint8_t name[11])
{
	uint8_t sum = 0;

	for (unsigned int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

/* Appends a character as UTF-8; false if it does not fit. */
static bool put_utf8(struct shown *shown, uint32_t c)
{
	static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	unsigned int len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (shown->len + len > sizeof(shown->name))
		return false;
	for (unsigned int i = len; i-- > 1; c >>= 6)
		shown->name[shown->len + i] = (char)(0x80 | (c & 0x3f));
	shown->name[shown->len] = (char)(leads[len] | c);
	shown->len += len;
	return true;
}

static bool take_long(struct shown *shown, const struct long_name *name)
{
	shown->len = 0;
	for (unsigned int i = 0; i < LONG_MAX_PARTS * LONG_PART_CHARS; i++) {
		uint32_t c = le16_get(name->chars[i]);

		if (c == 0)
			break;
		if (c >= 0xd800 && c < 0xdc00 && i + 1 < LONG_MAX_PARTS * LONG_PART_CHARS) {
			uint32_t low = le16_get(name->chars[i + 1]);

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i++;
			}
		}
		if (!put_utf8(shown, c))
			return false;
	}
	return shown->len > 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* "KERNEL  IMG" as "KERNEL.IMG". */
static void take_short(struct shown *shown)
{
	const struct short_entry *entry = shown->entry;
	size_t len = 0;

	for (unsigned int i = 0; i < 11; i++) {
		bool is_lower = entry->lower & (i < 8 ? LOWER_BASE : LOWER_EXTENSION);
		char c = (char)(i == 0 && entry->name[0] == STANDS_FOR_E5 ? DELETED : entry->name[i]);

		if (i == 8 && entry->name[8] != ' ')
			shown->short_name[len++] = '.';
		if (c != ' ')
			shown->short_name[len++] = is_lower ? lower(c) : c;
	}
	shown->short_len = len;
}

/* Each entry, labels too, but not "." and "..". */
static int walk(struct fs *fs, const struct fs_node *directory, each_entry each, void *arg)
{
	struct long_name name = { .is_there = false };
	union {
		struct short_entry entry;
		struct long_entry part;
	} raw;
	struct shown shown = { .entry = &raw.entry };

	if (directory->kind != FS_DIRECTORY)
		return FW_ENOENT;
	for (uint32_t at = 0; at < directory->size_bytes; at += sizeof(raw)) {
		int rc = fs_read_whole(fs, directory, at, &raw, sizeof(raw));

		if (rc == FW_ENOENT || (rc == 0 && raw.entry.name[0] == END))
			break;
		if (rc < 0)
			return rc;
		if (raw.entry.name[0] == DELETED) {
			name.is_there = false;
			continue;
		}
		if ((raw.entry.attributes & 0x3f) == ATTRIBUTE_LONG_NAME) {
			add_part(&name, &raw.part);
			continue;
		}
		if (raw.entry.name[0] == '.')
			continue;
		take_short(&shown);
		if (!name.is_there || name.expected != 0 || name.checksum != checksum(raw.entry.name) ||
		    !take_long(&shown, &name)) {
			memcpy(shown.name, shown.short_name, shown.short_len);
			shown.len = shown.short_len;
		}
		name.is_there = false;
		rc = each(arg, &shown);
		if (rc != 0)
			return rc;
	}
	return 0;
}

struct search {
	const char *name;
	size_t len;
	struct fs_node *out;
};

static bool is_same(const char *a, const char *b, size_t len)
{
	while (len > 0 && lower(*a) == lower(*b)) {
		a++;
		b++;
		len--;
	}
	return len == 0;
}

static int compare(void *arg, const struct shown *shown)
{
	const struct search *search = arg;
	const struct short_entry *entry = shown->entry;
	bool is_long = search->len == shown->len && is_same(search->name, shown->name, shown->len);
	bool is_short = search->len == shown->short_len && is_same(search->name, shown->short_name, shown->short_len);

	if ((entry->attributes & ATTRIBUTE_LABEL) || !(is_long || is_short))
		return 0;
	*search->out =
		(struct fs_node){ .id = le16_get(entry->cluster_low) | (uint64_t)le16_get(entry->cluster_high) << 16,
				  .kind = FS_FILE,
				  .size_bytes = le32_get(entry->size) };
	if (entry->attributes & ATTRIBUTE_DIRECTORY) {
		search->out->kind = FS_DIRECTORY;
		search->out->size_bytes = FAT_MAX_DIR_BYTES;
	}
	return 1;
}

int fat_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len, struct fs_node *out)
{
	struct search search = { name, len, out };
	int rc = walk(fs, directory, compare, &search);

	if (rc < 0)
		return rc;
	/* FAT12 and FAT16 have nothing in the high half; cluster 0 is a file without bytes, and else the root. */
	if (rc == 1 && fat_state(fs)->bits != 32)
		out->id &= 0xffff;
	if (rc == 1 && out->id == 0 && out->size_bytes != 0)
		return FW_ECORRUPT;
	return rc == 1 ? 0 : FW_ENOENT;
}

struct listing {
	fs_visit visit;
	void *arg;
};

static int list_entry(void *arg, const struct shown *shown)
{
	const struct listing *listing = arg;

	if (shown->entry->attributes & ATTRIBUTE_LABEL)
		return 0;
	return listing->visit(listing->arg, shown->name, shown->len,
			      shown->entry->attributes & ATTRIBUTE_DIRECTORY ? FS_DIRECTORY : FS_FILE);
}

int fat_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg)
{
	struct listing listing = { visit, arg };

	return walk(fs, directory, list_entry, &listing);
}

static int find_label(void *arg, const struct shown *shown)
{
	if (!(shown->entry->attributes & ATTRIBUTE_LABEL))
		return 0;
	memcpy(arg, shown->entry->name, FAT_LABEL_BYTES);
	return 1;
}

int fat_find_label(struct fs *fs, const struct fs_node *root, char label[FAT_LABEL_BYTES])
{
	return walk(fs, root, find_label, label);
}
