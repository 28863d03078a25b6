/* The tap backend's own state, for the files that make it up. */
#ifndef VIRTIO_BACKEND_NET_TAP_INTERNAL_H
#define VIRTIO_BACKEND_NET_TAP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/net_link.h"
#include "virtio/backend/net_ops.h"
#include "virtio/backend/net_tap_ioctl.h"
#include "vmm/core/rw_batch.h"

/* One queue of the interface. Its own loop's, while attached. */
struct tap_pair {
	struct loop_poll poll;
	struct net_tap *tap;
	bool active;
	bool detached; /* from the interface; never the only one */
	bool reading; /* wanted; the poll may lag behind and still ask for input */
	bool no_room; /* `writable` is owed */
	bool no_batch; /* it was refused: frames go one by one */
	struct rw_batch *batch; /* NULL: not yet needed, or refused */
	uint64_t sent_ahead; /* of the frames that had no room and those behind them: a mask of what is done with */
	bool dead; /* the descriptor is of no use any more; what is wanted waits for another */
};

struct net_tap {
	struct net_backend backend; /* first */
	unsigned int offloads; /* those that are on */
	struct net_link link;
	struct loop_post lost_post; /* from a pair to the loop of the first */
	bool lost; /* the owner has been told. Loop of pair 0. */
	int ifindex;
	struct tap_pair pairs[];
};

static inline struct net_tap *net_tap_of(struct net_backend *backend)
{
	return (struct net_tap *)backend;
}

static inline struct loop *net_tap_loop(const struct tap_pair *pair)
{
	return pair->tap->backend.loops[pair - pair->tap->pairs];
}

/* net_tap.c: has the pair's loop wait for what is wanted now. On that loop. */
void net_tap_set_events(struct tap_pair *pair);
/* Watches the interface's state from now on, in place of what was watched before. 0 or a negative errno. On the loop of
 * pair 0. */
__attribute__((warn_unused_result)) int net_tap_watch_link(struct net_tap *tap);
/* net_tap_frames.c. On the pair's loop, but the last: control thread. */
int net_tap_receive(struct net_backend *backend, unsigned int pair, const struct iovec *iov, unsigned int nr_iov);
unsigned int net_tap_receive_many(struct net_backend *backend, unsigned int pair, struct net_slot *slots,
				  unsigned int nr);
void net_tap_hold_slots(struct net_backend *backend, unsigned int pair, void *memory, size_t nr_bytes);
unsigned int net_tap_transmit(struct net_backend *backend, unsigned int pair, const struct net_frame *frames,
			      unsigned int nr);
void net_tap_frames_fini(struct tap_pair *pair);
/* As tap_prepare() of each; the interface is the same for all. */
__attribute__((warn_unused_result)) int net_tap_prepare(const int *fds, unsigned int nr, struct tap_identity *identity);

#endif
