#include "vmm/arch/x86_64/layout.h"

unsigned int layout_memory(uint64_t size_bytes, struct guest_region regions[GUEST_MEMORY_MAX_REGIONS])
{
	uint64_t low = size_bytes < LAYOUT_GAP_BASE ? size_bytes : LAYOUT_GAP_BASE;

	regions[0] = (struct guest_region){ .base = 0, .size_bytes = low };
	if (low == size_bytes)
		return 1;
	regions[1] = (struct guest_region){ .base = LAYOUT_ABOVE_4G, .size_bytes = size_bytes - low };
	return 2;
}
