/* Which clusters of a qcow2 image's file are in use. */
#ifndef VIRTIO_BACKEND_QCOW2_REFCOUNT_H
#define VIRTIO_BACKEND_QCOW2_REFCOUNT_H

#include "virtio/backend/qcow2/image.h"

struct qcow2_run {
	uint64_t host;
	uint64_t nr; /* clusters */
	bool fresh; /* reads as zeros: nothing was ever written there */
};

/* Takes up to `wanted` neighbouring clusters that were free; one, if they are for `metadata`. 0, -EINPROGRESS as for
 * qcow2_table_get(), -ENOSPC or another errno. */
__attribute__((warn_unused_result)) int qcow2_refcount_take(struct qcow2 *image, uint64_t wanted, bool metadata,
							    struct block_walk *walk, struct qcow2_run *run);
/* Gives back the last `nr` of clusters that were just taken, and never used. */
void qcow2_refcount_untake(struct qcow2 *image, uint64_t host, uint64_t nr);
/* The refcount block for cluster `index`; its table may be NULL: all are 0. As qcow2_table_get(). */
__attribute__((warn_unused_result)) int qcow2_refcount_block(struct qcow2 *image, uint64_t index,
							     struct block_walk *walk, struct qcow2_table **out);
uint64_t qcow2_refcount_get(const struct qcow2 *image, const struct qcow2_table *block, uint64_t index);
void qcow2_refcount_set(struct qcow2 *image, struct qcow2_table *block, uint64_t index, uint64_t count);

#endif
