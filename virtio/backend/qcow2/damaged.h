/* A qcow2 image that turns out to be damaged while it is in use. */
#ifndef VIRTIO_BACKEND_QCOW2_DAMAGED_H
#define VIRTIO_BACKEND_QCOW2_DAMAGED_H

#include "virtio/backend/qcow2/image.h"

/* Says once what is wrong with the image, and that it is not written any more from here on. Returns -EIO. */
int qcow2_damaged(struct qcow2 *image, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
