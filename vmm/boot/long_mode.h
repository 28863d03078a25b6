/* What the CPU needs to start in long mode: page tables and a GDT. */
#ifndef VMM_BOOT_LONG_MODE_H
#define VMM_BOOT_LONG_MODE_H

#include "vmm/boot/boot.h"

/* Writes both to low memory and sets entry->page_tables and entry->gdt. 0 or -EFAULT. Control thread.
 * AMD64 Architecture Programmer's Manual volume 2, 4.8 and 5.3. */
__attribute__((warn_unused_result)) int long_mode_place(const struct boot_request *request, struct boot_entry *entry);

#endif
