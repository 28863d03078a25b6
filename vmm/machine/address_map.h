/* What the guest may call memory: the E820 map of this machine. */
#ifndef VMM_MACHINE_ADDRESS_MAP_H
#define VMM_MACHINE_ADDRESS_MAP_H

#include "vmm/boot/boot.h"

/* Fills `map` from the memory's regions and the layout. Returns the number of entries, ascending and disjoint. */
unsigned int address_map_fill(const struct guest_memory *memory, struct boot_e820 map[BOOT_E820_MAX]);

#endif
