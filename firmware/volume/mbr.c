/* Partition tables of the PC's boot sector, with the chain of logical partitions in an extended one. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/wire.h"
#include "firmware/volume/parts.h"

#define NR_PRIMARY 4
#define FIRST_LOGICAL 5
#define MAX_LOGICAL 128

#define TYPE_EXTENDED 0x05
#define TYPE_EXTENDED_LBA 0x0f
#define TYPE_EXTENDED_LINUX 0x85
#define TYPE_GPT 0xee
#define TYPE_ESP 0xef
#define TYPE_XBOOTLDR 0xea

struct mbr_entry {
	uint8_t status; /* 0, or 0x80: active */
	uint8_t first_chs[3];
	uint8_t type;
	uint8_t last_chs[3];
	le32 first; /* sectors, of 512 bytes */
	le32 nr;
};

struct mbr {
	uint8_t code[440];
	le32 disk_id;
	le16 reserved;
	struct mbr_entry entries[NR_PRIMARY];
	le16 signature;
};
_Static_assert(sizeof(struct mbr) == SECTOR_BYTES, "MBR");

/* The part behind the boot code, to keep the stack small. */
struct table {
	le32 disk_id;
	le16 reserved;
	struct mbr_entry entries[NR_PRIMARY];
	le16 signature;
};
_Static_assert(sizeof(struct table) == SECTOR_BYTES - offsetof(struct mbr, disk_id), "MBR");

static bool is_extended(const struct mbr_entry *entry)
{
	return entry->type == TYPE_EXTENDED || entry->type == TYPE_EXTENDED_LBA || entry->type == TYPE_EXTENDED_LINUX;
}

/* 1 if this sector is a partition table: a file system's boot sector has the same signature, but code where the
 * entries would be. */
static int read_table(struct source *disk, uint64_t sector, struct table *out)
{
	int rc;

	if (sector >= disk->size_bytes / SECTOR_BYTES)
		return FW_ECORRUPT;
	rc = source_read(disk, sector * SECTOR_BYTES + offsetof(struct mbr, disk_id), out, sizeof(*out));
	if (rc < 0)
		return rc;
	if (le16_get(out->signature) != 0xaa55)
		return 0;
	for (unsigned int i = 0; i < NR_PRIMARY; i++)
		if (out->entries[i].status & 0x7f)
			return 0;
	return 1;
}

static int add_entry(struct scan *scan, const struct volume *disk, uint32_t disk_id, unsigned int number,
		     uint64_t first, const struct mbr_entry *entry)
{
	struct volume *volume;
	int rc = scan_add_partition(scan, disk, number, first * SECTOR_BYTES,
				    (uint64_t)le32_get(entry->nr) * SECTOR_BYTES, &volume);

	if (volume != NULL) {
		volume->scheme = 'm';
		volume->is_esp = entry->type == TYPE_ESP;
		volume->is_xbootldr = entry->type == TYPE_XBOOTLDR;
		print_to(volume->part_uuid, sizeof(volume->part_uuid), "%08x-%02x", disk_id, number);
	}
	return rc;
}

/* Each table of the chain has one partition, relative to that table, and where the next table is, relative to the
 * extended partition. */
static int scan_logical(struct scan *scan, const struct volume *disk, uint32_t disk_id, uint64_t extended)
{
	uint64_t at = extended;
	unsigned int number = FIRST_LOGICAL;

	for (unsigned int i = 0; i < MAX_LOGICAL; i++) {
		uint64_t next = 0;
		struct table table;
		int rc = read_table(disk->source, at, &table);

		if (rc <= 0)
			return rc < 0 ? rc : FW_ECORRUPT;
		for (unsigned int j = 0; j < NR_PRIMARY; j++) {
			const struct mbr_entry *entry = &table.entries[j];

			if (le32_get(entry->nr) == 0)
				continue;
			if (is_extended(entry)) {
				if (next == 0)
					next = extended + le32_get(entry->first);
				continue;
			}
			rc = add_entry(scan, disk, disk_id, number++, at + le32_get(entry->first), entry);
			if (rc < 0)
				return rc;
		}
		if (next == 0)
			return 0;
		at = next;
	}
	return FW_ELOOP;
}

bool mbr_guards_gpt(const struct volume *disk)
{
	struct table table;

	if (read_table(disk->source, 0, &table) <= 0)
		return false;
	for (unsigned int i = 0; i < NR_PRIMARY; i++)
		if (table.entries[i].type == TYPE_GPT)
			return true;
	return false;
}

int mbr_scan(struct scan *scan, const struct volume *disk)
{
	struct table table;
	uint32_t disk_id;
	int rc;

	if (disk->source->size_bytes < SECTOR_BYTES)
		return 0;
	rc = read_table(disk->source, 0, &table);
	if (rc <= 0)
		return rc;
	disk_id = le32_get(table.disk_id);
	for (unsigned int i = 0; i < NR_PRIMARY; i++) {
		const struct mbr_entry *entry = &table.entries[i];

		if (entry->type == 0 || le32_get(entry->nr) == 0 || is_extended(entry))
			continue;
		rc = add_entry(scan, disk, disk_id, i + 1, le32_get(entry->first), entry);
		if (rc < 0)
			return rc;
	}
	for (unsigned int i = 0; i < NR_PRIMARY; i++) {
		const struct mbr_entry *entry = &table.entries[i];

		if (!is_extended(entry) || le32_get(entry->nr) == 0)
			continue;
		rc = scan_logical(scan, disk, disk_id, le32_get(entry->first));
		if (rc == FW_ENOMEM)
			return rc;
		if (rc < 0)
			print("%s: its logical partitions are damaged behind the last that is listed\n",
			      disk->source->name);
	}
	return 1;
}
