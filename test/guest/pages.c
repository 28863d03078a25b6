#include "test/guest/pages.h"

#include <stdbool.h>
#include <stddef.h>

#include "test/guest/boot_info.h"
#include "test/guest/power.h"
#include "test/guest/text.h"

#define LARGE_PAGE_BYTES (UINT64_C(1) << 21)
#define TABLE_FLAGS 0x07 /* present, writable, user */
#define LARGE_FLAGS 0xe7 /* and accessed, dirty, large */
#define ENTRY_ADDRESS 0x000ffffffffff000

extern uint8_t image_end[];
extern uint64_t page_table_root[512];

/* What is left of the RAM range that holds the image. */
static uint64_t next, end;

void pages_init(void)
{
	next = (uint64_t)image_end;
	for (unsigned int i = 0; i < boot_info.nr_ranges; i++) {
		const struct boot_range *range = &boot_info.ranges[i];

		if (range->type == BOOT_INFO_RAM && range->base <= next && next - range->base < range->size_bytes)
			end = range->base + range->size_bytes;
	}
	if (end == 0)
		power_panic("the image is not in RAM, says the memory map");
	/* The command line and the initrd may be anywhere behind the image. */
	if (boot_info.initrd_bytes != 0 && boot_info.initrd >= next && boot_info.initrd < end)
		end = boot_info.initrd / PAGE_BYTES * PAGE_BYTES;
}

void *pages_alloc(unsigned int nr)
{
	uint64_t size_bytes = (uint64_t)nr * PAGE_BYTES;
	void *pages = (void *)next;

	if (end - next < size_bytes)
		power_panic("out of memory");
	next += size_bytes;
	return memset(pages, 0, size_bytes);
}

uint64_t pages_next(void)
{
	return next;
}

/* The table that entry `index` of `table` points at, made if there is none. */
static uint64_t *descend(uint64_t *table, unsigned int index)
{
	if ((table[index] & 1) == 0)
		table[index] = (uint64_t)pages_alloc(1) | TABLE_FLAGS;
	return (uint64_t *)(table[index] & ENTRY_ADDRESS);
}

void pages_map(uint64_t base, uint64_t size_bytes)
{
	uint64_t last = base + size_bytes - 1;

	for (uint64_t page = base & ~(LARGE_PAGE_BYTES - 1); page <= last; page += LARGE_PAGE_BYTES) {
		uint64_t *table = descend(page_table_root, page >> 39 & 511);

		table = descend(table, page >> 30 & 511);
		if ((table[page >> 21 & 511] & 1) == 0)
			table[page >> 21 & 511] = page | LARGE_FLAGS;
	}
}
