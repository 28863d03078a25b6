/* The requests of one virtio-blk queue, with the arrays for long lists of segments.
 *
 * Memory is reserved when the queue starts and touched as depth demands: entries are reused last-in first-out, and a
 * fresh one is taken only when none is free. No allocation and no lock per request. The loop's thread. */
#ifndef VIRTIO_DEV_BLK_POOL_H
#define VIRTIO_DEV_BLK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct blk_merged;
struct blk_request;

struct blk_pool {
	struct blk_request *requests; /* one for each entry of the queue, so a popped chain always finds one */
	struct blk_request *free_requests;
	struct iovec *segments; /* arrays of array_length, as many as requests */
	struct iovec *free_segments; /* linked through the iov_base of their first element */
	struct iovec *scratch; /* one more: where a chain is popped to before its length is known */
	struct blk_merged *merged; /* half as many as requests: each has two members at least */
	struct blk_merged *free_merged;
	unsigned int max_segments; /* that a chain may have */
	unsigned int array_length; /* max_segments, or twice that */
	unsigned int nr_requests;
	unsigned int fresh_request; /* never used: this one and those after it */
	unsigned int fresh_segments;
	unsigned int fresh_merged;
	size_t mapped_bytes;
};

/* With `twice` each array has room for two lists of max_segments. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int blk_pool_init(struct blk_pool *pool, unsigned int queue_size, bool twice);
/* No request is in use. Takes a zeroed pool as well. */
void blk_pool_fini(struct blk_pool *pool);

/* A request, its fields as they were left; the caller has popped a chain and not pushed it yet. */
struct blk_request *blk_pool_take(struct blk_pool *pool);
/* An array of segments for a taken request, at most one each. */
struct iovec *blk_pool_take_segments(struct blk_pool *pool);
/* Gives back a request and, unless NULL, its segments. */
void blk_pool_give(struct blk_pool *pool, struct blk_request *request, struct iovec *segments);

/* A merged transfer for two or more taken requests, its fields as they were left. */
struct blk_merged *blk_pool_take_merged(struct blk_pool *pool);
void blk_pool_give_merged(struct blk_pool *pool, struct blk_merged *merged);

#endif
