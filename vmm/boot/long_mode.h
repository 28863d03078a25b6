/* What the CPU needs to start: a GDT, and page tables in long mode. */
#ifndef VMM_BOOT_LONG_MODE_H
#define VMM_BOOT_LONG_MODE_H

#include <stdbool.h>

#include "vmm/boot/boot.h"

/* Writes both to low memory and sets entry->page_tables and entry->gdt. The tables let user mode in only if
 * `for_user`. 0 or -EFAULT. AMD64 Architecture Programmer's Manual volume 2, 4.8 and 5.3. */
__attribute__((warn_unused_result)) int long_mode_place(const struct boot_request *request, struct boot_entry *entry,
							bool for_user);

/* Writes a GDT of flat 32-bit segments and sets entry->gdt. 0 or -EFAULT. */
__attribute__((warn_unused_result)) int protected_mode_place(const struct boot_request *request,
							     struct boot_entry *entry);

#endif
