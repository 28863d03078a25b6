/* Random requests, many at a time, on any disk, against a shadow copy in memory. */
#ifndef TEST_UNIT_BLOCK_TORTURE_H
#define TEST_UNIT_BLOCK_TORTURE_H

#include "test/unit/block_support.h"

#define BLOCK_TORTURE_BYTES (4u * 1024 * 1024) /* the disk, at least */

struct block_torture {
	uint64_t seed;
	unsigned int nr_steps;
	bool unaligned; /* buffers at any address and of any length */
};

/* Reads are compared with the shadow, which is what the disk holds and follows what is written. Ends with a flush. */
void block_torture(struct loop *loop, struct block *block, uint8_t *shadow, const struct block_torture *how);

/* Reads the disk's first `size` bytes, which is a multiple of its blocks. */
void block_read_all(struct loop *loop, struct block *block, uint8_t *bytes, size_t size);
/* Fails the test with the first byte that differs. */
void block_expect_bytes(const uint8_t *found, const uint8_t *wanted, size_t size);

#endif
