/* How a qcow2 image carries out requests that it can not forward: the steps of their walks. */
#ifndef VIRTIO_BACKEND_QCOW2_STEPS_H
#define VIRTIO_BACKEND_QCOW2_STEPS_H

#include "virtio/backend/qcow2/map.h"

/* READ. */
void qcow2_read_step(struct block_walk *walk);
/* WRITE and WRITE_DURABLE. */
void qcow2_write_step(struct block_walk *walk);
/* DISCARD, WRITE_ZEROES and WRITE_ZEROES_UNMAP. */
void qcow2_zero_step(struct block_walk *walk);

#endif
