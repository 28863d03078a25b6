/* Clusters of a qcow2 image whose use has ended. */
#ifndef VIRTIO_BACKEND_QCOW2_REAP_H
#define VIRTIO_BACKEND_QCOW2_REAP_H

#include "virtio/backend/qcow2/image.h"

/* The cluster at this offset, or those that hold `len` bytes there, lose a reference as soon as the change that dropped
 * them is published. */
void qcow2_reap_later(struct qcow2 *image, uint64_t host, uint64_t len);
/* They are published: they become free. */
void qcow2_reap_start(struct qcow2 *image);
/* The same at once. 0 or a negative errno. */
__attribute__((warn_unused_result)) int qcow2_reap_now(struct qcow2 *image);
/* Moves all items to the end of another list. */
void qcow2_reap_move(struct qcow2_deref_list *to, struct qcow2_deref_list *from);
void qcow2_reap_init(struct qcow2 *image);
void qcow2_reap_drop_all(struct qcow2 *image);

#endif
