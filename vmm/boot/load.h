/* Puts a kernel's bytes into guest memory. */
#ifndef VMM_BOOT_LOAD_H
#define VMM_BOOT_LOAD_H

#include "vmm/boot/kernel.h"
#include "vmm/boot/source.h"
#include "vmm/core/memory.h"

/* Reads the extents to `base`, where guest memory is still zero. 0, -EFAULT if that is no memory, -ENODATA if the
 * source ends before, or an I/O errno. Control thread. */
__attribute__((warn_unused_result)) int load_extents(const struct source *src, const struct kernel_image *kernel,
						     const struct guest_memory *mem, gpa_t base);

#endif
