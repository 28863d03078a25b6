/* The first NIC under the tests of virtio-net's rules. At its other end is the peer of test/guest/frames/order.h.
 *
 * The host says on the command line what NIC it is: queues=N (pairs), mtu=N, mac=MAC, uso=0 (its kernel has none). */
#ifndef TEST_GUEST_TESTS_NIC_H
#define TEST_GUEST_TESTS_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/net.h"

#define NIC_RINGS (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)
#define NIC_CONTROL                                                                                                    \
	(NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_CTRL_VLAN | NET_F_CTRL_MAC_ADDR |                 \
	 NET_F_CTRL_GUEST_OFFLOADS | NET_F_GUEST_ANNOUNCE)
#define NIC_ALWAYS (VIRTIO_F_VERSION_1 | NIC_RINGS | NIC_CONTROL | NET_F_MAC | NET_F_STATUS | NET_F_MRG_RXBUF)
#define NIC_ALL_FEATURES (NIC_ALWAYS | NET_F_MTU | NET_F_MQ | NET_GUEST_OFFLOADS | NET_HOST_OFFLOADS)

extern struct net nic;

/* Brings it up from a reset: polled, one pair, buffers for any frame. False, and a failed expectation, if it does not
 * come. */
bool nic_open(uint64_t features);
bool nic_open_with(const struct net_options *options);
/* Only up to the point where queues are made. */
bool nic_negotiate(uint64_t features);
/* Whether a frame goes to the peer and its answer comes. */
bool nic_talks(void);
/* Asks the peer for `count` plain frames to `address`: how many have come before its answer; UINT32_MAX: no answer. */
uint32_t nic_copies(const uint8_t *address, uint32_t count, uint32_t bytes);

#endif
