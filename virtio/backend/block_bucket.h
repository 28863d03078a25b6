/* A token bucket in whole numbers: it fills at a steady rate up to its size, and may go into debt.
 *
 * What it has given over any time is at most size + rate * time + the last taker's debt, and nothing is lost to
 * rounding. Times are of any monotonic clock, in nanoseconds. */
#ifndef VIRTIO_BACKEND_BLOCK_BUCKET_H
#define VIRTIO_BACKEND_BLOCK_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct block_rate;

struct block_bucket {
	uint64_t per_second; /* 0: never empty */
	int64_t size;
	int64_t level; /* negative: debt */
	uint64_t fraction; /* of a token, in 1e-9 */
	uint64_t filled_ns; /* when `level` was last right */
};

/* Full at `now_ns`. */
void block_bucket_init(struct block_bucket *bucket, const struct block_rate *rate, uint64_t now_ns);
/* Brings the level up to date. */
void block_bucket_fill(struct block_bucket *bucket, uint64_t now_ns);
/* Whether it had anything left when it was last filled. */
bool block_bucket_has_any(const struct block_bucket *bucket);
/* Takes `tokens`, which it need not have. */
void block_bucket_take(struct block_bucket *bucket, uint64_t tokens);
/* How long after the last fill it will have something again: 0 if it has, at most a second. */
uint64_t block_bucket_wait_ns(const struct block_bucket *bucket);
/* How long it takes to fill from empty to full, at most a second. */
uint64_t block_bucket_fill_ns(const struct block_bucket *bucket);

#endif
