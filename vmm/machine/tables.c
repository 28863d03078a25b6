#include <string.h>

#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/reset_vector.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"
#include "vmm/tables/acpi.h"

int machine_write_tables(struct machine *machine, const struct machine_config *config, gpa_t *rsdp)
{
	const struct acpi_description description = {
		.nr_cpus = config->nr_cpus,
		.lapic_address = LAYOUT_LAPIC_BASE,
		.ioapic_address = LAYOUT_IOAPIC_BASE,
		.ecam_base = LAYOUT_ECAM_BASE,
		.ecam_size_bytes = LAYOUT_ECAM_SIZE,
		.pci_window_base = LAYOUT_PCI_WINDOW_BASE,
		.pci_window_size_bytes = LAYOUT_PCI_WINDOW_SIZE,
		.serial = config->console == MACHINE_CONSOLE_SERIAL,
		.serial_port = LAYOUT_SERIAL_PORT,
		.serial_gsi = LAYOUT_SERIAL_GSI,
		.pvpanic_port = LAYOUT_PVPANIC_PORT,
		.sleep_control_port = LAYOUT_POWER_PORT + ACPI_POWER_SLEEP_CONTROL,
		.sleep_status_port = LAYOUT_POWER_PORT + ACPI_POWER_SLEEP_STATUS,
		.s5_sleep_type = ACPI_POWER_S5_SLEEP_TYPE,
		.reset_port = LAYOUT_POWER_PORT + ACPI_POWER_RESET,
		.reset_value = ACPI_POWER_RESET_VALUE,
		.event_status_port = LAYOUT_POWER_PORT + ACPI_POWER_EVENT_STATUS,
		.event_power_button = ACPI_POWER_EVENT_BUTTON,
		.event_gsi = LAYOUT_EVENT_GSI,
	};
	int rc = acpi_write_tables(&machine->memory, LAYOUT_ACPI_BASE, LAYOUT_ACPI_SIZE, &description, rsdp);

	if (rc == 0)
		rc = reset_vector_write(&machine->memory, description.reset_port, description.reset_value);
	if (rc < 0)
		log_error("cannot write the ACPI tables: %s", strerror(-rc));
	return rc;
}
