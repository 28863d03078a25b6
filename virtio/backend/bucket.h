/* A token bucket in whole numbers: it fills at a steady rate up to its size, and may go into debt.
 *
 * What it has given over any time is at most size + rate * time + the last taker's debt, and nothing is lost to
 * rounding. Times are of any monotonic clock, in nanoseconds. */
#ifndef VIRTIO_BACKEND_BUCKET_H
#define VIRTIO_BACKEND_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Of a rate: beyond these the arithmetic would not fit. */
#define BUCKET_MAX_RATE (UINT64_C(1) << 34)
#define BUCKET_MAX_BURST (UINT64_C(1) << 40)

/* What an owner asks for. */
struct bucket_rate {
	uint64_t per_second; /* 0: no limit; at most BUCKET_MAX_RATE */
	uint64_t burst; /* what passes at once after a pause; 1 to BUCKET_MAX_BURST */
};

struct bucket {
	uint64_t per_second; /* 0: never empty */
	int64_t size;
	int64_t level; /* negative: debt */
	uint64_t fraction; /* of a token, in 1e-9 */
	uint64_t filled_ns; /* when `level` was last right */
};

/* Full at `now_ns`. */
void bucket_init(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ns);
/* Brings the level up to date. */
void bucket_fill(struct bucket *bucket, uint64_t now_ns);
/* Whether it had anything left when it was last filled. */
bool bucket_has_any(const struct bucket *bucket);
/* Takes `tokens`, which it need not have. */
void bucket_take(struct bucket *bucket, uint64_t tokens);
/* How long after the last fill it will have something again: 0 if it has, at most a second. */
uint64_t bucket_wait_ns(const struct bucket *bucket);
/* How long it takes to fill from empty to full, at most a second. */
uint64_t bucket_fill_ns(const struct bucket *bucket);

#endif
