/* What the n-th frame of a stream is: the guest and its peer on the host build it from the same few numbers, so that
 * each can compare what arrives with what must have been sent. Freestanding: both sides compile it. */
#ifndef TEST_GUEST_FRAMES_FRAME_H
#define TEST_GUEST_FRAMES_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test/guest/net.h"

#define FRAME_ETHERTYPE 0x88b5 /* IEEE 802: local experiments */

enum frame_kind {
	FRAME_PLAIN, /* nothing but bytes */
	FRAME_TCP4, /* these two leave their checksum to the receiver */
	FRAME_UDP6,
	FRAME_TSO4, /* these their checksum and their segmentation */
	FRAME_TSO4_ECN,
	FRAME_TSO6,
	FRAME_UFO4,
	FRAME_USO4,
	FRAME_USO6,
	FRAME_NR_KINDS,
};

struct frame {
	enum frame_kind kind;
	uint32_t bytes;
	uint32_t seed;
	uint8_t dst[6], src[6];
};

/* Where the parts of a kind lie. */
struct frame_layout {
	const char *name;
	uint8_t ip; /* 4, 6, or 0 for FRAME_PLAIN */
	uint8_t protocol; /* TCP 6, UDP 17 */
	uint8_t gso; /* enum net_gso */
	uint8_t transport; /* offset of the TCP or UDP header */
	uint8_t checksum; /* offset of the checksum in it */
	uint8_t payload; /* offset in the frame */
};

extern const struct frame_layout frame_layouts[FRAME_NR_KINDS];

/* The least and the most bytes that a frame of this kind can have, up to NET_MAX_FRAME_BYTES. */
uint32_t frame_least(enum frame_kind kind);
uint32_t frame_most(enum frame_kind kind);
/* Builds the frame and its virtio header; `bytes` has room for it. */
void frame_build(const struct frame *frame, struct net_header *header, uint8_t *bytes);
/* Whether both are the same; first_difference() says where they are not. */
bool frame_same(const uint8_t *a, const uint8_t *b, size_t len);
size_t frame_first_difference(const uint8_t *a, const uint8_t *b, size_t len);
/* The Internet checksum's sum of a pseudo header for `len` bytes of transport; and of bytes, added to `sum`; folded. */
uint16_t frame_pseudo_sum(const struct frame_layout *layout, const uint8_t *bytes, uint32_t len);
uint16_t frame_sum(uint16_t sum, const uint8_t *bytes, size_t len);

static inline uint16_t frame_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void frame_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint32_t frame_get32(const uint8_t *at)
{
	return (uint32_t)frame_get16(at) << 16 | frame_get16(at + 2);
}

#endif
