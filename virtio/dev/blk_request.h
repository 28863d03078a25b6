/* One virtio-blk request: parse, submit, complete, finish (virtio 1.2, 5.2.6).
 *
 * A popped chain is parsed and either finished at once (an error, or nothing to do) or submitted to the disk, whose
 * completion finishes it. Finishing writes the status byte, pushes the chain and gives the request back: every chain
 * ends there, once. What the disk fails may be held and submitted again before that (blk_hold.h). All on the disk's
 * loop. */
#ifndef VIRTIO_DEV_BLK_REQUEST_H
#define VIRTIO_DEV_BLK_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "virtio/backend/block.h"
#include "virtio/core/queue.h"
#include "virtio/dev/blk_abi.h"
#include "virtio/dev/blk_hold.h"
#include "virtio/dev/blk_merge.h"
#include "virtio/dev/blk_pool.h"

/* Segments that a request holds in itself; a longer list takes an array of the pool's. */
#define BLK_INLINE_SEGMENTS 8
/* Parts of one discard or write-zeroes request. */
#define BLK_MAX_RANGES 8

/* What requests need to know of their disk. */
struct blk_disk {
	struct block *block;
	const struct block_geometry *geometry;
	uint64_t features; /* negotiated */
	struct blk_hold hold;
	bool dropping; /* a reset drains: what fails now is nobody's concern */
	const uint8_t *writeback; /* the configuration's field: vCPU threads change it, so it is read atomically */
	uint8_t serial[VIRTIO_BLK_ID_BYTES]; /* padded with zeros */
};

/* A running queue of the disk. */
struct blk_queue {
	struct virtio_queue queue; /* first: the handler finds this by it */
	struct blk_disk *disk;
	struct blk_pool pool;
	struct blk_merge merge;
	unsigned int nr_transfers; /* begun since the handler last looked whether the driver waits */
};

struct blk_range {
	uint64_t offset_bytes;
	uint64_t length_bytes;
	bool unmap;
};

struct blk_request {
	struct block_request block; /* first: completions find the request by it */
	struct blk_queue *queue;
	uint8_t *status; /* in guest memory */
	uint64_t data_bytes; /* that the device may write, before the status byte */
	struct iovec *segments; /* from the pool, or NULL; if it may be held, followed by a copy for another try */
	unsigned int nr_segments;
	uint64_t offset; /* of the step that is submitted: block.offset is the disk's to change */
	struct blk_request *next; /* the pool's while it is free, the hold's while it is held, else the merge's */
	uint16_t head;
	uint8_t nr_ranges;
	uint8_t next_range;
	bool flush_after;
	bool troubled; /* was held once */
	union {
		struct iovec iov[BLK_INLINE_SEGMENTS];
		struct blk_range ranges[BLK_MAX_RANGES];
	};
};

/* The queue's handler: starts every request that waits. */
enum virtio_queue_next blk_queue_handle(struct virtio_queue *queue);

/* Submits a held request's failed step again. */
void blk_request_retry(struct blk_request *request);
/* Ends all that is held, with an error, which the driver does not see: it resets the device. */
void blk_request_drop_held(struct blk_disk *disk);

#endif
