#include "firmware/fs/fat.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/wire.h"
#include "firmware/fs/all.h"

#define BOOT_SIGNATURE 0xaa55
#define EXTENDED_SIGNATURE 0x29 /* serial number and label follow */
#define MAX_FAT12 4084 /* clusters */
#define MAX_FAT16 65524
#define NO_MIRRORS 0x80 /* only one of the tables is kept */

/* Behind the fields that all have. */
struct identity {
	uint8_t drive;
	uint8_t reserved;
	uint8_t signature;
	le32 serial;
	char label[FAT_LABEL_BYTES];
};

struct boot_sector {
	uint8_t jump[3];
	char oem[8];
	le16 sector_bytes;
	uint8_t cluster_sectors;
	le16 nr_reserved;
	uint8_t nr_tables;
	le16 nr_root_entries;
	le16 nr_sectors16;
	uint8_t media;
	le16 table_sectors16;
	uint8_t skipped[8];
	le32 nr_sectors32;
	union {
		struct identity identity16;
		struct {
			le32 table_sectors;
			le16 flags;
			le16 version;
			le32 root_cluster;
			uint8_t skipped[16];
			struct identity identity;
		} fat32;
	};
};
_Static_assert(offsetof(struct boot_sector, fat32) == 0x24, "boot sector");
_Static_assert(offsetof(struct boot_sector, fat32.root_cluster) == 0x2c, "boot sector");
_Static_assert(offsetof(struct boot_sector, fat32.identity) == 0x40, "boot sector");

static bool is_power_of_two(uint32_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

/* What follows `cluster` in its file: a cluster, 0 at the end, or an error. */
static int64_t next_cluster(struct fs *fs, uint32_t cluster)
{
	const struct fat_state *state = fat_state(fs);
	uint32_t last;
	uint32_t next;
	le32 raw = { { 0 } };
	uint32_t bytes = state->bits == 32 ? 4 : 2;
	int rc = source_read(fs->source, state->table + (uint64_t)cluster * state->bits / 8, &raw, bytes);

	if (rc < 0)
		return rc;
	next = le32_get(raw);
	if (state->bits == 12)
		next = (cluster & 1 ? next >> 4 : next) & 0xfff;
	else if (state->bits == 32)
		next &= 0x0fffffff;
	last = state->bits == 32 ? 0x0ffffff8 : (1u << state->bits) - 8;
	if (next >= last)
		return 0;
	return next >= 2 && next - 2 < state->nr_clusters ? (int64_t)next : FW_ECORRUPT;
}

int fat_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	struct fat_state *state = fat_state(fs);
	uint64_t index = offset / state->cluster_bytes;
	uint64_t at = 0;
	uint64_t first;
	int64_t cluster = node->id;

	if (cluster == 0) {
		*out = (struct fs_extent){ .len = state->root_bytes, .disk_offset = state->root };
		return offset < state->root_bytes ? 0 : FW_ENOENT;
	}
	if (cluster < 2 || cluster - 2 >= state->nr_clusters || index >= state->nr_clusters)
		return FW_ECORRUPT;
	if (state->last_start == node->id && offset >= state->last.file_offset) {
		if (offset - state->last.file_offset < state->last.len) {
			*out = state->last;
			return 0;
		}
		at = (state->last.file_offset + state->last.len) / state->cluster_bytes - 1;
		cluster = state->last_cluster;
	}
	for (; at < index; at++) {
		cluster = next_cluster(fs, cluster);
		if (cluster <= 0)
			return cluster < 0 ? (int)cluster : FW_ENOENT;
	}
	/* As many more as lie behind it. */
	first = cluster;
	state->last_start = 0;
	for (; at - index < state->nr_clusters; at++) {
		int64_t next = next_cluster(fs, cluster);

		if (next < 0)
			return (int)next;
		if (next != cluster + 1)
			break;
		cluster = next;
	}
	state->last = (struct fs_extent){ .file_offset = index * state->cluster_bytes,
					  .len = (cluster - first + 1) * state->cluster_bytes,
					  .disk_offset = state->data + (first - 2) * state->cluster_bytes };
	state->last_start = node->id;
	state->last_cluster = cluster;
	*out = state->last;
	return 0;
}

static int fat_root(struct fs *fs, struct fs_node *out)
{
	const struct fat_state *state = fat_state(fs);

	*out = (struct fs_node){ .id = state->root_cluster,
				 .kind = FS_DIRECTORY,
				 .size_bytes = state->root_cluster != 0 ? FAT_MAX_DIR_BYTES : state->root_bytes };
	return 0;
}

static int64_t fat_read(struct fs *fs, const struct fs_node *file, uint64_t offset, void *buf, size_t len)
{
	int64_t got = fs_read_extents(fs, file, offset, buf, len);

	/* Fewer clusters than the size needs. */
	return got == FW_ENOENT ? FW_ECORRUPT : got;
}

