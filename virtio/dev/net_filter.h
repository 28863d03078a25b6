/* Which frames a driver wants to see (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3). */
#ifndef VIRTIO_DEV_NET_FILTER_H
#define VIRTIO_DEV_NET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define NET_FILTER_MAC_BYTES 6
/* Addresses in both tables; a driver that gives more sees all frames of that kind. */
#define NET_FILTER_MAX_MACS 64
#define NET_FILTER_NR_VLANS 4096
/* What a decision looks at: two addresses, a VLAN tag. */
#define NET_FILTER_PEEK_BYTES 16

/* A value without pointers: each queue pair has a copy of its own, on its own thread. */
struct net_filter {
	uint8_t mac[NET_FILTER_MAC_BYTES]; /* the interface's own */
	bool promisc; /* everything passes */
	bool allmulti, alluni;
	bool nomulti, nouni, nobcast;
	bool filters_vlans;
	uint8_t nr_unicast, nr_multicast; /* in `macs`, in this order */
	bool all_unicast, all_multicast; /* a table was too long */
	uint8_t macs[NET_FILTER_MAX_MACS][NET_FILTER_MAC_BYTES];
	uint64_t vlans[NET_FILTER_NR_VLANS / 64]; /* a bit for each that passes */
};

/* What a driver meets after a reset: everything passes, until it says that it wants less. */
void net_filter_reset(struct net_filter *filter, const uint8_t *mac, bool filters_vlans);

/* Whether the frame, of which the first NET_FILTER_PEEK_BYTES are given, is for this driver. */
bool net_filter_passes(const struct net_filter *filter, const uint8_t *frame);

/* A VLAN's frames pass from now on, or don't any more; false for a number that there is not. */
__attribute__((warn_unused_result)) bool net_filter_set_vlan(struct net_filter *filter, uint16_t vlan, bool passes);

#endif
