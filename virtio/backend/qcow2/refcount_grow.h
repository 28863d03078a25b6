/* A larger refcount table for a qcow2 image. */
#ifndef VIRTIO_BACKEND_QCOW2_REFCOUNT_GROW_H
#define VIRTIO_BACKEND_QCOW2_REFCOUNT_GROW_H

#include "virtio/backend/qcow2/image.h"

/* Makes the refcount table cover cluster `index` too. -ENOSPC if it can't. */
__attribute__((warn_unused_result)) int qcow2_refcount_grow(struct qcow2 *image, uint64_t index);

#endif
