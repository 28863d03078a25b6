#include <string.h>

#include "vmm/arch/x86_64/layout.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

static void power_off(void *machine)
{
	machine_end(machine, MACHINE_POWERED_OFF);
}

static void reset(void *machine)
{
	machine_end(machine, MACHINE_REBOOTED);
}

static void panicked(void *machine)
{
	machine_end(machine, MACHINE_PANICKED);
}

static int init_power(struct machine *machine)
{
	struct acpi_power_config config = {
		.bus = &machine->bus,
		.port = LAYOUT_POWER_PORT,
		.power_off = power_off,
		.reset = reset,
		.arg = machine,
	};
	int rc = irq_pin_open(&machine->irqs, LAYOUT_EVENT_GSI);

	if (rc < 0)
		return rc;
	machine->platform.event_irq_fd = config.event_fd = rc;
	return acpi_power_init(&machine->platform.power, &config);
}

static int init_pci(struct machine *machine)
{
	const struct pci_root_config config = {
		.kvm = &machine->kvm,
		.bus = &machine->bus,
		.ecam_base = LAYOUT_ECAM_BASE,
		.window_base = LAYOUT_PCI_WINDOW_BASE,
		.window_size_bytes = LAYOUT_PCI_WINDOW_SIZE,
	};

	return pci_root_create(&config, &machine->platform.pci);
}

int machine_platform_init(struct machine *machine)
{
	int rc;

	machine->platform.event_irq_fd = -1;
	rc = init_power(machine);
	if (rc == 0)
		rc = pvpanic_init(&machine->platform.pvpanic, &machine->bus, LAYOUT_PVPANIC_PORT, panicked, machine);
	if (rc == 0)
		rc = i8042_reset_init(&machine->platform.reset, &machine->bus, reset, machine);
	if (rc == 0)
		rc = init_pci(machine);
	if (rc < 0)
		log_error("cannot set up the platform devices: %s", strerror(-rc));
	return rc;
}

void machine_platform_fini(struct machine *machine)
{
	pci_root_destroy(machine->platform.pci);
	machine->platform.pci = NULL;
	i8042_reset_fini(&machine->platform.reset);
	pvpanic_fini(&machine->platform.pvpanic);
	acpi_power_fini(&machine->platform.power);
	fd_close(&machine->platform.event_irq_fd);
}
