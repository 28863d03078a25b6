/* The machine that the tests of the ACPI tables describe. */
#ifndef TEST_UNIT_ACPI_MACHINE_H
#define TEST_UNIT_ACPI_MACHINE_H

#include "vmm/tables/acpi.h"

static const struct acpi_description machine = {
	.nr_cpus = 2,
	.lapic_address = 0xfee00000,
	.ioapic_address = 0xfec00000,
	.ecam_base = 0xe0000000,
	.ecam_size_bytes = 1 << 20,
	.pci_window_base = 0xc0000000,
	.pci_window_size_bytes = 0x20000000,
	.serial = true,
	.serial_port = 0x3f8,
	.serial_gsi = 4,
	.pvpanic_port = 0x505,
	.sleep_control_port = 0x600,
	.sleep_status_port = 0x601,
	.s5_sleep_type = 5,
	.reset_port = 0x602,
	.reset_value = 0x42,
	.event_status_port = 0x603,
	.event_power_button = 1,
	.event_gsi = 5,
};

#endif
