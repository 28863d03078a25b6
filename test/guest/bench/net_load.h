/* Frames as fast as they go, each way, and round trips.
 *
 * One CPU drives one queue pair, in ring 3. Chains are built once; a frame then costs the driver a slot in the
 * available ring. What a turn of the loop has reaped is replaced at once and notified together.
 *
 * Receiving is measured in bursts: the peer (test/guest/frames/order.h) fills the host's interface while no buffer is
 * there, and the time runs from the first buffers to the burst's last frame. So it is the VMM that is measured, and not
 * who makes the frames, nor how the host shares its CPUs out between the two. */
#ifndef TEST_GUEST_BENCH_NET_LOAD_H
#define TEST_GUEST_BENCH_NET_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/bench/histogram.h"
#include "test/guest/frames/frame.h"
#include "test/guest/net.h"

enum net_completion {
	NET_POLL, /* interrupts are suppressed; the driver looks at the used rings */
	NET_INTERRUPT, /* the ring is looked at when its interrupt has come; meanwhile the CPU spins in ring 3 */
	NET_HALT, /* the same, but the CPU halts meanwhile, as an idle kernel's does */
};

struct net_load {
	enum frame_kind kind; /* FRAME_PLAIN, or a kind that is to be segmented */
	uint32_t bytes; /* of a frame */
	uint32_t rx_bytes; /* of a receive buffer */
	uint32_t burst; /* frames */
	enum net_completion completion; /* of round trips */
};

struct net_result {
	uint64_t nr_frames;
	uint64_t cycles;
	uint64_t nr_errors;
	uint64_t nr_kicks;
	uint64_t nr_interrupts;
	struct histogram latencies; /* of round trips, in cycles */
};

/* Brings the first NIC up, with rings but no buffers. Panics if there is none with what this needs. */
void net_load_init(const struct net_load *load);
/* Each runs for about `cycles`; only those that are counted are in the result. */
void net_load_send(uint64_t cycles, struct net_result *result);
void net_load_receive(uint64_t cycles, struct net_result *result);
/* ICMP echoes of the host's interface, which has the address 192.0.2.1 and knows 192.0.2.2. */
void net_load_round_trips(uint64_t cycles, struct net_result *result);

#endif
