/* Whether what the device handed up is the frame that was sent: as it was, or in the segments or fragments that a host
 * must make of it for a driver that has not said that it takes it whole. */
#ifndef TEST_GUEST_FRAMES_SEGMENTS_H
#define TEST_GUEST_FRAMES_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/frames/frame.h"
#include "test/guest/net.h"

/* The frame that must arrive, and how much of it has. */
struct segments {
	struct frame frame;
	struct net_header header;
	uint8_t *bytes; /* as sent */
	uint32_t next; /* the offset of what must come next; frame.bytes at the end */
	uint16_t checksum; /* of a datagram in fragments, from its first */
};

void segments_begin(struct segments *segments, const struct frame *frame, uint8_t *room);
/* Takes one received frame. NULL if it is right, otherwise what is wrong with it. */
const char *segments_take(struct segments *segments, uint64_t features, const struct net_frame *received);
/* Whether the next frame may be begun. */
bool segments_are_complete(const struct segments *segments);

#endif
