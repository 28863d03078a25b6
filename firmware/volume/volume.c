#include "firmware/volume/volume.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/volume/parts.h"

/* A part of a disk. */
struct part {
	struct source source; /* first */
	struct source *disk;
	uint64_t offset;
};

static int part_read(struct source *source, uint64_t offset, void *buf, size_t len)
{
	struct part *part = (struct part *)source;

	return source_read(part->disk, part->offset + offset, buf, len);
}

struct volume *scan_add(struct scan *scan, struct source *source, enum volume_kind kind, unsigned int disk)
{
	struct volume *volume = &scan->volumes[scan->nr];

	if (scan->nr == VOLUME_MAX) {
		if (!scan->is_full)
			print("more than %u partitions and volumes: the rest is not looked at\n", VOLUME_MAX);
		scan->is_full = true;
		return NULL;
	}
	scan->nr++;
	*volume = (struct volume){ .source = source, .kind = kind, .disk = disk };
	return volume;
}

int scan_add_partition(struct scan *scan, const struct volume *disk, unsigned int number, uint64_t offset, uint64_t len,
		       struct volume **out)
{
	struct source *whole = disk->source;
	struct part *part;
	const char *name = whole->name;
	size_t name_len = strlen(name);

	*out = NULL;
	if (offset >= whole->size_bytes || len == 0) {
		print("%s: partition %u lies outside the disk\n", name, number);
		return 0;
	}
	if (len > whole->size_bytes - offset) {
		print("%s: partition %u is longer than the disk\n", name, number);
		len = whole->size_bytes - offset;
	}
	part = arena_alloc(scan->arena, sizeof(*part));
	if (part == NULL)
		return FW_ENOMEM;
	part->source.read = part_read;
	part->source.size_bytes = len;
	part->disk = whole;
	part->offset = offset;
	/* As Linux does: a name that ends in a digit gets a 'p'. */
	print_to(part->source.name, sizeof(part->source.name), "%s%s%u", name,
		 name_len > 0 && name[name_len - 1] >= '0' && name[name_len - 1] <= '9' ? "p" : "", number);
	*out = scan_add(scan, &part->source, VOLUME_PARTITION, disk->disk);
	if (*out != NULL)
		(*out)->partition = number;
	return 0;
}

/* The partitions of one disk. A GPT first: its disk has an MBR too, that only guards it. */
static int scan_disk(struct scan *scan, const struct volume *disk)
{
	int rc = gpt_scan(scan, disk);

	if (rc == 0)
		rc = mbr_scan(scan, disk);
	if (rc < 0 && rc != FW_ENOMEM) {
		print("%s: its partition table can't be read: %s\n", disk->source->name, fw_error_text(rc));
		rc = 0;
	}
	return rc;
}

int volume_scan(struct source *const *disks, unsigned int nr_disks, struct arena *arena,
		struct volume volumes[VOLUME_MAX])
{
	struct scan scan = { .arena = arena, .volumes = volumes };
	unsigned int nr;
	int rc;

	for (unsigned int i = 0; i < nr_disks; i++)
		(void)scan_add(&scan, disks[i], VOLUME_DISK, i);
	nr = scan.nr;
	for (unsigned int i = 0; i < nr; i++) {
		rc = scan_disk(&scan, &volumes[i]);
		if (rc < 0)
			return rc;
	}
	rc = lvm_scan(&scan);
	return rc < 0 ? rc : (int)scan.nr;
}
