/* A larger refcount table, when the file outgrows what the old one can count. Its place, and the blocks that count this
 * place, lie in the range that only the new table covers, where everything is free: so all of it is new, and is made in
 * memory without reading anything. */
#include "virtio/backend/qcow2/refcount_grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/backend/qcow2/damaged.h"
#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/reap.h"
#include "virtio/backend/qcow2/refcount.h"
#include "virtio/backend/qcow2/table.h"

#define MAX_BYTES (8u * 1024 * 1024)

/* The new table at cluster `first`, where a range begins, and behind it the blocks of the ranges that they all lie in.
 */
struct plan {
	uint64_t first;
	uint64_t table_clusters;
	uint64_t nr_blocks;
};

static int make_plan(const struct qcow2 *image, uint64_t index, struct plan *plan)
{
	uint64_t per_cluster = image->cluster_bytes / 8;
	uint64_t per_block = UINT64_C(1) << image->block_bits;
	uint64_t old = image->nr_blocks, needed;

	plan->first = old << image->block_bits;
	plan->nr_blocks = 1;
	/* Larger by half at least, so that this is rare; and each block may need another one. */
	needed = old + old / 2 + 1;
	if (needed < (index >> image->block_bits) + 1)
		needed = (index >> image->block_bits) + 1;
	plan->table_clusters = (needed + 1 + per_cluster - 1) / per_cluster;
	while (plan->table_clusters + plan->nr_blocks > plan->nr_blocks * per_block)
		plan->nr_blocks++;
	while (old + plan->nr_blocks > plan->table_clusters * per_cluster)
		plan->table_clusters++;
	while (plan->table_clusters + plan->nr_blocks > plan->nr_blocks * per_block)
		plan->nr_blocks++;
	if (plan->table_clusters * image->cluster_bytes > MAX_BYTES ||
	    old + plan->nr_blocks > plan->table_clusters * per_cluster)
		return -ENOSPC;
	return 0;
}

/* Enlarges the arrays in memory; what is new in them is zero. */
static int enlarge(struct qcow2 *image, uint64_t nr)
{
	uint64_t *table = qcow2_buffer(8 * nr);
	struct qcow2_table **blocks = calloc(nr, sizeof(struct qcow2_table *));

	if (table == NULL || blocks == NULL) {
		free(table);
		free(blocks);
		return -ENOMEM;
	}
	memset(table, 0, 8 * nr);
	memcpy(table, image->refcount_table, 8 * (size_t)image->nr_blocks);
	for (uint32_t i = 0; i < image->nr_blocks; i++) {
		blocks[i] = image->blocks[i];
		if (blocks[i] != NULL)
			blocks[i]->slot = &blocks[i];
	}
	free(image->refcount_table);
	free(image->blocks);
	image->refcount_table = table;
	image->blocks = blocks;
	image->nr_blocks = (uint32_t)nr;
	return 0;
}

int qcow2_refcount_grow(struct qcow2 *image, uint64_t index)
{
	uint64_t old = image->nr_blocks;
	uint64_t old_offset = image->refcount_table_offset;
	uint64_t old_bytes = 8 * old;
	struct plan plan;
	uint64_t end;
	int rc = make_plan(image, index, &plan);

	if (rc < 0)
		return rc;
	end = plan.first + plan.table_clusters + plan.nr_blocks;
	if (end > QCOW2_MAX_OFFSET >> image->cluster_bits)
		return -ENOSPC;
	rc = qcow2_file_reserve(image, end << image->cluster_bits);
	for (uint64_t i = plan.first; rc >= 0 && i < end; i++) {
		rc = qcow2_set_add(&image->metadata, i);
		if (rc == 0)
			rc = qcow2_damaged(image, "the table at %llu is not counted",
					   (unsigned long long)i << image->cluster_bits);
	}
	if (rc >= 0)
		rc = enlarge(image, plan.table_clusters * (image->cluster_bytes / 8));
	if (rc < 0)
		return rc;
	for (uint64_t i = 0; i < plan.nr_blocks; i++) {
		uint64_t host = (plan.first + plan.table_clusters + i) << image->cluster_bits;
		struct qcow2_table *block;

		rc = qcow2_table_make(image, &image->blocks[old + i], host, &block);
		if (rc < 0)
			return rc;
		image->refcount_table[old + i] = host;
	}
	for (uint64_t i = plan.first; i < end; i++)
		qcow2_refcount_set(image, image->blocks[i >> image->block_bits], i, 1);
	if (end << image->cluster_bits > image->fresh_from)
		image->fresh_from = end << image->cluster_bits;
	image->refcount_table_offset = plan.first << image->cluster_bits;
	image->refcount_table_moved = true;
	qcow2_dirty_add(&image->refcount_table_dirty, 0, 8 * (uint64_t)image->nr_blocks);
	/* The header names the old one until it is published. */
	qcow2_reap_later(image, old_offset, old_bytes);
	return 0;
}
