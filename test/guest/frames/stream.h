/* Streams of frames between guest and peer, each compared byte for byte at its end. */
#ifndef TEST_GUEST_FRAMES_STREAM_H
#define TEST_GUEST_FRAMES_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/frames/frame.h"
#include "test/guest/net.h"

struct stream {
	enum frame_kind kind;
	uint32_t first, last, step; /* bytes */
	uint32_t window; /* how many frames may be under way */
};

/* Sends the stream; the peer compares. False, with a line that says why, if anything is not as it must be. */
bool stream_send(struct net *net, const struct stream *stream);
/* Has the peer send the stream, and compares it. Likewise. */
bool stream_receive(struct net *net, const struct stream *stream);

#endif
