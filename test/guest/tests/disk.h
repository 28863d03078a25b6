/* The first disk under the tests of virtio-blk's rules, and requests of any shape to it.
 *
 * The host says on the command line what disk it is: sectors=N, block=512|4096, queues=N, ro=1, discard=0 (it has been
 * turned off). Sectors below DISK_SCRATCH keep the numbers that the host gave them. */
#ifndef TEST_GUEST_TESTS_DISK_H
#define TEST_GUEST_TESTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test/guest/blk.h"
#include "test/guest/pages.h"

#define DISK_ALL_FEATURES                                                                                              \
	(BLK_F_SEG_MAX | BLK_F_RO | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY | BLK_F_CONFIG_WCE | BLK_F_MQ |      \
	 BLK_F_DISCARD | BLK_F_WRITE_ZEROES)
#define DISK_SCRATCH 1024
#define DISK_BUFFER_PAGES 64
#define DISK_BUFFER_BYTES (DISK_BUFFER_PAGES * PAGE_BYTES)

extern struct blk disk;
extern uint32_t disk_block; /* bytes of a logical block */
extern uint8_t *disk_data, *disk_found; /* DISK_BUFFER_BYTES each */

/* Brings the disk up from a reset, without interrupts. False, and a failed expectation, if it does not come. */
bool disk_open(uint64_t features, unsigned int nr_queues);

/* Makes a chain of the segments available, notifies and waits for it: the used length. */
uint32_t disk_chain(struct virtqueue *vq, const struct virtqueue_segment *segments, unsigned int nr_out,
		    unsigned int nr_in);
/* One request on queue 0: its status, and the used length in *len. */
uint8_t disk_do(enum blk_type type, uint64_t sector, void *data, uint32_t bytes, uint32_t *len);
/* The same without a look at the length. */
uint8_t disk_status(enum blk_type type, uint64_t sector, void *data, uint32_t bytes);

/* Fills disk_data with bytes that the seed names. */
void disk_fill(size_t bytes, uint64_t seed);
/* Whether the disk has disk_data at `sector`. */
bool disk_holds(uint64_t sector, uint32_t bytes);

#endif
