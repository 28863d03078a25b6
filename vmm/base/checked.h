/* Arithmetic on values that a guest, a file or a peer supplied. */
#ifndef VMM_BASE_CHECKED_H
#define VMM_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* Whether [start, start + len) lies inside [base, base + size). Subtracts before it compares, so no sum can wrap. */
static inline bool range_contains(uint64_t base, uint64_t size, uint64_t start, uint64_t len)
{
	return start >= base && start - base <= size && len <= size - (start - base);
}

/* Whether [a, a + a_len) and [b, b + b_len) share a byte. Empty ranges share none. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	if (a_len == 0 || b_len == 0)
		return false;
	return a <= b ? b - a < a_len : a - b < b_len;
}

/* *out = a + b; false, and *out untouched, if the sum does not fit. */
static inline bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

/* *out = a * b; false, and *out untouched, if the product does not fit. */
static inline bool checked_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

static inline bool is_power_of_two(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

/* v rounded down to a multiple of align, a power of two. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/* *out = v rounded up to a multiple of align, a power of two; false if that does not fit. */
static inline bool checked_align_up(uint64_t v, uint64_t align, uint64_t *out)
{
	uint64_t sum;

	if (!checked_add_u64(v, align - 1, &sum))
		return false;
	*out = align_down(sum, align);
	return true;
}

#endif
