/* A qcow2 image, version 2 or 3, with the chain of backing files under it ("docs/interop/qcow2.txt" of QEMU is the
 * format's specification). */
#ifndef VIRTIO_BACKEND_QCOW2_QCOW2_H
#define VIRTIO_BACKEND_QCOW2_QCOW2_H

#include "virtio/backend/block.h"

/* As block_open() for an image whose format is known to be qcow2: options->format is not looked at. Also refused, with
 * one line and the image untouched: -EINVAL what is damaged, -ENOTSUP what needs a feature that is not here, -ELOOP a
 * chain that leads back to itself or is too long, -ENOENT a backing file that is missing. Control thread. */
__attribute__((warn_unused_result)) int block_qcow2_open(const struct block_options *options, struct block **out);

#endif
