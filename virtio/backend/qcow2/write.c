/* Writes that do not go to clusters of our own, one behind the other. */
#include "virtio/backend/qcow2/steps.h"

#include <errno.h>

#include "virtio/backend/qcow2/alloc.h"
#include "virtio/backend/qcow2/map.h"
#include "virtio/backend/qcow2/queue.h"

void qcow2_write_step(struct block_walk *walk)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	struct qcow2_extent extent;
	struct qcow2_table *table;
	struct qcow2_alloc *alloc;
	uint64_t offset, length;
	int rc;

	if (qcow2_alloc_step(walk))
		return;
	offset = walk->parent->offset + walk->position;
	length = walk->parent->length - walk->position;
	rc = image->damaged ? -EIO : qcow2_map_own_table(image, offset, walk, &table);
	if (rc == 0)
		rc = qcow2_map(image, table, offset, length, &extent);
	if (rc != 0) {
		if (rc != -EINPROGRESS)
			block_walk_fail(walk, rc);
		return;
	}
	if (extent.kind == QCOW2_IS_DATA && extent.owned) {
		block_walk_send(walk, image->file, BLOCK_WRITE, extent.host, extent.length);
		return;
	}
	alloc = qcow2_alloc_find(table, qcow2_l2_index(image, offset));
	if (alloc != NULL)
		qcow2_queue_push(&alloc->waiting, walk);
	else
		qcow2_alloc_start(walk, table, offset, length);
}
