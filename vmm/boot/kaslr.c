#include "vmm/boot/kaslr.h"

#include <errno.h>

#include "vmm/base/checked.h"
#include "vmm/boot/entropy.h"

/* The kernel's page tables for its image are made of 2 MiB pages; a finer base would not boot. The upper bound keeps a
 * damaged header from leaving one slot. */
#define ALIGN_MIN (2ull << 20)
#define ALIGN_MAX (1ull << 24)

static uint64_t usable_align(uint64_t align)
{
	if (!is_power_of_two(align) || align < ALIGN_MIN)
		return ALIGN_MIN;
	return align > ALIGN_MAX ? ALIGN_MAX : align;
}

static bool can_move(const struct kernel_image *kernel, uint64_t align)
{
	return kernel->is_linux && kernel->is_relocatable && kernel->link_base % align == 0 &&
	       kernel->link_base < KERNEL_MAP_BYTES && kernel->size_bytes <= KERNEL_MAP_BYTES - kernel->link_base;
}

int kaslr_choose(const struct place *place, const struct kernel_image *kernel, uint64_t align, bool wanted,
		 struct kaslr *kaslr)
{
	uint64_t random[2];
	uint64_t nr_virtual, nr_physical;
	int ret;

	*kaslr = (struct kaslr){ .base = kernel->link_base };
	align = usable_align(align);
	if (!wanted || !can_move(kernel, align))
		return place_is_free(place, kernel->link_base, kernel->size_bytes) ? 0 : -E2BIG;

	/* Not below the link address: the lowest 16 MiB are all the memory that some devices can use. */
	nr_physical = place_count(place, kernel->size_bytes, align, kernel->link_base);
	if (nr_physical == 0)
		return -E2BIG;
	nr_virtual = (KERNEL_MAP_BYTES - kernel->link_base - kernel->size_bytes) / align + 1;
	ret = entropy_fill(random, sizeof(random));
	if (ret)
		return ret;
	/* Against 64 random bits, the remainder's preference for low slots is nothing. */
	kaslr->delta = random[0] % nr_virtual * align;
	kaslr->is_random = true;
	return place_nth(place, kernel->size_bytes, align, kernel->link_base, random[1] % nr_physical, &kaslr->base);
}
