/* Clusters of a qcow2 image that get a place in the file, and their first data. */
#ifndef VIRTIO_BACKEND_QCOW2_ALLOC_H
#define VIRTIO_BACKEND_QCOW2_ALLOC_H

#include "virtio/backend/qcow2/image.h"

/* Begins to give clusters of the table, from the one at `offset` of the virtual disk, a place and data: the walk's next
 * bytes, `length` at most; or zeros, for a walk that writes them. The walk goes on when it is done. */
void qcow2_alloc_start(struct block_walk *walk, struct qcow2_table *table, uint64_t offset, uint64_t length);
/* Goes on: true if the walk's step has nothing else to do now. */
bool qcow2_alloc_step(struct block_walk *walk);
/* For block_walk_pool.ended. */
bool qcow2_alloc_ended(struct block_walk *walk, int result);
/* The one that covers an entry of the table, or NULL. */
struct qcow2_alloc *qcow2_alloc_find(const struct qcow2_table *table, uint32_t index);
void qcow2_alloc_drop_all(struct qcow2 *image);

#endif
