/* Address space layout randomisation of the kernel by the VMM, from the relocations that the kernel's image carries.
 *
 * The kernel's own decompressor would do this; mote skips it, so it does the same: the virtual base is random in the
 * 1 GiB that the kernel maps its image in, the physical base is random in RAM, each independent of the other
 * (Holmes et al., "KASLR in the age of MicroVMs", EuroSys 2022). */
#ifndef VMM_BOOT_KASLR_H
#define VMM_BOOT_KASLR_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/boot/kernel.h"
#include "vmm/boot/place.h"

struct kaslr {
	gpa_t base; /* where the image's first byte goes */
	uint64_t delta; /* chosen minus linked virtual address */
	bool is_random;
};

/* Chooses where `kernel` goes: at random if `wanted` and it is relocatable, else where it was linked for. `align` is
 * the kernel's own wish, 0 if it has none. 0; -E2BIG if there is no room; getrandom's errno. Control thread. */
__attribute__((warn_unused_result)) int kaslr_choose(const struct place *place, const struct kernel_image *kernel,
						     uint64_t align, bool wanted, struct kaslr *kaslr);

#endif
