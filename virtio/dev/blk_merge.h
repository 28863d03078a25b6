/* Neighbours merged: requests of one batch whose bytes follow one another on the disk go to it as one.
 *
 * Theory of operation. A driver that reads or writes a file from end to end offers many small requests at once, and
 * each would cost a way through the kernel. So a transfer waits until the handler has looked at the next chain: one of
 * the same kind that begins where this one ends joins it. What has gathered is submitted when something else comes, or
 * when the queue is dry, and so never waits for the driver. Buffers that follow one another in memory become one iovec.
 *
 * Each request still ends on its own. When the disk fails a merged transfer, its members are submitted again one by
 * one, so that the error is that of the request which has it; to write the same bytes twice is no harm. All on the
 * disk's loop. */
#ifndef VIRTIO_DEV_BLK_MERGE_H
#define VIRTIO_DEV_BLK_MERGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "virtio/backend/block.h"

struct blk_request;

/* Segments of a merged transfer. */
#define BLK_MERGE_SEGMENTS 128

/* What is on its way to the disk. From the queue's pool. */
struct blk_merged {
	struct block_request block; /* first: completions find it by that */
	struct blk_request *members; /* in the disk's order, linked through `next` */
	struct blk_merged *next_free;
	struct iovec iov[BLK_MERGE_SEGMENTS];
};

/* What a queue's batch has gathered so far: zeroed while that is nothing. */
struct blk_merge {
	struct blk_request *first, *last;
	bool aligned; /* the disk takes their buffers as they are; otherwise it takes those of none */
	unsigned int nr_iov;
	uint64_t length;
};

/* Takes a transfer whose block request is filled and not submitted. */
void blk_merge_add(struct blk_merge *merge, struct blk_request *request);
/* Submits what has gathered, if anything has. */
void blk_merge_submit(struct blk_merge *merge);

#endif
