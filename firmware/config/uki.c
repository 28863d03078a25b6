/* Entries of type 2: unified kernel images, PE files whose sections hold kernel, initrd and command line (UAPI.5; PE
 * format, "COFF File Header" and "Section Table"). */
#include "firmware/config/bls.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/wire.h"

#define ENDING ".efi"
#define MAX_SECTIONS 48
#define MAX_TEXT_BYTES (64u << 10) /* of a command line or os-release file */

struct dos_header {
	uint8_t magic[2]; /* "MZ" */
	uint8_t unused[58];
	le32 pe_offset;
};

struct pe_header {
	uint8_t magic[4]; /* "PE", 0, 0 */
	le16 machine;
	le16 nr_sections;
	uint8_t unused[12];
	le16 optional_header_bytes;
	le16 flags;
};

struct pe_section {
	char name[8];
	le32 virtual_bytes;
	le32 address;
	le32 file_bytes;
	le32 file_offset;
	uint8_t unused[16];
};

_Static_assert(sizeof(struct dos_header) == 64, "PE format");
_Static_assert(sizeof(struct pe_header) == 24, "PE format");
_Static_assert(sizeof(struct pe_section) == 40, "PE format");

#define MACHINE_AMD64 0x8664
#define MACHINE_I386 0x014c

/* A file that is being read. */
struct image {
	struct mounted *where;
	struct arena *arena;
	struct fs_node node;
	const char *path;
	struct pe_section sections[MAX_SECTIONS];
	unsigned int nr;
};

/* Reads exactly `len` bytes. */
static bool read_at(struct image *image, uint64_t offset, void *buf, size_t len)
{
	struct fs *fs = &image->where->fs;

	return offset <= image->node.size_bytes && len <= image->node.size_bytes - offset &&
	       fs->ops->read(fs, &image->node, offset, buf, len) == (int64_t)len;
}

/* Reads the section table. */
static bool read_headers(struct image *image)
{
	struct dos_header dos;
	struct pe_header pe;
	uint64_t offset;

	if (!read_at(image, 0, &dos, sizeof(dos)) || memcmp(dos.magic, "MZ", 2) != 0)
		return false;
	offset = le32_get(dos.pe_offset);
	if (!read_at(image, offset, &pe, sizeof(pe)) || memcmp(pe.magic, "PE\0\0", 4) != 0)
		return false;
	if (le16_get(pe.machine) != MACHINE_AMD64 && le16_get(pe.machine) != MACHINE_I386)
		return false;
	image->nr = le16_get(pe.nr_sections);
	offset += sizeof(pe) + le16_get(pe.optional_header_bytes);
	return image->nr <= MAX_SECTIONS &&
	       read_at(image, offset, image->sections, image->nr * sizeof(struct pe_section));
}

/* Where a section's bytes lie in the file; false if it has none. */
static bool find_section(const struct image *image, const char *name, struct place_file *out)
{
	for (unsigned int i = 0; i < image->nr; i++) {
		const struct pe_section *section = &image->sections[i];
		uint64_t size = le32_get(section->file_bytes);
		uint64_t offset = le32_get(section->file_offset);

		if (strncmp(section->name, name, sizeof(section->name)) != 0)
			continue;
		/* The file's bytes are rounded up to the alignment of sections. */
		if (le32_get(section->virtual_bytes) != 0 && le32_get(section->virtual_bytes) < size)
			size = le32_get(section->virtual_bytes);
		if (size == 0 || offset > image->node.size_bytes || size > image->node.size_bytes - offset)
			return false;
		*out = (struct place_file){
			.where = image->where, .path = image->path, .offset_bytes = offset, .size_bytes = size
		};
		return true;
	}
	return false;
}

/* A section that is text: in the arena, "" if there is none. NULL if that is full. */
static char *read_text(struct image *image, const char *name)
{
	struct place_file range;
	size_t len = 0;
	char *text;

	if (find_section(image, name, &range) && range.size_bytes <= MAX_TEXT_BYTES)
		len = (size_t)range.size_bytes;
	text = arena_alloc(image->arena, len + 1);
	if (text != NULL && len > 0 && !read_at(image, range.offset_bytes, text, len))
		text[0] = '\0';
	return text;
}

/* Takes PRETTY_NAME, ID and VERSION_ID of an os-release(5) file. */
static void take_os_release(struct bls_entry *entry, char *text)
{
	char *line;

	while ((line = text_line(&text)) != NULL) {
		char *value = strchr(line, '=');
		size_t len;

		if (value == NULL)
			continue;
		*value++ = '\0';
		len = strlen(value);
		if (len >= 2 && (*value == '"' || *value == '\'') && value[len - 1] == *value) {
			value[len - 1] = '\0';
			value++;
		}
		if (strcmp(line, "PRETTY_NAME") == 0)
			entry->entry.title = value;
		else if (strcmp(line, "ID") == 0)
			entry->sort_key = value;
		else if (strcmp(line, "VERSION_ID") == 0)
			entry->version = value;
	}
}

/* Makes an entry: 1, 0 if it is no image that can be started, or FW_ENOMEM. */
static int make_entry(struct image *image, struct places_name *file, struct bls_entry **out)
{
	struct bls_entry *entry = arena_alloc(image->arena, sizeof(*entry));
	char *os_release = read_text(image, ".osrel");
	char *arguments = read_text(image, ".cmdline");

	if (entry == NULL || os_release == NULL || arguments == NULL)
		return FW_ENOMEM;
	entry->sort_key = entry->machine_id = entry->version = "";
	entry->entry.title = entry->entry.id = entry->name = file->name;
	take_os_release(entry, os_release);
	entry->entry.arguments = text_line(&arguments);
	if (entry->entry.arguments == NULL)
		entry->entry.arguments = "";
	entry->entry.origin = places_origin(image->arena, image->where, image->path);
	if (entry->entry.origin == NULL)
		return FW_ENOMEM;
	if (!find_section(image, ".linux", &entry->entry.kernel))
		return 0;
	if (find_section(image, ".initrd", &entry->entry.initrds[0]))
		entry->entry.nr_initrds = 1;
	*out = entry;
	return 1;
}

static int add_image(struct image *image, struct places_name *file, struct bls_entry **list)
{
	struct bls_entry *entry;
	int rc;

	if (fs_open(&image->where->fs, image->path, &image->node) < 0 || image->node.kind != FS_FILE)
		return 0;
	rc = read_headers(image) ? make_entry(image, file, &entry) : 0;
	if (rc == 0)
		print("%s on %s is left out: it is no unified kernel image for this machine\n", image->path,
		      image->where->fs.source->name);
	if (rc > 0)
		bls_insert(list, entry);
	return rc < 0 ? rc : 0;
}

int bls_add_images(struct mounted *where, const char *directory, struct bls_entry **list)
{
	struct places_name *file = places_list(where, directory, "?*" ENDING);
	struct image *image;

	if (file == NULL)
		return 0;
	image = arena_alloc(where->fs.arena, sizeof(*image));
	if (image == NULL)
		return FW_ENOMEM;
	for (; file != NULL; file = file->next) {
		int rc;

		image->where = where;
		image->arena = where->fs.arena;
		image->path = places_join(image->arena, directory, file->name);
		if (image->path == NULL)
			return FW_ENOMEM;
		rc = add_image(image, file, list);
		if (rc < 0)
			return rc;
	}
	return 0;
}
