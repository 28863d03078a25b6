/* Writing the changes of a qcow2 image's tables to the disk. */
#ifndef VIRTIO_BACKEND_QCOW2_PUBLISH_H
#define VIRTIO_BACKEND_QCOW2_PUBLISH_H

#include "virtio/backend/qcow2/image.h"

/* Completes the request, a flush or a durable write whose data are written, when all changes so far are on the disk. */
void qcow2_publish_flush(struct qcow2 *image, struct block_request *request);
/* Begins to publish, unless it does already: tables are to become clean. */
void qcow2_publish_start(struct qcow2 *image);
/* Whether everything that a flush has to vouch for is on the disk, but for data. */
bool qcow2_publish_is_done(const struct qcow2 *image);
/* Publishes everything on the calling thread. 0 or a negative errno. */
__attribute__((warn_unused_result)) int qcow2_publish_now(struct qcow2 *image);

#endif
