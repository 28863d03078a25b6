/* Latencies in log-linear buckets: 32 to each power of two, so a percentile is at most 1/32 too high. Recording is a
 * bit scan, two shifts and an increment. */
#ifndef TEST_GUEST_BENCH_HISTOGRAM_H
#define TEST_GUEST_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 5
#define HISTOGRAM_STEPS (1u << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS)

struct histogram {
	uint64_t nr;
	uint32_t counts[HISTOGRAM_BUCKETS];
};

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	unsigned int shift = 0, bucket;

	/* Below 2 * HISTOGRAM_STEPS each value has a bucket of its own; above, the top bits say which. */
	if (value >= 2 * HISTOGRAM_STEPS)
		shift = 63u - (unsigned int)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
	bucket = shift * HISTOGRAM_STEPS + (unsigned int)(value >> shift);
	histogram->counts[bucket]++;
	histogram->nr++;
}

/* The least value that at least `per_mille` thousandths of the values do not exceed, rounded up to a bucket's end. */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned int per_mille);

#endif
