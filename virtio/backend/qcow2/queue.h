/* Walks that wait for something that a qcow2 image has to bring. */
#ifndef VIRTIO_BACKEND_QCOW2_QUEUE_H
#define VIRTIO_BACKEND_QCOW2_QUEUE_H

#include "virtio/backend/qcow2/image.h"

void qcow2_queue_init(struct qcow2_queue *queue);
/* Puts the walk aside. */
void qcow2_queue_push(struct qcow2_queue *queue, struct block_walk *walk);
/* Has all of them look again at the end of this turn. */
void qcow2_queue_wake(struct qcow2 *image, struct qcow2_queue *queue);
/* The task: lets those go on that were woken. */
void qcow2_queue_run(struct loop_task *task);

#endif
