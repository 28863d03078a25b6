#include "virtio/dev/net_rx.h"

#include <string.h>

#include "virtio/dev/net_abi.h"
#include "virtio/dev/net_config.h"
#include "virtio/dev/net_rx_held.h"
#include "vmm/base/container_of.h"

/* What one turn of the loop receives at most. */
#define TURN_MAX_FRAMES 64
/* With its header, the largest frame that is better copied than received into several segments. */
#define MAX_COPY_BYTES 2048
/* Frames that would have done with far less, before less is held. */
#define MAX_SMALL 64
/* Ethernet's two addresses and type. */
#define MIN_FRAME_BYTES 14

/* What is looked at before a frame is the driver's. */
struct peek {
	struct virtio_net_header header;
	uint8_t frame[NET_FILTER_PEEK_BYTES];
};

_Static_assert(sizeof(struct peek) == NET_HEADER_BYTES + NET_FILTER_PEEK_BYTES, "bytes as they come");

enum outcome {
	MOVED_ON, /* a frame was given to the driver or thrown away */
	NEEDS_FRAME,
	NEEDS_BUFFER,
};

/* --- one frame --- */

/* Gives the buffers at the front to the driver, with a frame that they hold all of. */
static void deliver(struct net_rx *rx, uint32_t frame_bytes)
{
	uint32_t left = frame_bytes;
	uint16_t nr_buffers = 0;
	uint8_t no_flags = 0;
	le16 told;

	for (uint32_t sum = 0; sum < frame_bytes; nr_buffers++)
		sum += rx->buffers[rx->first + nr_buffers].nr_bytes;
	told = le16_make(nr_buffers);
	net_rx_held_copy(rx, offsetof(struct virtio_net_header, num_buffers), &told, sizeof(told), true);
	/* Who can't be left a checksum is told nothing about them (5.1.6.4.1), whatever the host's kernel knows. */
	if (!(rx->offloads & NET_OFFLOAD_CSUM))
		net_rx_held_copy(rx, offsetof(struct virtio_net_header, flags), &no_flags, sizeof(no_flags), true);
	for (; left > 0; rx->first++, rx->nr--) {
		const struct net_rx_buffer *buffer = &rx->buffers[rx->first];
		uint32_t written = left < buffer->nr_bytes ? left : buffer->nr_bytes;

		virtio_queue_push(&rx->queue, buffer->head, written);
		left -= written;
		rx->first_iov += buffer->nr_iov;
		rx->nr_iov -= buffer->nr_iov;
		rx->nr_bytes -= buffer->nr_bytes;
	}
	if (rx->nr == 0) {
		rx->first = 0;
		rx->first_iov = 0;
	}
	net_limit_take(rx->limit, frame_bytes - NET_HEADER_BYTES);
}

/* Fetches buffers for what lies in the overflow, and copies it there. */
static enum outcome finish_overflow(struct net_rx *rx)
{
	while (rx->nr_bytes < rx->frame_bytes) {
		uint32_t before = rx->nr_bytes, len = rx->frame_bytes - before;

		if (!net_rx_held_room(rx)) {
			/* In buffers so small that all of the ring doesn't hold it. */
			rx->frame_bytes = 0;
			return MOVED_ON;
		}
		if (!net_rx_hold(rx))
			return NEEDS_BUFFER;
		if (rx->nr_bytes - before < len)
			len = rx->nr_bytes - before;
		net_rx_held_copy(rx, before, rx->overflow + rx->overflow_at, len, true);
		rx->overflow_at += len;
	}
	deliver(rx, rx->frame_bytes);
	rx->frame_bytes = 0;
	return MOVED_ON;
}

/* How much to hold follows from what came: for frames as large as the last ones, or nothing while all are copied. */
static void learn(struct net_rx *rx, uint32_t frame_bytes, bool overflowed)
{
	if (overflowed && frame_bytes > MAX_COPY_BYTES) {
		rx->wanted_bytes = NET_RX_OVERFLOW_BYTES;
		rx->nr_small = 0;
	} else if (frame_bytes > rx->wanted_bytes / 4) {
		rx->nr_small = 0;
	} else if (++rx->nr_small > MAX_SMALL) {
		rx->wanted_bytes /= 2;
		if (rx->wanted_bytes < 4 * MAX_COPY_BYTES)
			rx->wanted_bytes = 0;
		rx->nr_small = 0;
	}
}

/* Whether what was received, of which the held buffers have the first `in_held` bytes, is for the driver. */
static bool wanted(struct net_rx *rx, uint32_t frame_bytes, uint32_t in_held)
{
	uint32_t nr = sizeof(struct peek);
	struct peek peek = { 0 };
	unsigned int offloads;

	if (frame_bytes < NET_HEADER_BYTES + MIN_FRAME_BYTES || frame_bytes > NET_RX_OVERFLOW_BYTES)
		return false;
	if (nr > frame_bytes)
		nr = frame_bytes;
	if (in_held > nr)
		in_held = nr;
	net_rx_held_copy(rx, 0, &peek, in_held, false);
	memcpy((uint8_t *)&peek + in_held, rx->overflow, nr - in_held);
	/* It may have waited since the driver took more than now. */
	if (!net_header_offloads(&peek.header, &offloads) || (offloads & ~rx->offloads))
		return false;
	return net_filter_passes(&rx->filter, peek.frame);
}

