/* The receive buffers that were popped and wait for a frame: two windows of struct net_rx's arrays, of the buffers and
 * of their segments. On the pair's loop. */
#ifndef VIRTIO_DEV_NET_RX_HELD_H
#define VIRTIO_DEV_NET_RX_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/dev/net_rx.h"

/* Their segments. There is room for one more behind them. */
static inline struct iovec *net_rx_held_iov(struct net_rx *rx)
{
	return &rx->iov[rx->first_iov];
}

/* Forgets them, and a frame that waits for more. */
void net_rx_held_drop(struct net_rx *rx);
/* Whether there is room for one more. */
__attribute__((warn_unused_result)) bool net_rx_held_room(struct net_rx *rx);
/* Pops one more, for which there is room. False if there is none, or it breaks a rule, and the queue with it. */
__attribute__((warn_unused_result)) bool net_rx_hold(struct net_rx *rx);
/* Copies between them, from byte `at` on, and `bytes`; in = into them. They have so many. */
void net_rx_held_copy(struct net_rx *rx, uint32_t at, void *bytes, size_t len, bool in);

#endif
