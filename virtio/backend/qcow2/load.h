/* The tables of a qcow2 image when it is opened. */
#ifndef VIRTIO_BACKEND_QCOW2_LOAD_H
#define VIRTIO_BACKEND_QCOW2_LOAD_H

#include "virtio/backend/qcow2/image.h"

/* Reads and checks the L1 table and the refcount table when the image is opened. Logs. 0 or a negative errno. */
__attribute__((warn_unused_result)) int qcow2_load(struct qcow2 *image, const char *path);

#endif
