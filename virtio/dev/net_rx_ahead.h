/* Frames that are received ahead, many at a time, and wait in memory of our own. On the pair's loop. */
#ifndef VIRTIO_DEV_NET_RX_AHEAD_H
#define VIRTIO_DEV_NET_RX_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/net.h"

/* What they take of usual frames stays in the nearest cache: more are slower. */
#define NET_RX_AHEAD_SLOTS 16

/* Embedded in its owner; zero is a valid "not there" state. */
struct net_rx_ahead {
	struct net_slot slots[NET_RX_AHEAD_SLOTS];
	unsigned int next, end; /* those that wait, or are empty */
	unsigned int nr_expected; /* frames that the next call asks for: as many as came lately */
	bool drained; /* the last call has found all there were */
};

/* 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int net_rx_ahead_init(struct net_rx_ahead *ahead);
/* Takes one that is not there. */
void net_rx_ahead_fini(struct net_rx_ahead *ahead);
/* Forgets the frames that wait. */
void net_rx_ahead_drop(struct net_rx_ahead *ahead);

/* Whether a frame waits. */
bool net_rx_ahead_waits(const struct net_rx_ahead *ahead);
/* The next frame, at *bytes, until the next call: its length with the header. 0: there is none, nor does one wait in
 * the backend; what comes from then on makes that readable. */
uint32_t net_rx_ahead_next(struct net_rx_ahead *ahead, struct net_backend *backend, unsigned int pair, uint8_t **bytes);
/* Memory for the largest frame, while none waits, until the next call. */
uint8_t *net_rx_ahead_room(struct net_rx_ahead *ahead);

#endif