/* Receives into the held buffers and, behind them, the overflow. The frame's length; 0: none waits. */
static uint32_t receive_in_place(struct net_rx *rx)
{
	struct iovec *iov = net_rx_held_iov(rx);
	int len;

	rx->overflow = net_rx_ahead_room(&rx->ahead);
	iov[rx->nr_iov] = (struct iovec){ rx->overflow, NET_RX_OVERFLOW_BYTES };
	len = net_backend_receive(rx->backend, rx->pair, iov, rx->nr_iov + 1);
	return len > 0 ? (uint32_t)len : 0;
}

static enum outcome receive_one(struct net_rx *rx)
{
	bool copy = rx->wanted_bytes == 0 || net_rx_ahead_waits(&rx->ahead);
	uint32_t hold = rx->mergeable && !copy ? rx->wanted_bytes : 1;
	uint32_t in_held, frame_bytes;

	if (rx->frame_bytes > 0)
		return finish_overflow(rx);
	while (rx->nr_bytes < hold && net_rx_held_room(rx) && net_rx_hold(rx))
		;
	if (rx->nr == 0)
		return NEEDS_BUFFER;
	frame_bytes = copy ? net_rx_ahead_next(&rx->ahead, rx->backend, rx->pair, &rx->overflow) : receive_in_place(rx);
	if (frame_bytes == 0)
		return NEEDS_FRAME;
	in_held = copy ? 0 : rx->nr_bytes;
	if (!wanted(rx, frame_bytes, in_held))
		return MOVED_ON;
	learn(rx, frame_bytes, frame_bytes > in_held);
	/* Without merging a frame that its buffer doesn't hold is lost. */
	if (!rx->mergeable && frame_bytes > rx->nr_bytes)
		return MOVED_ON;
	rx->overflow_at = 0;
	if (copy) {
		rx->overflow_at = frame_bytes < rx->nr_bytes ? frame_bytes : rx->nr_bytes;
		net_rx_held_copy(rx, 0, rx->overflow, rx->overflow_at, true);
	}
	rx->frame_bytes = frame_bytes;
	return finish_overflow(rx);
}

/* --- the queue --- */

static enum virtio_queue_next handle(struct virtio_queue *queue)
{
	struct net_rx *rx = (struct net_rx *)queue;

	if (!rx->active)
		return VIRTIO_QUEUE_BLOCKED;
	for (unsigned int i = 0; i < TURN_MAX_FRAMES; i++) {
		uint64_t wait_ns = net_limit_wait_ns(rx->limit);

		if (wait_ns > 0) {
			net_backend_set_reading(rx->backend, rx->pair, false);
			loop_timer_set(&rx->timer, wait_ns);
			return VIRTIO_QUEUE_BLOCKED;
		}
		switch (receive_one(rx)) {
		case MOVED_ON:
			break;
		case NEEDS_FRAME:
			net_backend_set_reading(rx->backend, rx->pair, true);
			return VIRTIO_QUEUE_BLOCKED;
		case NEEDS_BUFFER:
			net_backend_set_reading(rx->backend, rx->pair, false);
			return VIRTIO_QUEUE_DRY;
		}
	}
	return VIRTIO_QUEUE_AGAIN;
}

void net_rx_readable(struct net_rx *rx)
{
	/* A broken queue takes nothing until a reset, and would be told so again and again. */
	if (!rx->queue.running || rx->queue.vq.broken)
		net_backend_set_reading(rx->backend, rx->pair, false);
	else
		virtio_queue_run(&rx->queue);
}

static void on_timer(struct loop_timer *timer)
{
	virtio_queue_run(&container_of(timer, struct net_rx, timer)->queue);
}

void net_rx_set_active(struct net_rx *rx, bool active)
{
	rx->active = active;
	net_rx_ahead_drop(&rx->ahead);
	if (active)
		virtio_queue_run(&rx->queue);
}

int net_rx_start(struct net_rx *rx, struct virtio_device *dev, unsigned int index, struct loop *loop,
		 const struct virtio_queue_setup *setup, uint64_t features)
{
	int rc = net_rx_ahead_init(&rx->ahead);

	if (rc < 0)
		return rc;
	rx->active = false;
	rx->mergeable = features & VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF_BIT);
	rx->offloads = net_config_rx_offloads(features);
	rx->wanted_bytes = 0;
	rx->nr_small = 0;
	net_rx_held_drop(rx);
	rc = rx->limit->limits ? loop_timer_init(&rx->timer, loop, on_timer) : 0;
	if (rc == 0)
		rc = virtio_queue_start(&rx->queue, dev, index, loop, setup, features, handle);
	if (rc < 0)
		net_rx_stop(rx);
	return rc;
}

void net_rx_stop(struct net_rx *rx)
{
	virtio_queue_stop(&rx->queue);
	loop_timer_fini(&rx->timer);
	net_rx_ahead_fini(&rx->ahead);
	rx->active = false;
	net_rx_held_drop(rx);
}
