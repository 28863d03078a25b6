/* Theory of operation. What has changed is copied, so that the loop's thread can go on changing it, and one call on the
 * worker thread writes the copies, stage by stage:
 *
 *     refcount blocks     so that nothing that is in use is ever counted as free
 *     refcount table      which may point to new blocks
 *     header              if the refcount table has moved
 *     L2 tables           by now the clusters they point to have their data and are counted
 *     L1 table            which may point to new L2 tables
 *
 * Before each but the first comes an fdatasync(2), the first of which is also the one for the guest's data; and one
 * comes at the end. */
#include "virtio/backend/qcow2/pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/table.h"
#include "vmm/base/checked.h"

/* --- what is to be written --- */

/* The smallest that is written: the disk's own block, so that it is there or not. */
static uint64_t grain(const struct qcow2 *image)
{
	uint64_t block = image->file->geometry.logical_block_bytes;

	return block < image->cluster_bytes ? block : image->cluster_bytes;
}

/* Adds a copy of the dirty part of `bytes`, a table of `len` bytes; `table` as in struct qcow2_piece. */
static int add_piece(struct qcow2_publish *publish, enum qcow2_publish_stage stage, uint64_t offset, const void *bytes,
		     uint64_t len, struct qcow2_table *table, struct qcow2_dirty dirty)
{
	struct qcow2 *image = publish->image;
	struct qcow2_piece *piece = &publish->pieces[publish->nr];
	uint64_t first = align_down(dirty.first, grain(image));
	uint64_t end = align_down(dirty.end + grain(image) - 1, grain(image));
	uint64_t there = end < len ? end : len;

	piece->bytes = qcow2_buffer(end - first);
	if (piece->bytes == NULL)
		return -ENOMEM;
	memset(piece->bytes, 0, end - first);
	memcpy(piece->bytes, (const uint8_t *)bytes + first, there - first);
	piece->stage = stage;
	piece->offset = offset + first;
	piece->len = end - first;
	piece->table = table;
	piece->dirty = dirty;
	publish->nr++;
	return 0;
}

/* The same for a table that is held in host order. */
static int add_entries(struct qcow2_publish *publish, enum qcow2_publish_stage stage, uint64_t offset,
		       const uint64_t *entries, uint64_t nr, struct qcow2_dirty dirty)
{
	int rc = add_piece(publish, stage, offset, entries, 8 * nr, NULL, dirty);

	if (rc == 0) {
		struct qcow2_piece *piece = &publish->pieces[publish->nr - 1];
		uint64_t *copy = (uint64_t *)(void *)piece->bytes;

		for (uint64_t i = 0; i < piece->len / 8; i++)
			copy[i] = htobe64(copy[i]);
	}
	return rc;
}

static int add_header(struct qcow2_publish *publish)
{
	struct qcow2 *image = publish->image;
	struct qcow2_piece *piece = &publish->pieces[publish->nr];
	uint64_t offset = htobe64(image->refcount_table_offset);
	uint32_t clusters = htobe32((uint32_t)(8 * (uint64_t)image->nr_blocks >> image->cluster_bits));

	piece->bytes = malloc(sizeof(offset) + sizeof(clusters));
	if (piece->bytes == NULL)
		return -ENOMEM;
	memcpy(piece->bytes, &offset, sizeof(offset));
	memcpy(piece->bytes + sizeof(offset), &clusters, sizeof(clusters));
	piece->stage = QCOW2_STAGE_HEADER;
	piece->offset = QCOW2_HEADER_REFCOUNT_TABLE;
	piece->len = sizeof(offset) + sizeof(clusters);
	piece->table = NULL;
	publish->nr++;
	return 0;
}

static int add_tables(struct qcow2_publish *publish)
{
	struct qcow2 *image = publish->image;

	for (struct qcow2_table *table = image->tables; table != NULL; table = table->next) {
		bool is_block = table->slot >= image->blocks && table->slot < image->blocks + image->nr_blocks;
		int rc;

		if (qcow2_dirty_is_empty(table->dirty))
			continue;
		rc = add_piece(publish, is_block ? QCOW2_STAGE_REFCOUNT_BLOCKS : QCOW2_STAGE_L2_TABLES, table->offset,
			       table->bytes, image->cluster_bytes, table, table->dirty);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_all(struct qcow2_publish *publish)
{
	struct qcow2 *image = publish->image;
	int rc = add_tables(publish);

	if (rc == 0 && !qcow2_dirty_is_empty(image->refcount_table_dirty))
		rc = add_entries(publish, QCOW2_STAGE_REFCOUNT_TABLE, image->refcount_table_offset,
				 image->refcount_table, image->nr_blocks, image->refcount_table_dirty);
	if (rc == 0 && image->refcount_table_moved)
		rc = add_header(publish);
	if (rc == 0 && !qcow2_dirty_is_empty(image->l1_dirty))
		rc = add_entries(publish, QCOW2_STAGE_L1_TABLE, image->header.l1_offset, image->l1,
				 image->header.l1_entries, image->l1_dirty);
	return rc;
}

void qcow2_publish_free(struct qcow2_publish *publish)
{
	for (size_t i = 0; i < publish->nr; i++)
		free(publish->pieces[i].bytes);
	free(publish->dropped.items);
	free(publish);
}

struct qcow2_publish *qcow2_publish_collect(struct qcow2 *image)
{
	struct qcow2_publish *publish;

	publish = calloc(1, sizeof(*publish) + (image->nr_dirty + 3) * sizeof(publish->pieces[0]));
	if (publish == NULL)
		return NULL;
	publish->image = image;
	if (add_all(publish) < 0) {
		qcow2_publish_free(publish);
		return NULL;
	}
	for (size_t i = 0; i < publish->nr; i++) {
		struct qcow2_table *table = publish->pieces[i].table;

		if (table != NULL) {
			qcow2_table_clean(table);
			table->publishing = true;
		}
	}
	image->l1_dirty = image->refcount_table_dirty = (struct qcow2_dirty){ 0 };
	image->refcount_table_moved = false;
	publish->dropped = image->dropped;
	image->dropped = (struct qcow2_deref_list){ 0 };
	return publish;
}

/* --- writing it --- */

static int write_stage(const struct qcow2_publish *publish, enum qcow2_publish_stage stage)
{
	bool wrote = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < publish->nr; i++) {
		const struct qcow2_piece *piece = &publish->pieces[i];

		if (piece->stage != stage)
			continue;
		if (!wrote && stage > QCOW2_STAGE_REFCOUNT_BLOCKS && fdatasync(publish->image->fd) < 0)
			return -errno;
		wrote = true;
		rc = qcow2_file_write(publish->image, piece->bytes, piece->len, piece->offset);
	}
	return rc;
}

int qcow2_publish_write(struct loop_io *io)
{
	const struct qcow2_publish *publish = (const struct qcow2_publish *)(const void *)io;
	int rc = 0;

	for (int stage = 0; rc == 0 && stage < QCOW2_NR_STAGES; stage++)
		rc = write_stage(publish, (enum qcow2_publish_stage)stage);
	if (rc == 0 && fdatasync(publish->image->fd) < 0)
		rc = -errno;
	return rc;
}
