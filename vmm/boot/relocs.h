/* The table that lets a Linux kernel run at another virtual address than the one it was linked for.
 *
 * Its build (arch/x86/tools/relocs) appends to vmlinux, before compression: a zero word and the places to correct by 64
 * bits; up to Linux 6.14 a zero word and the places to correct the other way, by 32 bits; a zero word and the places to
 * correct by 32 bits. A place is the low half of its virtual address. */
#ifndef VMM_BOOT_RELOCS_H
#define VMM_BOOT_RELOCS_H

#include <stdint.h>

#include "vmm/boot/kernel.h"
#include "vmm/boot/source.h"
#include "vmm/core/memory.h"

/* Finds the lists in [offset, end of source) and sets kernel->relocs and is_relocatable; extents are already set. If
 * what is there is no such table, says so by is_relocatable. Checks every place against the bytes that the kernel
 * brings. 0; -EBADMSG if a place lies outside, `*why` set; an I/O errno. Control thread. */
__attribute__((warn_unused_result)) int relocs_find(const struct source *src, uint64_t offset,
						    struct kernel_image *kernel, const char **why);

/* Applies `delta` (chosen minus linked virtual address) to the image that starts at `base` in guest memory. 0; -EBADMSG
 * if a place lies outside of the image, -EFAULT if the image lies outside of memory, -ENOMEM, an I/O errno. Control
 * thread. */
__attribute__((warn_unused_result)) int relocs_apply(const struct source *src, const struct kernel_image *kernel,
						     const struct guest_memory *mem, gpa_t base, uint64_t delta);

#endif
