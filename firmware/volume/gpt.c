/* GUID partition tables (UEFI 2.10, 5.3). */
#include "firmware/core/bytes.h"
#include "firmware/core/crc32.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/uuid.h"
#include "firmware/core/wire.h"
#include "firmware/volume/parts.h"

#define MAX_ENTRIES 1024
#define MAX_TABLE_BYTES (1u << 20)

struct guid {
	uint8_t raw[16]; /* the first three fields little-endian */
};

struct gpt_header {
	char signature[8];
	le32 revision;
	le32 header_size;
	le32 header_crc;
	le32 reserved;
	le64 my_lba;
	le64 alternate_lba;
	le64 first_usable_lba;
	le64 last_usable_lba;
	struct guid disk_guid;
	le64 entry_lba;
	le32 nr_entries;
	le32 entry_size;
	le32 entries_crc;
};
_Static_assert(sizeof(struct gpt_header) == 92, "GPT header");

struct gpt_entry {
	struct guid type;
	struct guid unique;
	le64 first_lba;
	le64 last_lba;
	le64 attributes;
};
_Static_assert(sizeof(struct gpt_entry) == 56, "GPT entry");

static const struct guid type_none;
static const struct guid type_esp = { { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9,
					0x3e, 0xc9, 0x3b } };
static const struct guid type_xbootldr = { { 0xff, 0xc2, 0x13, 0xbc, 0xe6, 0x59, 0x62, 0x42, 0xa3, 0x52, 0xb2, 0x75,
					     0xfd, 0x6f, 0x71, 0x72 } };

static bool is_same(const struct guid *a, const struct guid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void guid_text(const struct guid *guid, char out[UUID_TEXT_BYTES])
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t raw[16];

	for (unsigned int i = 0; i < 16; i++)
		raw[i] = guid->raw[order[i]];
	uuid_text(raw, out);
}

/* 1 if the entries that a header names have the checksum that it gives. */
static int check_entries(struct source *disk, uint32_t sector, const struct gpt_header *header)
{
	uint32_t size = le32_get(header->entry_size);
	uint64_t at = le64_get(header->entry_lba);
	uint64_t left = (uint64_t)le32_get(header->nr_entries) * size;
	uint32_t crc = 0;

	if (size < 128 || le32_get(header->nr_entries) > MAX_ENTRIES || left > MAX_TABLE_BYTES ||
	    at > disk->size_bytes / sector)
		return 0;
	for (at *= sector; left > 0;) {
		uint8_t buf[SECTOR_BYTES];
		size_t part = left < sizeof(buf) ? left : sizeof(buf);
		int rc = source_read(disk, at, buf, part);

		if (rc < 0)
			return rc == FW_ECORRUPT ? 0 : rc;
		crc = crc32(crc, buf, part);
		at += part;
		left -= part;
	}
	return crc == le32_get(header->entries_crc);
}

/* Reads a header: 1 if one is there, with entries, and all is as it was written. */
static int read_header(struct source *disk, uint64_t lba, uint32_t sector, struct gpt_header *out)
{
	struct gpt_header header;
	int rc;

	if (disk->size_bytes / sector <= lba)
		return 0;
	rc = source_read(disk, lba * sector, out, sizeof(*out));
	if (rc < 0)
		return rc;
	header = *out;
	memset(&header.header_crc, 0, sizeof(header.header_crc));
	/* The size may grow in later revisions; there has been none in twenty years. */
	if (memcmp(header.signature, "EFI PART", 8) != 0 || le64_get(header.my_lba) != lba ||
	    le32_get(header.header_size) != sizeof(header) ||
	    crc32(0, &header, sizeof(header)) != le32_get(out->header_crc))
		return 0;
	return check_entries(disk, sector, out);
}

static int add_entry(struct scan *scan, const struct volume *disk, unsigned int number, uint32_t sector,
		     const struct gpt_entry *entry)
{
	uint64_t nr_sectors = disk->source->size_bytes / sector;
	uint64_t first = le64_get(entry->first_lba);
	uint64_t last = le64_get(entry->last_lba);
	struct volume *volume;
	int rc;

	if (first >= nr_sectors || last < first)
		first = last = nr_sectors; /* outside */
	else if (last > nr_sectors)
		last = nr_sectors;
	rc = scan_add_partition(scan, disk, number, first * sector, (last - first + 1) * sector, &volume);
	if (volume != NULL) {
		volume->scheme = 'g';
		volume->is_esp = is_same(&entry->type, &type_esp);
		volume->is_xbootldr = is_same(&entry->type, &type_xbootldr);
		guid_text(&entry->unique, volume->part_uuid);
	}
	return rc;
}

static int read_entries(struct scan *scan, const struct volume *disk, uint32_t sector, const struct gpt_header *header)
{
	uint32_t nr = le32_get(header->nr_entries);
	uint32_t size = le32_get(header->entry_size);
	uint64_t table = le64_get(header->entry_lba) * sector;

	for (uint32_t i = 0; i < nr; i++) {
		struct gpt_entry entry;
		int rc = source_read(disk->source, table + (uint64_t)i * size, &entry, sizeof(entry));

		if (rc == 0 && !is_same(&entry.type, &type_none))
			rc = add_entry(scan, disk, i + 1, sector, &entry);
		if (rc < 0)
			return rc;
	}
	return 1;
}

/* The copy at the disk's end counts only where an MBR says that there is a GPT, as in Linux: an old copy may lie behind
 * what a disk was made anew for. */
int gpt_scan(struct scan *scan, const struct volume *disk)
{
	static const uint32_t sectors[] = { SECTOR_BYTES, 4096 };

	for (unsigned int i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		uint32_t sector = sectors[i];
		uint64_t last = disk->source->size_bytes / sector;
		struct gpt_header header;
		int rc = read_header(disk->source, 1, sector, &header);

		if (rc == 0 && last > 1 && mbr_guards_gpt(disk)) {
			rc = read_header(disk->source, last - 1, sector, &header);
			if (rc == 1)
				print("%s: its GPT is damaged: reading the copy at the disk's end\n",
				      disk->source->name);
		}
		if (rc != 0)
			return rc < 0 ? rc : read_entries(scan, disk, sector, &header);
	}
	return 0;
}
