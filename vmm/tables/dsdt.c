#include "vmm/tables/dsdt.h"

#include "vmm/tables/aml.h"

#define ECAM_BYTES_PER_BUS (1u << 20)
#define NOTIFY_BUTTON_PRESSED 0x80 /* ACPI 6.5, 5.6.6 */
#define SERIAL_PORTS 8

/* The root bus is conventional PCI (PNP0A03): no function has a PCI Express capability, so there is nothing that an
 * _OSC could hand over, and a guest does not evaluate one. */
static void pci_root(struct aml *aml, const struct acpi_description *d)
{
	size_t device = aml_device_begin(aml, "PCI0");
	size_t resources;

	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0A03");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	aml_name(aml, "_CRS");
	resources = aml_resources_begin(aml);
	aml_bus_range(aml, 0, (uint16_t)(d->ecam_size_bytes / ECAM_BYTES_PER_BUS - 1));
	aml_memory_window(aml, d->pci_window_base, d->pci_window_size_bytes);
	aml_resources_end(aml, resources);
	aml_end(aml, device);
}

/* Linux takes MCFG's word for the window only if a motherboard resource reserves it. */
static void ecam_reservation(struct aml *aml, const struct acpi_description *d)
{
	size_t device = aml_device_begin(aml, "ECAM");
	size_t resources;

	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0C02");
	aml_name(aml, "_CRS");
	resources = aml_resources_begin(aml);
	aml_memory32_fixed(aml, (uint32_t)d->ecam_base, (uint32_t)d->ecam_size_bytes);
	aml_resources_end(aml, resources);
	aml_end(aml, device);
}

static void serial(struct aml *aml, const struct acpi_description *d)
{
	size_t device = aml_device_begin(aml, "COM1");
	size_t resources;

	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0501");
	aml_name(aml, "_UID");
	aml_integer(aml, 1);
	aml_name(aml, "_CRS");
	resources = aml_resources_begin(aml);
	aml_io(aml, d->serial_port, SERIAL_PORTS);
	aml_interrupt_edge_high(aml, d->serial_gsi);
	aml_resources_end(aml, resources);
	aml_end(aml, device);
}

static void pvpanic(struct aml *aml, const struct acpi_description *d)
{
	size_t device = aml_device_begin(aml, "PEVT");
	size_t resources;

	aml_name(aml, "_HID");
	aml_string(aml, "QEMU0001");
	aml_name(aml, "_CRS");
	resources = aml_resources_begin(aml);
	aml_io(aml, d->pvpanic_port, 1);
	aml_resources_end(aml, resources);
	aml_end(aml, device);
}

static void power_button(struct aml *aml)
{
	size_t device = aml_device_begin(aml, "PWRB");

	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0C0C");
	aml_end(aml, device);
}

/* The generic event device (ACPI 6.5, 5.6.9): its interrupt runs _EVT, which asks the status register what happened. */
static void event_device(struct aml *aml, const struct acpi_description *d)
{
	size_t device = aml_device_begin(aml, "GED0");
	size_t block, branch;

	aml_name(aml, "_HID");
	aml_string(aml, "ACPI0013");
	aml_name(aml, "_CRS");
	block = aml_resources_begin(aml);
	aml_interrupt_edge_high(aml, d->event_gsi);
	aml_resources_end(aml, block);

	aml_io_region(aml, "EREG", d->event_status_port, 1);
	block = aml_byte_field_begin(aml, "EREG");
	aml_field_unit(aml, "ESTS", 8);
	aml_end(aml, block);

	block = aml_method_begin(aml, "_EVT", 1, true);
	aml_store(aml); /* once: reading clears */
	aml_path(aml, "ESTS");
	aml_local(aml, 0);
	branch = aml_if_begin(aml);
	aml_and(aml);
	aml_local(aml, 0);
	aml_integer(aml, d->event_power_button);
	aml_no_target(aml);
	aml_notify(aml, "\\_SB.PWRB", NOTIFY_BUTTON_PRESSED);
	aml_end(aml, branch);
	aml_end(aml, block);
	aml_end(aml, device);
}

static void soft_off(struct aml *aml, const struct acpi_description *d)
{
	size_t package;

	aml_name(aml, "\\_S5");
	package = aml_package_begin(aml, 4);
	aml_integer(aml, d->s5_sleep_type);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_end(aml, package);
}

int dsdt_write(const struct acpi_description *description, void *buffer, size_t capacity)
{
	struct aml aml;
	size_t scope;

	aml_init(&aml, buffer, capacity);
	soft_off(&aml, description);
	scope = aml_scope_begin(&aml, "\\_SB");
	pci_root(&aml, description);
	ecam_reservation(&aml, description);
	if (description->serial)
		serial(&aml, description);
	pvpanic(&aml, description);
	power_button(&aml);
	event_device(&aml, description);
	aml_end(&aml, scope);
	return aml_finish(&aml);
}
