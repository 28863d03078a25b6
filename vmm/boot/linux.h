/* The 64-bit and the 32-bit entry of the Linux boot protocol. */
#ifndef VMM_BOOT_LINUX_H
#define VMM_BOOT_LINUX_H

#include <stdbool.h>

#include "vmm/boot/boot.h"
#include "vmm/boot/bzimage.h"
#include "vmm/boot/initrd.h"

struct linux_start {
	const struct bzimage *bz; /* NULL: a vmlinux, which has no setup header */
	gpa_t rip;
	gpa_t command_line;
	struct initrd initrd;
	bool is_randomised; /* by the VMM: the kernel then randomises its other regions too */
};

/* The longest command line, without its NUL, and the end of where an initrd may lie. `bz` may be NULL. */
uint64_t linux_cmdline_limit(const struct bzimage *bz);
gpa_t linux_initrd_limit(const struct bzimage *bz);

/* Builds boot_params, a random seed, GDT and what else the entry expects in low memory, and fills in `entry`. 0,
 * -EINVAL for an e820 that is too long, -EFAULT, or getrandom's errno. Control thread. */
__attribute__((warn_unused_result)) int linux_place(const struct boot_request *request, const struct linux_start *start,
						    struct boot_entry *entry);

#endif
