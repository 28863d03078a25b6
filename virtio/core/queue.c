#include "virtio/core/queue.h"

#include <errno.h>
#include <stddef.h>

#include "vmm/base/container_of.h"
#include "vmm/base/log.h"

static const char ring_broken[] = "the ring breaks a rule";

/* Of a long batch the handler may carry out a part and ask for another turn. The loop's next turn runs it then, as it
 * does for a queue that is watched: if it ran here, in the midst of one, what the first part starts would be submitted
 * only with the second. */
static void on_kick(struct loop_event *event)
{
	struct virtio_queue *queue = container_of(event, struct virtio_queue, kick);

	if (virtq_nr_offered(&queue->vq) <= VIRTIO_QUEUE_PART) {
		virtio_queue_run(queue);
		return;
	}
	queue->again = true;
	loop_watch_add(queue->loop, &queue->watch);
}

static struct virtio_queue *watched(struct loop_watch *watch)
{
	return container_of(watch, struct virtio_queue, watch);
}

static bool watch_ready(struct loop_watch *watch)
{
	return watched(watch)->again || virtq_has_chains(&watched(watch)->vq);
}

static void watch_run(struct loop_watch *watch)
{
	virtio_queue_run(watched(watch));
}

static bool watch_rest(struct loop_watch *watch)
{
	return watched(watch)->again || virtq_enable_kicks(&watched(watch)->vq);
}

static void watch_wake(struct loop_watch *watch)
{
	virtq_disable_kicks(&watched(watch)->vq);
}

static void publish_batch(struct loop_task *task)
{
	struct virtio_queue *queue = container_of(task, struct virtio_queue, publish);

	if (virtq_publish(&queue->vq))
		virtio_notify_queue(queue->dev, queue->index);
}

int virtio_queue_start(struct virtio_queue *queue, struct virtio_device *dev, unsigned int index, struct loop *loop,
		       const struct virtio_queue_setup *setup, uint64_t features,
		       enum virtio_queue_next (*handler)(struct virtio_queue *))
{
	int rc;

	if (setup->config.size > dev->queue_max_size)
		return -EINVAL;
	*queue = (struct virtio_queue){
		.dev = dev,
		.index = index,
		.loop = loop,
		.handler = handler,
		.kick = { .fd = setup->kick_fd, .handler = on_kick },
		.watch = { .ready = watch_ready, .run = watch_run, .rest = watch_rest, .wake = watch_wake },
		.publish = { .run = publish_batch },
	};
	rc = virtq_activate(&queue->vq, dev->memory, &setup->config, features);
	if (rc < 0)
		return rc;
	rc = loop_event_add(loop, &queue->kick);
	if (rc < 0) {
		virtq_deactivate(&queue->vq);
		return rc;
	}
	queue->running = true;
	/* Chains may have been offered before the queue ran, and their kick be gone. */
	queue->again = true;
	loop_watch_add(loop, &queue->watch);
	return 0;
}

void virtio_queue_quiesce(struct virtio_queue *queue)
{
	if (!queue->running)
		return;
	loop_event_remove(queue->loop, &queue->kick);
	loop_watch_remove(queue->loop, &queue->watch);
	queue->running = false;
}

void virtio_queue_stop(struct virtio_queue *queue)
{
	virtio_queue_quiesce(queue);
	if (queue->loop)
		loop_defer_cancel(queue->loop, &queue->publish);
	*queue = (struct virtio_queue){ 0 };
}

void virtio_queue_run(struct virtio_queue *queue)
{
	enum virtio_queue_next next;

	if (!queue->running)
		return;
	if (queue->vq.broken) {
		/* Its index jumped while kicks were enabled, or it is known already. */
		virtio_queue_break(queue, ring_broken);
		return;
	}
	queue->again = false;
	queue->budget = queue->vq.size;
	virtq_disable_kicks(&queue->vq);
	next = queue->handler(queue);
	if (next == VIRTIO_QUEUE_BLOCKED) {
		loop_watch_remove(queue->loop, &queue->watch);
	} else if (!queue->vq.broken) {
		queue->again = next == VIRTIO_QUEUE_AGAIN;
		loop_watch_add(queue->loop, &queue->watch);
	}
}

bool virtio_queue_pop(struct virtio_queue *queue, struct virtq_chain *chain)
{
	int rc;

	if (!queue->running || queue->budget == 0)
		return false;
	rc = virtq_pop(&queue->vq, chain);
	if (rc < 0)
		virtio_queue_break(queue, ring_broken);
	if (rc <= 0)
		return false;
	queue->budget--;
	return true;
}

void virtio_queue_push(struct virtio_queue *queue, uint16_t head, uint32_t written)
{
	virtq_push(&queue->vq, head, written);
	loop_defer(queue->loop, &queue->publish);
}

void virtio_queue_break(struct virtio_queue *queue, const char *what)
{
	queue->vq.broken = true;
	queue->again = false;
	loop_watch_remove(queue->loop, &queue->watch);
	if (queue->reported)
		return;
	queue->reported = true;
	log_guest("%s: queue %u: %s; the device waits for a reset", queue->dev->name, queue->index, what);
	virtio_needs_reset(queue->dev);
}
