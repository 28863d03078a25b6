/* What is read and checked when an image is opened: everything that can be known before the L2 tables and the refcount
 * blocks are looked into. */
#include "virtio/backend/qcow2/load.h"

#include <errno.h>
#include <stdlib.h>

#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/map.h"
#include "vmm/base/checked.h"
#include "vmm/base/log.h"

static int complain(const char *path, const char *what, uint64_t offset)
{
	log_error("cannot open disk '%s': it is damaged: its %s at %llu %s; repair it (qemu-img check -r all)", path,
		  what, (unsigned long long)offset, "lies outside the file or over another table");
	return -EINVAL;
}

/* Claims the clusters of one table; nobody else may have them. */
static int claim(struct qcow2 *image, const char *path, const char *what, uint64_t offset, uint64_t len)
{
	uint64_t first = offset >> image->cluster_bits;
	uint64_t nr = (len + image->cluster_bytes - 1) >> image->cluster_bits;

	if (offset % image->cluster_bytes != 0 || !range_contains(0, image->file_bytes, offset, len))
		return complain(path, what, offset);
	for (uint64_t i = 0; i < nr; i++) {
		int rc = qcow2_set_add(&image->metadata, first + i);

		if (rc < 0)
			return rc;
		if (rc == 0)
			return complain(path, what, offset);
	}
	return 0;
}

/* Reads `nr` entries into host order. */
static int read_table(struct qcow2 *image, uint64_t offset, uint32_t nr, uint64_t **out)
{
	uint64_t *table = qcow2_buffer(8 * (size_t)nr);
	int rc;

	if (table == NULL)
		return -ENOMEM;
	rc = qcow2_file_read(image, table, 8 * (size_t)nr, offset);
	if (rc < 0) {
		free(table);
		return rc;
	}
	for (uint32_t i = 0; i < nr; i++)
		table[i] = be64toh(table[i]);
	*out = table;
	return 0;
}

static int load_l1(struct qcow2 *image, const char *path)
{
	const struct qcow2_header *header = &image->header;
	int rc = claim(image, path, "L1 table", header->l1_offset, 8 * (uint64_t)header->l1_entries);

	if (rc == 0)
		rc = read_table(image, header->l1_offset, header->l1_entries, &image->l1);
	if (rc == 0) {
		image->l2 = calloc(header->l1_entries, sizeof(struct qcow2_table *));
		if (image->l2 == NULL)
			rc = -ENOMEM;
	}
	/* Entries behind the virtual disk's end, where QEMU keeps a snapshot's memory, are not ours to use. */
	for (uint32_t i = 0; rc == 0 && i <= qcow2_l1_index(image, header->size_bytes - 1); i++) {
		if (image->l1[i] & ~(QCOW2_OFFSET_MASK | QCOW2_COPIED))
			rc = complain(path, "L2 table", image->l1[i] & QCOW2_OFFSET_MASK);
		else if (image->l1[i] & QCOW2_OFFSET_MASK)
			rc = claim(image, path, "L2 table", image->l1[i] & QCOW2_OFFSET_MASK, image->cluster_bytes);
	}
	return rc;
}

static int load_refcount_table(struct qcow2 *image, const char *path)
{
	const struct qcow2_header *header = &image->header;
	uint64_t bytes = (uint64_t)header->refcount_table_clusters << header->cluster_bits;
	int rc = claim(image, path, "refcount table", header->refcount_table_offset, bytes);

	image->refcount_table_offset = header->refcount_table_offset;
	image->nr_blocks = (uint32_t)(bytes / 8);
	if (rc == 0)
		rc = read_table(image, header->refcount_table_offset, image->nr_blocks, &image->refcount_table);
	if (rc == 0) {
		image->blocks = calloc(image->nr_blocks, sizeof(struct qcow2_table *));
		if (image->blocks == NULL)
			rc = -ENOMEM;
	}
	for (uint32_t i = 0; rc == 0 && i < image->nr_blocks; i++) {
		if (image->refcount_table[i] % image->cluster_bytes != 0)
			rc = complain(path, "refcount block", image->refcount_table[i]);
		else if (image->refcount_table[i] != 0)
			rc = claim(image, path, "refcount block", image->refcount_table[i], image->cluster_bytes);
	}
	return rc;
}

int qcow2_load(struct qcow2 *image, const char *path)
{
	const struct qcow2_header *header = &image->header;
	int rc = claim(image, path, "header", 0,
		       image->cluster_bytes < image->file_bytes ? image->cluster_bytes : image->file_bytes);

	/* Snapshots are left alone; their table's entries are at least 40 bytes long. */
	if (rc == 0 && header->nr_snapshots > 0)
		rc = claim(image, path, "snapshot table", header->snapshots_offset,
			   40 * (uint64_t)header->nr_snapshots);
	if (rc == 0)
		rc = load_l1(image, path);
	/* Who only reads needs no refcounts. */
	if (rc == 0 && !image->block.geometry.read_only)
		rc = load_refcount_table(image, path);
	if (rc < 0 && rc != -EINVAL)
		log_error("cannot open disk '%s': its tables can't be read (errno %d)", path, -rc);
	return rc;
}
