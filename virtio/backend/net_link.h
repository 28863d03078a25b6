/* Watching the state of one of the host's interfaces (rtnetlink(7)). */
#ifndef VIRTIO_BACKEND_NET_LINK_H
#define VIRTIO_BACKEND_NET_LINK_H

#include <stdbool.h>

#include "vmm/core/loop.h"

enum net_link_state {
	NET_LINK_DOWN,
	NET_LINK_UP, /* the interface is up and has a carrier */
	NET_LINK_GONE, /* it was removed */
};

/* Embedded in its owner; zero is a valid "not there" state. */
struct net_link {
	struct loop_poll poll;
	struct loop *loop; /* NULL: not there */
	int ifindex;
	void (*changed)(struct net_link *link, enum net_link_state state);
};

/* Watches the interface from now on; `changed` runs for its state now and for each state that the kernel tells, which
 * may be the same as before. 0, or the errno of socket(2), bind(2), send(2) or loop_poll_add(). Loop's thread, or while
 * none runs it, as are all. */
__attribute__((warn_unused_result)) int net_link_init(struct net_link *link, struct loop *loop, int ifindex,
						      void (*changed)(struct net_link *link,
								      enum net_link_state state));
/* `changed` will not run again. Takes a zeroed one too. */
void net_link_fini(struct net_link *link);

/* What a message of rtnetlink says about the interface: true, and *state set, if anything. `len` bytes are there. */
__attribute__((warn_unused_result)) bool net_link_parse(const void *message, unsigned int len, int ifindex,
							enum net_link_state *state);

#endif
