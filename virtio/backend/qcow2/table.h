/* The cache of L2 tables and refcount blocks of a qcow2 image. */
#ifndef VIRTIO_BACKEND_QCOW2_TABLE_H
#define VIRTIO_BACKEND_QCOW2_TABLE_H

#include "virtio/backend/qcow2/image.h"

/* Those who need a table give the walk that needs it: -EINPROGRESS means that the walk waits, and its step will run
 * again. Without a walk the calling thread waits. */

/* The table at `offset`, whose place among l2[] or blocks[] is `slot`. 0; -EINPROGRESS; -EIO or another errno. */
__attribute__((warn_unused_result)) int qcow2_table_get(struct qcow2 *image, struct qcow2_table **slot, uint64_t offset,
							struct block_walk *walk, struct qcow2_table **out);
/* A new one, all zeros and not on the disk yet. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int qcow2_table_make(struct qcow2 *image, struct qcow2_table **slot,
							 uint64_t offset, struct qcow2_table **out);
/* Bytes of the table have changed. */
void qcow2_table_dirty(struct qcow2_table *table, uint64_t first, uint64_t len);
void qcow2_table_clean(struct qcow2_table *table);
/* Drops what could not be loaded: everybody who waited has seen it. */
void qcow2_table_forget_failed(struct qcow2 *image);
void qcow2_table_drop_all(struct qcow2 *image);

static inline bool qcow2_dirty_is_empty(struct qcow2_dirty dirty)
{
	return dirty.first == dirty.end;
}

static inline void qcow2_dirty_add(struct qcow2_dirty *dirty, uint64_t first, uint64_t len)
{
	if (dirty->first == dirty->end) {
		*dirty = (struct qcow2_dirty){ first, first + len };
		return;
	}
	if (first < dirty->first)
		dirty->first = first;
	if (first + len > dirty->end)
		dirty->end = first + len;
}

#endif
