/* A network backend for tests: frames that the test queues are received, those that the device transmits are kept. */
#ifndef TEST_UNIT_VIRTIO_FAKE_NET_H
#define TEST_UNIT_VIRTIO_FAKE_NET_H

#include "virtio/backend/net_ops.h"

#define FAKE_NET_PAIRS 4
#define FAKE_NET_FRAMES 256

struct fake_frame {
	uint32_t nr_bytes;
	uint8_t *bytes; /* the header first */
};

struct fake_net_pair {
	bool active;
	bool reading;
	bool full; /* takes no frames while set */
	unsigned int room; /* frames until it is full by itself; 0: many */
	bool owes_writable;
	unsigned int nr_flushes;
	unsigned int nr_receives; /* calls of receive, those in vain too */
	unsigned int nr_iov_in, nr_iov_out; /* segments of the last call of receive, of the last frame transmitted */
	unsigned int in_at, in_end; /* window of `in` */
	unsigned int nr_out;
	struct fake_frame in[FAKE_NET_FRAMES];
	struct fake_frame out[FAKE_NET_FRAMES];
};

struct fake_net {
	struct net_backend backend; /* first */
	unsigned int offloads; /* last set */
	int offloads_rc; /* what setting them returns */
	int active_rc; /* what starting another pair than the first returns */
	struct fake_net_pair pairs[FAKE_NET_PAIRS];
};

/* A backend with these many pairs, link up, and all offloads in both directions. */
struct fake_net *fake_net_create(unsigned int nr_pairs);
void fake_net_destroy(struct fake_net *fake);
/* Queues a frame; the bytes are copied. */
void fake_net_give(struct fake_net *fake, unsigned int pair, const void *bytes, uint32_t nr_bytes);
/* For fake_loop_set_source(): runs `readable` and `writable` where they are due; whether one was. */
bool fake_net_source(void *fake);

#endif
