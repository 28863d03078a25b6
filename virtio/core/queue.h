/* A virtqueue that runs on a loop: kicks in, chains to the device, used entries and at most one interrupt a turn out.
 *
 * Theory of operation. A kick runs the device's handler, which pops chains until none is left. From then on the loop
 * watches the ring and the driver is asked not to kick; before the loop sleeps kicks are enabled again, and the ring is
 * looked at once more. So a busy driver hardly ever kicks.
 * What the device pushes, in the handler or later from completions, is published by a task at the end of the loop's
 * turn: one store to used.idx and one interrupt decision for all of it. A run pops at most as many chains as the queue
 * has entries, then lets the loop serve others. A queue that breaks a rule is reported once and pops nothing more until
 * the driver resets the device; what is in flight may still be pushed.
 *
 * All calls come on the loop's thread, or before it runs. */
#ifndef VIRTIO_CORE_QUEUE_H
#define VIRTIO_CORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/core/device.h"
#include "virtio/core/virtq.h"
#include "vmm/core/loop.h"

/* A part of a long batch: it should take a disk about as long as an interrupt takes to arrive. Smaller ones bring more
 * interrupts than they save time. */
#define VIRTIO_QUEUE_PART 16

enum virtio_queue_next {
	VIRTIO_QUEUE_DRY, /* virtio_queue_pop() returned false: a kick brings more */
	VIRTIO_QUEUE_BLOCKED, /* the device waits for something else and then calls virtio_queue_run() */
	VIRTIO_QUEUE_AGAIN, /* enough for one turn of the loop: call again in the next */
};

/* Embedded in the device's own state of the queue; zeroed before its first start. */
struct virtio_queue {
	struct virtq vq;
	struct virtio_device *dev;
	unsigned int index;
	struct loop *loop;
	enum virtio_queue_next (*handler)(struct virtio_queue *queue);
	struct loop_event kick;
	struct loop_watch watch; /* of the available ring */
	struct loop_task publish;
	unsigned int budget; /* chains left to pop in this run */
	bool running;
	bool again; /* the next turn runs the handler, whatever the ring says */
	bool reported; /* the transport knows that this queue is broken */
};

/* Starts queue `index` of `dev` and looks for chains at once. 0, -EINVAL (longer than the device's
 * maximum), or the negative errno of virtq_activate() or loop_event_add(); then it is not running. */
__attribute__((warn_unused_result)) int virtio_queue_start(struct virtio_queue *queue, struct virtio_device *dev,
							   unsigned int index, struct loop *loop,
							   const struct virtio_queue_setup *setup, uint64_t features,
							   enum virtio_queue_next (*handler)(struct virtio_queue *));

/* Stops popping: no handler runs any more, kicks are not listened to. Chains in flight may still be pushed. Nothing
 * happens if the queue is not running. */
void virtio_queue_quiesce(struct virtio_queue *queue);

/* Quiesces and forgets the rings and all chains in flight; nothing touches guest memory any more through this queue.
 * Takes a zeroed or stopped queue as well. */
void virtio_queue_stop(struct virtio_queue *queue);

/* Runs the handler, as a kick does. For a device whose reason to return VIRTIO_QUEUE_BLOCKED is gone. */
void virtio_queue_run(struct virtio_queue *queue);

/* Takes the next chain, from within the handler: true, or false if none waits, the run's share is used up, or the queue
 * is broken (which this reports). `chain` as for virtq_pop(). */
__attribute__((warn_unused_result)) bool virtio_queue_pop(struct virtio_queue *queue, struct virtq_chain *chain);

/* Gives a chain back; the driver sees it at the end of the loop's turn. */
void virtio_queue_push(struct virtio_queue *queue, uint16_t head, uint32_t written);

/* The driver broke a rule of the device's own (`what`, for the log): as if the ring had been broken. */
void virtio_queue_break(struct virtio_queue *queue, const char *what);

#endif
