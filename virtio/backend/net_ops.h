/* What a kind of network backend answers. Each function is that of virtio/backend/net.h with its name. */
#ifndef VIRTIO_BACKEND_NET_OPS_H
#define VIRTIO_BACKEND_NET_OPS_H

#include "virtio/backend/net.h"

struct net_backend_ops {
	int (*attach)(struct net_backend *backend);
	void (*detach)(struct net_backend *backend);
	int (*set_offloads)(struct net_backend *backend, unsigned int offloads); /* NULL: there are none */
	int (*set_active)(struct net_backend *backend, unsigned int pair, bool active);
	void (*flush)(struct net_backend *backend, unsigned int pair);
	void (*set_reading)(struct net_backend *backend, unsigned int pair, bool on);
	int (*receive)(struct net_backend *backend, unsigned int pair, const struct iovec *iov, unsigned int nr_iov);
	unsigned int (*receive_many)(struct net_backend *backend, unsigned int pair, struct net_slot *slots,
				     unsigned int nr); /* NULL: net_receive_singly() */
	void (*hold_slots)(struct net_backend *backend, unsigned int pair, void *memory,
			   size_t nr_bytes); /* NULL: of no use */
	unsigned int (*transmit)(struct net_backend *backend, unsigned int pair, const struct net_frame *frames,
				 unsigned int nr);
	int (*vhost_fd)(const struct net_backend *backend, unsigned int pair); /* NULL: there is none */
	void (*close)(struct net_backend *backend);
};

/* Embedded first in each kind's own state. */
struct net_backend {
	const struct net_backend_ops *ops;
	unsigned int nr_pairs;
	unsigned int tx_offloads;
	unsigned int rx_offloads;
	char description[64];
	_Atomic bool link_up; /* changed on the loop of pair 0, read on any thread */
	const struct net_owner_ops *owner_ops; /* NULL: nobody cares */
	void *owner_arg;
	/* while attached: */
	const struct net_user_ops *user_ops; /* NULL: not attached */
	void *user_arg;
	struct loop *loops[NET_MAX_PAIRS];
};

/* net_backend_receive_many() by one receive() a frame. */
unsigned int net_receive_singly(struct net_backend *backend, unsigned int pair, struct net_slot *slots,
				unsigned int nr);
/* Tells device and owner, if that is a change. Loop of pair 0. */
void net_backend_set_link(struct net_backend *backend, bool up);
/* The link is down, and the owner may mend it. Loop of pair 0. */
void net_backend_lost(struct net_backend *backend);

#endif
