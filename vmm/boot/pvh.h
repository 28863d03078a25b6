/* The PVH entry: 32-bit protected mode, for kernels that say in an ELF note where it is. */
#ifndef VMM_BOOT_PVH_H
#define VMM_BOOT_PVH_H

#include "vmm/boot/boot.h"
#include "vmm/boot/initrd.h"

/* Builds hvm_start_info, its memory map and its module list in low memory, and fills in `entry`. 0, -EINVAL for an e820
 * that is too long, or -EFAULT. Xen, public/arch-x86/hvm/start_info.h, version 1. Control thread. */
__attribute__((warn_unused_result)) int pvh_place(const struct boot_request *request, gpa_t rip, gpa_t command_line,
						  const struct initrd *initrd, struct boot_entry *entry);

#endif
