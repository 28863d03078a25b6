/* A rate limit of one direction, shared by the queue pairs of a device.
 *
 * A frame passes while both buckets have something left, and takes all that it costs: the largest puts a bucket into
 * debt, so that no frame is impossible and none passes cheaper. */
#ifndef VIRTIO_DEV_NET_LIMIT_H
#define VIRTIO_DEV_NET_LIMIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "virtio/dev/net.h"

/* Any thread; the lock is inside, and not taken where nothing is limited. */
struct net_limit {
	bool limits; /* constant */
	pthread_mutex_t lock;
	struct bucket bytes;
	struct bucket packets;
};

void net_limit_init(struct net_limit *limit, const struct net_limits *limits);
void net_limit_fini(struct net_limit *limit);

/* 0 if a frame may pass now; otherwise how long to wait before the next try, in nanoseconds. */
uint64_t net_limit_wait_ns(struct net_limit *limit);
/* A frame of `nr_bytes`, without the virtio header, passes. */
void net_limit_take(struct net_limit *limit, uint32_t nr_bytes);

#endif
