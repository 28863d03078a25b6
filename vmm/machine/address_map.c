#include "vmm/machine/address_map.h"

#include "vmm/arch/x86_64/layout.h"

unsigned int address_map_fill(const struct guest_memory *memory, struct boot_e820 map[BOOT_E820_MAX])
{
	const struct guest_region *low = &memory->regions[0];
	unsigned int nr = 0;

	map[nr++] = (struct boot_e820){ 0, LAYOUT_LOW_RAM_END, BOOT_E820_RAM };
	map[nr++] =
		(struct boot_e820){ LAYOUT_LOW_RAM_END, LAYOUT_HIGH_RAM_BASE - LAYOUT_LOW_RAM_END, BOOT_E820_RESERVED };
	map[nr++] = (struct boot_e820){ LAYOUT_HIGH_RAM_BASE, low->size_bytes - LAYOUT_HIGH_RAM_BASE, BOOT_E820_RAM };
	/* Linux trusts the MCFG table only if its window is reserved. */
	map[nr++] = (struct boot_e820){ LAYOUT_ECAM_BASE, LAYOUT_ECAM_SIZE, BOOT_E820_RESERVED };
	for (unsigned int i = 1; i < memory->nr_regions; i++)
		map[nr++] = (struct boot_e820){ memory->regions[i].base, memory->regions[i].size_bytes, BOOT_E820_RAM };
	return nr;
}