static int fat_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1])
{
	(void)fs;
	(void)link;
	(void)target;
	return FW_ENOTSUP;
}

/* Whether the numbers are those of a FAT, and then what follows from them. */
static bool read_geometry(struct fs *fs, const struct boot_sector *boot)
{
	struct fat_state *state = fat_state(fs);
	uint32_t sector = le16_get(boot->sector_bytes);
	uint32_t table_sectors = le16_get(boot->table_sectors16);
	uint64_t nr_sectors = le16_get(boot->nr_sectors16);
	uint64_t first;

	if (sector < 512 || sector > 4096 || !is_power_of_two(sector) || !is_power_of_two(boot->cluster_sectors) ||
	    le16_get(boot->nr_reserved) == 0 || boot->nr_tables == 0 || (boot->media != 0xf0 && boot->media < 0xf8))
		return false;
	if (nr_sectors == 0)
		nr_sectors = le32_get(boot->nr_sectors32);
	state->bits = table_sectors == 0 ? 32 : 16;
	if (table_sectors == 0)
		table_sectors = le32_get(boot->fat32.table_sectors);
	state->cluster_bytes = sector * boot->cluster_sectors;
	state->table = (uint64_t)le16_get(boot->nr_reserved) * sector;
	state->root = state->table + (uint64_t)boot->nr_tables * table_sectors * sector;
	state->root_bytes = le16_get(boot->nr_root_entries) * 32;
	state->data = state->root + ((state->root_bytes + sector - 1) & ~(uint64_t)(sector - 1));
	first = state->data / sector;
	if (table_sectors == 0 || nr_sectors <= first)
		return false;
	state->nr_clusters = (nr_sectors - first) / boot->cluster_sectors;
	if (state->bits == 16 && state->nr_clusters <= MAX_FAT12)
		state->bits = 12;
	if (state->nr_clusters == 0 || state->nr_clusters > 0x0ffffff5 ||
	    (state->bits == 16 && state->nr_clusters > MAX_FAT16))
		return false;
	if (state->bits == 32) {
		uint32_t flags = le16_get(boot->fat32.flags);

		state->root_cluster = le32_get(boot->fat32.root_cluster);
		if (state->root_cluster < 2)
			return false;
		if ((flags & NO_MIRRORS) && (flags & 15) < boot->nr_tables)
			state->table += (uint64_t)(flags & 15) * table_sectors * sector;
	}
	return true;
}

static void take_label(struct fs *fs, const char label[FAT_LABEL_BYTES])
{
	size_t len = FAT_LABEL_BYTES;

	while (len > 0 && (label[len - 1] == ' ' || label[len - 1] == '\0'))
		len--;
	memcpy(fs->label, label, len);
	fs->label[len] = '\0';
}

static int fat_mount(struct fs *fs)
{
	struct boot_sector boot;
	const struct identity *identity;
	struct fs_node root;
	char label[FAT_LABEL_BYTES];
	le16 signature;
	int rc;

	if (fs->source->size_bytes < 512)
		return 0;
	rc = source_read(fs->source, 0, &boot, sizeof(boot));
	if (rc == 0)
		rc = source_read(fs->source, 510, &signature, sizeof(signature));
	if (rc < 0)
		return rc;
	if (le16_get(signature) != BOOT_SIGNATURE || (boot.jump[0] != 0xeb && boot.jump[0] != 0xe9))
		return 0;
	fs->state = arena_alloc(fs->arena, sizeof(struct fat_state));
	if (fs->state == NULL)
		return FW_ENOMEM;
	if (!read_geometry(fs, &boot))
		return 0;
	identity = fat_state(fs)->bits == 32 ? &boot.fat32.identity : &boot.identity16;
	if (identity->signature == EXTENDED_SIGNATURE) {
		uint32_t serial = le32_get(identity->serial);

		/* In capitals: print() has none. */
		for (unsigned int i = 0; i < 9; i++) {
			if (i == 4)
				fs->uuid[i] = '-';
			else
				fs->uuid[i] = "0123456789ABCDEF"[serial >> (i < 4 ? 28 - 4 * i : 32 - 4 * i) & 15];
		}
		if (memcmp(identity->label, "NO NAME    ", FAT_LABEL_BYTES) != 0)
			take_label(fs, identity->label);
	}
	rc = fat_root(fs, &root);
	if (rc == 0)
		rc = fat_find_label(fs, &root, label);
	if (rc == 1)
		take_label(fs, label);
	if (rc < 0) {
		print("%s: FAT with a damaged root directory\n", fs->source->name);
		return rc;
	}
	return 1;
}

const struct fs_ops fat_ops = {
	.name = "vfat",
	.mount = fat_mount,
	.root = fat_root,
	.lookup = fat_lookup,
	.list = fat_list,
	.read_link = fat_read_link,
	.read = fat_read,
	.map = fat_map,
};
