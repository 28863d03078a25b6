/* Which parts of guest RAM are still free while a boot is laid out. */
#ifndef VMM_BOOT_PLACE_H
#define VMM_BOOT_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/boot/boot.h"

#define PLACE_MAX_TAKEN 4

/* Nothing is placed above 4 GiB: both entry protocols reach no further at first. */
#define PLACE_LIMIT (1ull << 32)

struct place {
	const struct guest_memory *memory;
	const struct boot_e820 *e820;
	unsigned int nr_e820;
	unsigned int nr_taken;
	struct {
		gpa_t base;
		uint64_t size_bytes;
	} taken[PLACE_MAX_TAKEN];
};

/* Everything that e820 calls RAM is free but the request's low range. */
void place_init(struct place *place, const struct boot_request *request);

/* Whether [base, base + size_bytes) is free RAM of one piece, below PLACE_LIMIT. */
bool place_is_free(const struct place *place, gpa_t base, uint64_t size_bytes);

/* Marks a range as used. At most PLACE_MAX_TAKEN - 1 times. */
void place_take(struct place *place, gpa_t base, uint64_t size_bytes);

/* The highest free range that ends at or below `limit`. `align` is a power of two. -E2BIG if there is none. */
__attribute__((warn_unused_result)) int place_highest(const struct place *place, uint64_t size_bytes, uint64_t align,
						      gpa_t limit, gpa_t *base);

/* How many multiples of `align`, from `min` on, start a free range of this size; and the `index`th of them. */
uint64_t place_count(const struct place *place, uint64_t size_bytes, uint64_t align, gpa_t min);
__attribute__((warn_unused_result)) int place_nth(const struct place *place, uint64_t size_bytes, uint64_t align,
						  gpa_t min, uint64_t index, gpa_t *base);

#endif
