/* Clusters of a qcow2 image that only the worker thread can bring to memory. */
#ifndef VIRTIO_BACKEND_QCOW2_FETCH_H
#define VIRTIO_BACKEND_QCOW2_FETCH_H

#include "virtio/backend/qcow2/image.h"

/* The cluster that a compressed entry, or one that lies across the end of the file, describes. The bytes are there
 * until the caller returns. 0, -EINPROGRESS as for qcow2_table_get(), or -EIO. */
__attribute__((warn_unused_result)) int qcow2_fetch(struct qcow2 *image, uint64_t entry, struct block_walk *walk,
						    const uint8_t **bytes);
/* Where the bytes of a compressed cluster are. */
void qcow2_compressed_place(const struct qcow2 *image, uint64_t entry, uint64_t *host, uint64_t *len);
void qcow2_fetch_forget_failed(struct qcow2 *image);
void qcow2_fetch_drop_all(struct qcow2 *image);

#endif
