/* Puts a kernel's and an initrd's bytes into guest memory.
 *
 * Most of the time that takes is the host's: it clears the pages that are touched for the first time. So large loads
 * are shared among threads, in pieces that each lie in huge pages of their own. */
#ifndef VMM_BOOT_LOAD_H
#define VMM_BOOT_LOAD_H

#include "vmm/boot/kernel.h"
#include "vmm/boot/source.h"
#include "vmm/core/memory.h"

/* Some of a source's bytes and their place in guest memory. */
struct load_range {
	gpa_t gpa;
	uint64_t offset;
	uint64_t len;
};

/* Reads the ranges, which do not overlap, on this and possibly other threads. 0; -EFAULT if a range is no memory,
 * -ENODATA if the source ends before, or an I/O errno; some bytes may then have been read. Control thread. */
__attribute__((warn_unused_result)) int load_ranges(const struct source *src, const struct guest_memory *mem,
						    const struct load_range *ranges, unsigned int nr);

/* Reads the kernel's extents to `base`, where guest memory is still zero. As load_ranges(). */
__attribute__((warn_unused_result)) int load_extents(const struct source *src, const struct kernel_image *kernel,
						     const struct guest_memory *mem, gpa_t base);

#endif
