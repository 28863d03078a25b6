/* What the guest tells its peer on the host: an Ethernet frame each way, in the guest's byte order.
 *
 * The guest commands, the peer obeys: it compares the frames that it is told to expect, or sends those that it is asked
 * for, and answers each order with the same order, marked as an answer. */
#ifndef TEST_GUEST_FRAMES_ORDER_H
#define TEST_GUEST_FRAMES_ORDER_H

#include <stdint.h>

#define ORDER_ETHERTYPE 0x88b6 /* IEEE 802: local experiments */
#define ORDER_ECHO_ETHERTYPE 0x88b7 /* what the peer sends back at once, with the addresses exchanged */
#define ORDER_MAGIC 0x6d6f7465

/* The peer's address; the guest's is what its order comes from. */
#define ORDER_PEER_MAC                                                                                                 \
	{                                                                                                              \
		0x02, 0x6d, 0x6f, 0x74, 0x65, 0xfe                                                                     \
	}

enum order_op {
	ORDER_HELLO = 1,
	ORDER_EXPECT, /* frames of `first` to `last` bytes; the peer says with every answer how many it has compared */
	ORDER_SEND, /* such frames; the peer stays at most `window` ahead of the last ORDER_CREDIT */
	ORDER_CREDIT, /* `count` have arrived; not answered */
	ORDER_COPIES, /* `count` frames of `first` bytes to `address`, then the answer */
	ORDER_ANSWER = 0x80,
};

struct order {
	uint8_t dst[6], src[6];
	uint16_t ethertype; /* big-endian */
	uint16_t op;
	uint32_t magic;
	uint32_t number; /* an answer has its order's */
	uint32_t kind; /* enum frame_kind */
	uint32_t first, last, step; /* bytes; a frame's seed is its place in the stream */
	uint32_t window; /* ORDER_COPIES, answer: microseconds that it took */
	uint32_t count;
	uint32_t bad; /* answer: frames that were not what they must be; the peer says on its standard error why */
	uint8_t address[6];
	uint8_t pad[2];
};
_Static_assert(sizeof(struct order) == 60, "no padding: both sides are compiled apart");

#endif
