#include "virtio/backend/qcow2/queue.h"

#include <stddef.h>

#include "virtio/backend/qcow2/fetch.h"
#include "virtio/backend/qcow2/publish.h"
#include "virtio/backend/qcow2/table.h"
#include "vmm/base/container_of.h"

void qcow2_queue_init(struct qcow2_queue *queue)
{
	queue->head = NULL;
	queue->tail = &queue->head;
}

void qcow2_queue_push(struct qcow2_queue *queue, struct block_walk *walk)
{
	walk->next = NULL;
	*queue->tail = walk;
	queue->tail = &walk->next;
}

void qcow2_queue_wake(struct qcow2 *image, struct qcow2_queue *queue)
{
	if (queue->head == NULL)
		return;
	*image->ready.tail = queue->head;
	image->ready.tail = queue->tail;
	qcow2_queue_init(queue);
	/* Not at once: who wakes may be in the middle of a step. */
	loop_defer(image->loop, &image->task);
}

void qcow2_queue_run(struct loop_task *task)
{
	struct qcow2 *image = container_of(task, struct qcow2, task);
	struct block_walk *walk = image->ready.head;

	qcow2_queue_init(&image->ready);
	while (walk != NULL) {
		struct block_walk *next = walk->next;

		walk->next = NULL;
		if (walk == &image->reaper)
			walk->step(walk);
		else
			block_walk_resume(walk);
		walk = next;
	}
	qcow2_table_forget_failed(image);
	qcow2_fetch_forget_failed(image);
	/* Before the cache is full of what can't be dropped. */
	if (image->nr_dirty > image->max_tables / 2)
		qcow2_publish_start(image);
}
