/* Rows of a virtio-blk driver's requests, offered together: what merging turns into fewer submissions. */
#ifndef TEST_UNIT_VIRTIO_BLK_ROWS_H
#define TEST_UNIT_VIRTIO_BLK_ROWS_H

#include "test/unit/virtio_blk_fixture.h"

#define MERGE_BYTES 65536
#define SLOT_BYTES 0x8000 /* of guest memory, for one request's data */

/* A request of the batch: its place in guest memory is its number's. */
struct offered {
	uint32_t type;
	uint64_t sector;
	uint32_t bytes;
	uint32_t step; /* bytes a descriptor; 0: all in one */
};

extern struct offered batch[QUEUE_SIZE];
extern uint32_t used_lengths[QUEUE_SIZE];
extern unsigned int nr_offered;
extern gpa_t slot_bytes; /* from one request's data to the next one's */

/* In place of setup(): the disk wants up to MERGE_BYTES at once. */
void setup_merging(void);

gpa_t data_of(unsigned int index);
/* Adds to the batch: one, or `nr` neighbours from `sector` on. */
void offer(struct offered request);
void offer_row(uint32_t type, uint64_t sector, unsigned int nr, uint32_t bytes);
/* Lets the device work; the disk's submissions are counted from here. */
void run(void);
/* Takes what has come back: how many. Each of the batch comes at most once. */
unsigned int collect(void);

/* Guest memory and disk hold the same for request `index`. */
bool data_agrees(unsigned int index);
/* Request `index` has succeeded, with its own bytes moved and its own length told. */
void check_good(unsigned int index);
/* Collects all of the batch, each of them good. */
void check_all_good(void);
void check_submission(unsigned int index, enum block_op op, uint64_t sector, uint64_t bytes, unsigned int nr_iov);

#endif
