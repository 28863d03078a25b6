/* A stream of reads or writes at a fixed depth, and how long each took.
 *
 * One CPU drives all the queues, in ring 3, with the depth spread evenly over them: so what differs between two VMMs is
 * the VMM and not how the host shares its CPUs out. Chains are built once, in indirect tables as Linux uses them; a
 * request then costs the driver a sector number, a status byte, a slot in the available ring and two TSC reads. What a
 * turn of the loop has reaped is replaced at once and notified together. */
#ifndef TEST_GUEST_BENCH_LOAD_H
#define TEST_GUEST_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/bench/histogram.h"
#include "test/guest/blk.h"

#define LOAD_MAX_DEPTH 128

enum load_completion {
	LOAD_POLL, /* interrupts are suppressed; the driver looks at the used rings */
	LOAD_INTERRUPT, /* a used ring is looked at when its interrupt has come; meanwhile the CPU spins in ring 3 */
	LOAD_HALT, /* the same, but the CPU halts meanwhile, as an idle kernel's does */
};

struct load_options {
	bool write;
	bool random;
	uint32_t block_bytes; /* a multiple of 4096 */
	unsigned int depth; /* in total, a multiple of the number of queues */
	enum load_completion completion;
	uint64_t span_bytes; /* from the start of the disk; a multiple of block_bytes */
	uint64_t seed; /* not 0 */
};

struct load_result {
	uint64_t nr_ops;
	uint64_t cycles;
	uint64_t nr_errors;
	uint64_t nr_kicks;
	uint64_t nr_interrupts;
	struct histogram latencies; /* in cycles */
};

/* Builds the chains. The disk has EVENT_IDX and INDIRECT_DESC, has interrupts unless they are polled, nothing is in
 * flight and blk_add() is not used any more. */
void load_init(struct blk *blk, const struct load_options *options);
/* Runs until `cycles` have passed or `nr_ops` are done, then waits for what is in flight, which is not counted. */
void load_run(uint64_t cycles, uint64_t nr_ops, struct load_result *result);

#endif
