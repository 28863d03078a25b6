/* What a CPU finds where a PC's firmware starts.
 *
 * Linux on hardware-reduced ACPI expects EFI to reset the machine; without EFI it goes back to real mode and jumps to
 * the firmware's entry at f000:fff0 (arch/x86/kernel/reboot.c, BOOT_EFI then BOOT_BIOS). Nine bytes of firmware there
 * make such a reboot a reset. */
#ifndef VMM_ARCH_X86_64_RESET_VECTOR_H
#define VMM_ARCH_X86_64_RESET_VECTOR_H

#include "vmm/core/memory.h"

/* Writes code to the reset vector that writes `value` to port `port`. 0 or -EFAULT. Control thread. */
__attribute__((warn_unused_result)) int reset_vector_write(const struct guest_memory *memory, uint16_t port,
							   uint8_t value);

#endif
