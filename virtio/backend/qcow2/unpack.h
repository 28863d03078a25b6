/* Compressed clusters. */
#ifndef VIRTIO_BACKEND_QCOW2_UNPACK_H
#define VIRTIO_BACKEND_QCOW2_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "virtio/backend/qcow2/header.h"

/* Unpacks a cluster; what follows it in `in` is not looked at. 0, -EIO or -ENOMEM. Any thread. */
__attribute__((warn_unused_result)) int qcow2_unpack(enum qcow2_compression compression, const uint8_t *in, size_t len,
						     uint8_t *out, size_t out_len);

#endif
