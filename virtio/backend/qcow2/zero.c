/* Discard and write-zeroes. Whole clusters become entries that say so, which costs no I/O; what is only a part of a
 * cluster is zeroed in it. */
#include "virtio/backend/qcow2/steps.h"

#include <errno.h>

#include "virtio/backend/qcow2/alloc.h"
#include "virtio/backend/qcow2/map.h"
#include "virtio/backend/qcow2/queue.h"

/* An entry that reads as zeros and needs no place, if this image can say so. */
static bool zero_entry(const struct qcow2 *image, uint64_t *entry)
{
	*entry = image->header.version >= 3 ? QCOW2_ZERO : 0;
	return image->header.version >= 3 || image->backing == NULL;
}

/* How many whole clusters begin at `offset`. The virtual disk's last one is whole wherever the disk ends. */
static uint64_t whole_clusters(const struct qcow2 *image, uint64_t offset, uint64_t length)
{
	if (offset & (image->cluster_bytes - 1))
		return 0;
	if (offset + length == image->header.size_bytes)
		length += image->cluster_bytes - 1;
	return length >> image->cluster_bits;
}

/* Turns up to `nr` clusters into zeros by their entries. How many, before one that is being allocated. */
static uint64_t zero_entries(struct qcow2 *image, struct qcow2_table *table, uint32_t first, uint64_t nr, bool unmap)
{
	uint64_t zero, i;

	(void)zero_entry(image, &zero);
	for (i = 0; i < nr && qcow2_alloc_find(table, first + (uint32_t)i) == NULL; i++) {
		uint64_t old = qcow2_entry(table, first + (uint32_t)i);

		if (!unmap && (old & QCOW2_COPIED) && image->header.version >= 3)
			qcow2_map_set(image, table, first + (uint32_t)i, old | QCOW2_ZERO, true);
		else
			qcow2_map_set(image, table, first + (uint32_t)i, zero, false);
	}
	return i;
}

static void zero_whole(struct qcow2 *image, struct block_walk *walk, uint64_t offset, uint64_t length, uint64_t nr,
		       bool unmap)
{
	uint32_t index = qcow2_l2_index(image, offset);
	struct qcow2_table *table;
	int rc = qcow2_map_own_table(image, offset, walk, &table);

	if (rc != 0) {
		if (rc != -EINPROGRESS)
			block_walk_fail(walk, rc);
		return;
	}
	nr = zero_entries(image, table, index, nr, unmap);
	if (nr == 0)
		qcow2_queue_push(&qcow2_alloc_find(table, index)->waiting, walk);
	else
		block_walk_skip(walk, nr << image->cluster_bits < length ? nr << image->cluster_bits : length);
}

static void zero_part(struct qcow2 *image, struct block_walk *walk, uint64_t offset, uint64_t length)
{
	uint64_t to_end = image->cluster_bytes - (offset & (image->cluster_bytes - 1));
	struct qcow2_alloc *alloc;
	struct qcow2_table *table;
	int rc = qcow2_map_own_table(image, offset, walk, &table);

	if (rc != 0) {
		if (rc != -EINPROGRESS)
			block_walk_fail(walk, rc);
		return;
	}
	alloc = qcow2_alloc_find(table, qcow2_l2_index(image, offset));
	if (alloc != NULL)
		qcow2_queue_push(&alloc->waiting, walk);
	else
		qcow2_alloc_start(walk, table, offset, length < to_end ? length : to_end);
}

void qcow2_zero_step(struct block_walk *walk)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	enum block_op op = walk->parent->op;
	bool unmap = op != BLOCK_WRITE_ZEROES && image->discard;
	struct qcow2_extent extent;
	struct qcow2_table *table;
	uint64_t offset, nr, zero;
	int rc;

	if (qcow2_alloc_step(walk))
		return;
	offset = walk->parent->offset + walk->position;
	rc = image->damaged ? -EIO : qcow2_map_table(image, offset, walk, &table);
	if (rc == 0)
		rc = qcow2_map(image, table, offset, walk->parent->length - walk->position, &extent);
	if (rc != 0) {
		if (rc != -EINPROGRESS)
			block_walk_fail(walk, rc);
		return;
	}
	/* A place that is kept for zeros is given back by a discard only. */
	if ((op == BLOCK_DISCARD && !unmap) ||
	    (qcow2_map_is_zeros(image, &extent, offset) && !(unmap && extent.host != 0))) {
		block_walk_skip(walk, extent.length);
		return;
	}
	nr = whole_clusters(image, offset, extent.length);
	if (nr > 0 && zero_entry(image, &zero) && (unmap || image->header.version >= 3 || !extent.owned)) {
		zero_whole(image, walk, offset, extent.length, nr, unmap);
	} else if (op == BLOCK_DISCARD) {
		/* A hint, for a part of a cluster, or for one that can't be told to be zeros. */
		uint64_t to_end = image->cluster_bytes - (offset & (image->cluster_bytes - 1));

		block_walk_skip(walk, extent.length < to_end ? extent.length : to_end);
	} else if (extent.kind == QCOW2_IS_ZERO) {
		/* A part of a place that is kept for zeros. */
		block_walk_skip(walk, extent.length);
	} else if (extent.kind == QCOW2_IS_DATA && extent.owned) {
		uint64_t to_end = image->cluster_bytes - (offset & (image->cluster_bytes - 1));

		/* Only up to where whole clusters begin. */
		block_walk_send(walk, image->file, BLOCK_WRITE_ZEROES, extent.host,
				extent.length < to_end ? extent.length : to_end);
	} else {
		zero_part(image, walk, offset, extent.length);
	}
}
