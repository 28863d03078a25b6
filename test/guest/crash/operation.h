/* What the crash payload does to a disk: a sequence of operations without end that a seed and the disk's size fix, so
 * that the host, which sees no more than the disk, knows what each number stands for (test/kvm/crash/model.py). */
#ifndef TEST_GUEST_CRASH_OPERATION_H
#define TEST_GUEST_CRASH_OPERATION_H

#include <stdint.h>

#include "test/guest/blk.h"

#define OPERATION_MAX_WRITE_BYTES (128 * BLK_SECTOR_BYTES)
#define OPERATION_FIRST 2 /* 0 stands for zeros, 1 for what the host wrote */

struct operation {
	uint64_t number; /* from OPERATION_FIRST */
	enum blk_type type; /* BLK_WRITE, BLK_WRITE_ZEROES or BLK_DISCARD */
	bool unmap; /* of BLK_WRITE_ZEROES */
	uint64_t sector;
	uint32_t nr_sectors;
};

struct operation operation_of(uint64_t seed, uint64_t number, uint64_t disk_sectors);
/* The data of a write: each 16 bytes hold its number and the sector in which they are. */
void operation_fill(const struct operation *operation, uint64_t *data);

#endif
