/* The stream backend's own state, for the files that make it up. All on the loop of its one pair. */
#ifndef VIRTIO_BACKEND_NET_STREAM_INTERNAL_H
#define VIRTIO_BACKEND_NET_STREAM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/net_ops.h"

/* Before each frame: its length in network order. */
#define NET_STREAM_LENGTH_BYTES sizeof(uint32_t)
/* What one recv(2) takes at most: several of the largest frames. */
#define NET_STREAM_IN_BYTES (256 * 1024)
#define NET_STREAM_OUT_BYTES (NET_STREAM_LENGTH_BYTES + NET_MAX_FRAME_BYTES)

struct net_stream {
	struct net_backend backend; /* first */
	struct loop_poll poll;
	struct loop_post lost_post; /* tells the owner, from outside of whatever found it out */
	bool active;
	bool reading;
	bool no_room; /* `writable` is owed */
	bool drained; /* the last recv(2) took all that there was */
	bool lost; /* the peer is gone; all that is transmitted is dropped */
	uint32_t in_at, in_end; /* received, not yet taken */
	uint32_t out_at, out_end; /* the rest of a frame of which the socket took only the beginning */
	uint8_t *in; /* IN_BYTES */
	uint8_t *out; /* OUT_BYTES */
};

static inline struct net_stream *net_stream_of(struct net_backend *backend)
{
	return (struct net_stream *)backend;
}

/* net_stream.c: has the loop wait for what is wanted now. */
void net_stream_set_events(struct net_stream *stream);
/* The stream is of no use any more; the owner is told in the loop's next turn. */
void net_stream_lose(struct net_stream *stream, const char *why);

/* net_stream_in.c: net_backend_receive() and net_backend_flush(). */
int net_stream_receive(struct net_backend *backend, unsigned int pair, const struct iovec *iov, unsigned int nr_iov);
void net_stream_flush(struct net_backend *backend, unsigned int pair);

/* net_stream_out.c: net_backend_transmit(). */
unsigned int net_stream_transmit(struct net_backend *backend, unsigned int pair, const struct net_frame *frames,
				 unsigned int nr);
/* Sends what is left over of a frame. Whether nothing is any more. */
bool net_stream_send_rest(struct net_stream *stream);

#endif
