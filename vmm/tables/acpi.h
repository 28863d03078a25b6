/* The ACPI tables of the machine: RSDP, XSDT, FADT (hardware-reduced), MADT, MCFG and a DSDT made from what is there.
 */
#ifndef VMM_TABLES_ACPI_H
#define VMM_TABLES_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/memory.h"

/* What the tables describe; the machine fills it from its layout and from the devices' headers. */
struct acpi_description {
	unsigned int nr_cpus; /* APIC IDs are 0 .. nr_cpus - 1 */
	uint32_t lapic_address;
	uint32_t ioapic_address;
	uint64_t ecam_base;
	uint64_t ecam_size_bytes; /* one bus a MiB, at most 256 */
	uint64_t pci_window_base; /* memory window of the root bridge */
	uint64_t pci_window_size_bytes;
	bool serial; /* a 16550 at serial_port */
	uint16_t serial_port;
	uint8_t serial_gsi; /* edge, active high */
	uint16_t pvpanic_port;
	/* Byte registers (ACPI 6.5, 4.8.3.7: sleep control and status; 4.8.3.6: reset). */
	uint16_t sleep_control_port;
	uint16_t sleep_status_port;
	uint8_t s5_sleep_type; /* SLP_TYP that powers off */
	uint16_t reset_port;
	uint8_t reset_value; /* what, written there, resets */
	/* The generic event device: a byte whose bits say what happened, cleared by reading it. */
	uint16_t event_status_port;
	uint8_t event_power_button; /* mask of the power button's bit */
	uint8_t event_gsi; /* edge, active high */
};

/* Writes all tables into [base, base + size_bytes) of guest memory, the RSDP first; *rsdp is its address. `base` is a
 * multiple of 16 below 4 GiB. 0; -EINVAL for a description that no table can hold, -ENOSPC if they do not fit, -EFAULT
 * if that is no guest memory, -ENOMEM. Control thread. ACPI 6.5. */
__attribute__((warn_unused_result)) int acpi_write_tables(const struct guest_memory *memory, gpa_t base,
							  uint64_t size_bytes,
							  const struct acpi_description *description, gpa_t *rsdp);

#endif
