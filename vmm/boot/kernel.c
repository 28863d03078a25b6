#include "vmm/boot/kernel.h"

#include "vmm/base/checked.h"

/* More than any kernel, less than what could make sums of sizes wrap. */
#define IMAGE_MAX_BYTES (1ull << 32)

bool kernel_image_is_sane(const struct kernel_image *kernel, uint64_t source_bytes)
{
	uint64_t end = 0;

	if (kernel->size_bytes == 0 || kernel->size_bytes > IMAGE_MAX_BYTES || kernel->link_base > UINT64_MAX / 2)
		return false;
	if (kernel->entry_offset >= kernel->size_bytes || kernel->nr_extents > KERNEL_MAX_EXTENTS)
		return false;
	for (uint32_t i = 0; i < kernel->nr_extents; i++) {
		const struct kernel_extent *e = &kernel->extents[i];

		if (!range_contains(0, source_bytes, e->source_offset, e->size_bytes) ||
		    !range_contains(end, kernel->size_bytes - end, e->image_offset, e->size_bytes))
			return false;
		end = e->image_offset + e->size_bytes;
	}
	for (int kind = 0; kind < RELOC_KINDS; kind++) {
		const struct reloc_list *list = &kernel->relocs[kind];

		if (list->nr_entries > source_bytes / 4 ||
		    !range_contains(0, source_bytes, list->source_offset, list->nr_entries * 4))
			return false;
	}
	return true;
}
