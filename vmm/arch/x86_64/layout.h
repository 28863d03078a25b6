/* Where things are in the guest's physical address space and its I/O ports. */
#ifndef VMM_ARCH_X86_64_LAYOUT_H
#define VMM_ARCH_X86_64_LAYOUT_H

#include "vmm/core/memory.h"

#define LAYOUT_MIB (UINT64_C(1) << 20)
#define LAYOUT_GIB (UINT64_C(1) << 30)

/* Below 1 MiB: what the boot loader needs, then nothing where a PC had its video memory and ROMs, then ACPI tables
 * where every kernel looks for them. */
#define LAYOUT_BOOT_BASE UINT64_C(0x1000)
#define LAYOUT_BOOT_SIZE UINT64_C(0x9e000)
#define LAYOUT_LOW_RAM_END UINT64_C(0x9fc00)
#define LAYOUT_ACPI_BASE UINT64_C(0xe0000)
#define LAYOUT_ACPI_SIZE UINT64_C(0x10000)
#define LAYOUT_RESET_VECTOR UINT64_C(0xffff0)
#define LAYOUT_HIGH_RAM_BASE LAYOUT_MIB

/* What the loader in the guest works with until it has started a kernel: memory of its own, and what it reads from the
 * disks, which ends where 64-bit kernels take an initrd. */
#define LAYOUT_LOADER_ARENA LAYOUT_HIGH_RAM_BASE
#define LAYOUT_LOADER_FILES (8 * LAYOUT_MIB)
#define LAYOUT_LOADER_FILES_END (2 * LAYOUT_GIB)

/* The gap below 4 GiB that memory leaves free. */
#define LAYOUT_GAP_BASE UINT64_C(0xc0000000)
#define LAYOUT_ABOVE_4G (4 * LAYOUT_GIB)

#define LAYOUT_PCI_WINDOW_BASE LAYOUT_GAP_BASE
#define LAYOUT_PCI_WINDOW_SIZE UINT64_C(0x20000000)
#define LAYOUT_ECAM_BASE UINT64_C(0xe0000000)
#define LAYOUT_ECAM_SIZE LAYOUT_MIB /* one bus */
#define LAYOUT_IOAPIC_BASE UINT64_C(0xfec00000)
#define LAYOUT_LAPIC_BASE UINT64_C(0xfee00000)
#define LAYOUT_LOADER_DOORBELL UINT64_C(0xfef00000) /* firmware/abi/loader.h; gone when a kernel has been started */
/* Intel CPUs without "unrestricted guest" need three pages and one more that no one else uses. */
#define LAYOUT_KVM_IDENTITY_MAP UINT64_C(0xfffbc000)
#define LAYOUT_KVM_TSS UINT64_C(0xfffbd000)

#define LAYOUT_SERIAL_PORT 0x3f8
#define LAYOUT_PVPANIC_PORT 0x505
#define LAYOUT_POWER_PORT 0x600
/* Ports of a PC that nobody answers here: COM2 to COM4, and PCI's address and data. */
#define LAYOUT_ABSENT_SERIAL_PORTS 0x2e8
#define LAYOUT_ABSENT_SERIAL_NR (0x3f0 - LAYOUT_ABSENT_SERIAL_PORTS)
#define LAYOUT_ABSENT_PCI_PORTS 0xcf8
#define LAYOUT_ABSENT_PCI_NR 8

/* IOAPIC pins. */
#define LAYOUT_SERIAL_GSI 4
#define LAYOUT_EVENT_GSI 5

/* Splits `size_bytes` of memory around the gap: one or two regions, ready for guest_memory_create(). Returns how many.
 */
unsigned int layout_memory(uint64_t size_bytes, struct guest_region regions[GUEST_MEMORY_MAX_REGIONS]);

#endif
