/* Frames to the driver (virtio 1.2, 5.1.6.3 and 5.1.6.4).
 *
 * Theory of operation. Buffers are popped before there is a frame for them, and held; a large frame is received
 * straight into those at the front. How many that takes nobody knows beforehand, and segments cost time even if they
 * stay empty. So as many are held as the last frames took, and behind them lies the overflow, memory of our own in
 * which the largest frame has room. What ends up there is copied into further buffers, and from then on more are held.
 * While all frames are small they are received ahead, many at a time and into memory of our own alone, and copied: that
 * takes less time than the segments and the calls do. A frame that is not for the driver leaves its buffers to the
 * next.
 *
 * The queue waits for one of three things: a frame (the backend is read, the ring is not looked at), buffers (the other
 * way round), or a rate limit's timer (neither). All on the pair's loop. */
#ifndef VIRTIO_DEV_NET_RX_H
#define VIRTIO_DEV_NET_RX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "virtio/backend/net.h"
#include "virtio/core/queue.h"
#include "virtio/dev/net_filter.h"
#include "virtio/dev/net_limit.h"
#include "virtio/dev/net_rx_ahead.h"
#include "vmm/core/loop_timer.h"

#define NET_QUEUE_MAX_SIZE 512
/* What one chain can have. */
#define NET_CHAIN_MAX_SEGMENTS (NET_QUEUE_MAX_SIZE + GUEST_MEMORY_MAX_REGIONS)
#define NET_RX_MAX_SEGMENTS NET_MAX_SEGMENTS
#define NET_RX_OVERFLOW_BYTES (NET_HEADER_BYTES + NET_MAX_FRAME_BYTES)

/* A popped buffer. */
struct net_rx_buffer {
	uint16_t head;
	uint16_t nr_iov;
	uint32_t nr_bytes;
};

struct net_rx {
	struct virtio_queue queue; /* first: the handler finds this by it */
	struct net_backend *backend;
	struct net_limit *limit;
	struct loop_timer timer; /* not there without limits */
	unsigned int pair;
	bool active;
	bool mergeable;
	unsigned int offloads; /* that the driver takes now */
	struct net_filter filter;
	/* Held buffers: a window of each array. */
	unsigned int first, nr;
	unsigned int first_iov, nr_iov;
	uint32_t nr_bytes; /* in them */
	uint32_t wanted_bytes; /* to be held; 0: one buffer, and the frame is copied there */
	unsigned int nr_small; /* frames in a row that would have done with far less */
	/* A frame that waits for more buffers, and where in the overflow what is left of it begins. 0: none. */
	uint32_t frame_bytes, overflow_at;
	uint8_t *overflow; /* NET_RX_OVERFLOW_BYTES of `ahead` */
	struct net_rx_ahead ahead;
	struct net_rx_buffer buffers[NET_QUEUE_MAX_SIZE];
	struct iovec iov[NET_RX_MAX_SEGMENTS];
};

/* Starts an inactive queue with these features of the driver. `backend`, `pair`, `limit` are set. 0, -ENOMEM, or the
 * errno of virtio_queue_start() or loop_timer_init(). */
__attribute__((warn_unused_result)) int net_rx_start(struct net_rx *rx, struct virtio_device *dev, unsigned int index,
						     struct loop *loop, const struct virtio_queue_setup *setup,
						     uint64_t features);
/* Nothing is in flight when it returns. Takes one that was not started. */
void net_rx_stop(struct net_rx *rx);

/* From now on frames are received, or not any more. */
void net_rx_set_active(struct net_rx *rx, bool active);
/* The backend has frames. */
void net_rx_readable(struct net_rx *rx);

#endif
