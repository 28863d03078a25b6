/* The network device's own state, for the files that make it up. */
#ifndef VIRTIO_DEV_NET_INTERNAL_H
#define VIRTIO_DEV_NET_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/dev/net.h"
#include "virtio/dev/net_abi.h"
#include "virtio/dev/net_filter.h"
#include "virtio/dev/net_limit.h"
#include "virtio/dev/net_rx.h"
#include "virtio/dev/net_tx.h"
#include "virtio/dev/net_vhost.h"

/* Everything in it belongs to the pair's loop. */
struct net_pair {
	struct net *net;
	struct loop *loop;
	unsigned int index;
	bool active;
	struct net_vhost vhost; /* used: the queues below are not */
	struct net_rx rx;
	struct net_tx tx;
};

struct net {
	struct virtio_device dev; /* first: the transport's handle */
	struct net_backend *backend;
	unsigned int nr_pairs;
	uint8_t mac[NET_MAC_BYTES]; /* the owner's choice */
	struct net_limit in;
	struct net_limit out;

	/* What follows belongs to the loop of pair 0. */
	struct virtio_net_config config;
	struct virtio_queue control;
	uint64_t features; /* negotiated; 0: no driver is there */
	unsigned int offloads; /* that the driver takes now */
	struct net_filter filter; /* from here to the pairs' copies */

	struct net_pair pairs[]; /* nr_pairs */
};

static inline bool net_negotiated(const struct net *net, unsigned int bit)
{
	return net->features & VIRTIO_FEATURE(bit);
}

/* net_control.c: the control queue's handler. */
enum virtio_queue_next net_control_handle(struct virtio_queue *queue);

/* net_state.c: what the driver may change while it runs, carried to the pairs. All on the loop of pair 0; the other
 * loops are called and waited for.
 *
 * The filter has changed. */
void net_state_filter(struct net *net);
/* Leaves `offloads` to the driver from now on. 0 or a negative errno. */
__attribute__((warn_unused_result)) int net_state_set_offloads(struct net *net, unsigned int offloads);
/* The first `nr` pairs are active. 0 or a negative errno, after which fewer are. */
__attribute__((warn_unused_result)) int net_state_set_pairs(struct net *net, unsigned int nr);
/* The driver has chosen this address; shows it. */
void net_state_set_mac(struct net *net, const uint8_t *mac);
/* The driver has announced itself. */
void net_state_announced(struct net *net);
/* What net_backend_attach() is given: frames, room, and the state of the link. */
extern const struct net_user_ops net_state_user_ops;

#endif
