/* 64-bit ELF executables: vmlinux, alone or with the relocation table that a bzImage's payload has behind it, and
 * other kernels that have a PVH note. */
#ifndef VMM_BOOT_ELF_H
#define VMM_BOOT_ELF_H

#include "vmm/boot/kernel.h"
#include "vmm/boot/source.h"

/* Reads program headers, notes and the table of relocations behind the file, if there is one. 0; -EBADMSG if the file
 * is truncated or contradicts itself; -ENOEXEC if there is nothing to load or no way in; with `*why` set to what is
 * wrong
 * ("its ..."); or an I/O errno, `*why` NULL. Control thread. ELF-64 Object File Format 1.5; Xen "x86/HVM direct boot
 * ABI", XEN_ELFNOTE_PHYS32_ENTRY. */
__attribute__((warn_unused_result)) int elf_read(const struct source *src, struct kernel_image *kernel,
						 const char **why);

#endif
