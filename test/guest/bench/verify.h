/* Whether a disk gives back what was written to it, so that a figure is one of real reads and writes. */
#ifndef TEST_GUEST_BENCH_VERIFY_H
#define TEST_GUEST_BENCH_VERIFY_H

#include <stdint.h>

#include "test/guest/blk.h"

/* Writes VERIFY_BLOCKS blocks, spread evenly over the first `span_bytes`, flushes, and reads them back, on all queues.
 * Each 64-bit word w of sector s is (s * 0x9e3779b97f4a7c15 + w) ^ seed. The number of blocks that failed or differ. */
#define VERIFY_BLOCKS 64
unsigned int verify(struct blk *blk, uint32_t block_bytes, uint64_t span_bytes, uint64_t seed);

#endif
