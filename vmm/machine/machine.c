#include "vmm/machine/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/dev/rng.h"
#include "vmm/arch/x86_64/irqchip.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/msr_filter.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

/* The control loop has the console and the mailbox, no disk I/O: it needs no ring. */
static const struct loop_config control_config = {
	.name = "control",
	.engine = LOOP_ENGINE_THREAD,
	.nr_entries = 8,
};

void machine_end(struct machine *machine, enum machine_outcome outcome)
{
	int running = MACHINE_RUNNING;

	/* Read by machine_run() after the loop has stopped. */
	atomic_compare_exchange_strong(&machine->outcome, &running, outcome);
	loop_stop(machine->control);
}

int machine_plug(struct machine *machine, struct virtio_device *device, struct virtio_pci **out)
{
	const struct virtio_pci_config config = {
		.root = machine->platform.pci,
		.router = &machine->irqs,
		.kvm = &machine->kvm,
		.device = device,
	};
	int rc;

	device->memory = &machine->memory;
	rc = virtio_pci_create(&config, out);
	if (rc < 0)
		log_error("cannot put the virtio device '%s' on the PCI bus: %s", device->name, strerror(-rc));
	return rc;
}

static int init_vm(struct machine *machine)
{
	int rc = kvm_open(&machine->kvm, arch_requirements, arch_nr_requirements);

	if (rc < 0)
		return rc;
	/* Before anything is on KVM's buses, see init_irqchip(). */
	msr_filter_install(&machine->kvm);
	machine_prepare_vm(machine);
	return 0;
}

/* After the MSR filter and the memslots: what follows the interrupt controllers' registration on KVM's buses waits for
 * a grace period, 6 ms on some hosts. */
static int init_irqchip(struct machine *machine)
{
	int rc;

	rc = irqchip_create(&machine->kvm);
	if (rc < 0)
		return rc;
	rc = irq_attach_pins(&machine->irqs);
	if (rc < 0)
		log_error("KVM refused the devices' interrupts: %s", strerror(-rc));
	return rc;
}

static int init_memory(struct machine *machine, uint64_t size_bytes)
{
	struct guest_region regions[GUEST_MEMORY_MAX_REGIONS];
	unsigned int nr = layout_memory(size_bytes, regions);
	int rc = guest_memory_create(regions, nr, &machine->memory);

	if (rc < 0)
		log_error("cannot reserve %llu MiB of guest memory: %s; ask for less, or free some",
			  (unsigned long long)(size_bytes >> 20), strerror(-rc));
	return rc;
}

static int init_memslots(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->memory.nr_regions; i++) {
		const struct guest_region *region = &machine->memory.regions[i];
		int rc = kvm_memslot_add(&machine->kvm, region->base, region->host, region->size_bytes, false);

		if (rc < 0) {
			log_error("KVM refused %llu MiB of guest memory: %s; ask for less",
				  (unsigned long long)(region->size_bytes >> 20), strerror(-rc));
			return rc;
		}
	}
	return 0;
}

static int init_rng(struct machine *machine)
{
	int rc = rng_create(machine->control, &machine->rng);

	return rc < 0 ? rc : machine_plug(machine, machine->rng, &machine->rng_pci);
}

static void fini_rng(struct machine *machine)
{
	virtio_pci_destroy(machine->rng_pci);
	rng_destroy(machine->rng);
}

/* The boot order of the machine. What is on the PCI bus first comes first in the guest, so disks are vda, vdb, ... */
static int build(struct machine *machine, const struct machine_config *config)
{
	int rc;

	rc = machine_janitor_init(machine, config);
	if (rc == 0)
		rc = machine_volumes_init(machine, config);
	if (rc == 0)
		rc = loop_create(&control_config, &machine->control);
	if (rc == 0)
		rc = init_memory(machine, config->memory_bytes);
	if (rc == 0)
		rc = machine_prepare_start(machine, config);
	if (rc == 0)
		rc = init_vm(machine);
	if (rc == 0)
		rc = init_memslots(machine);
	if (rc == 0)
		rc = machine_platform_init(machine);
	if (rc == 0)
		rc = machine_disks_init(machine, config);
	if (rc == 0)
		rc = machine_nets_init(machine, config);
	if (rc == 0)
		rc = machine_janitor_seal(machine);
	if (rc == 0)
		rc = machine_growth_init(machine);
	if (rc == 0)
		rc = machine_console_init(machine, config);
	if (rc == 0)
		rc = init_rng(machine);
	if (rc == 0)
		rc = init_irqchip(machine);
	if (rc == 0)
		rc = machine_cpus_init(machine, config);
	if (rc == 0)
		rc = machine_prepare_join(machine);
	if (rc == 0)
		rc = machine_firmware_init(machine, config);
	if (rc == 0)
		rc = machine_cpus_enter(machine, &machine->prepare.entry);
	return rc;
}

int machine_create(const struct machine_config *config, struct machine **out)
{
	struct machine *machine;
	int rc;

	machine = calloc(1, sizeof(*machine));
	if (!machine)
		return -ENOMEM;
	machine->kvm.dev_fd = machine->kvm.vm_fd = -1;
	machine->platform.event_irq_fd = machine->console.irq_fd = -1;
	machine->growth.asked.fd = machine->growth.uevents.fd = -1;
	machine_pause_init(machine);
	bus_init(&machine->bus);
	irq_router_init(&machine->irqs, &machine->kvm);
	rc = build(machine, config);
	if (rc < 0) {
		(void)machine_destroy(machine);
		return rc;
	}
	*out = machine;
	return 0;
}

int machine_run(struct machine *machine, enum machine_outcome *outcome)
{
	int rc;

	rc = machine_disks_start(machine);
	if (rc == 0)
		rc = machine_nets_start(machine);
	if (rc == 0)
		rc = machine_cpus_start(machine);
	/* machine_end() may have come before: the loop then returns at once. */
	if (rc == 0)
		rc = loop_run(machine->control);
	if (rc < 0)
		machine_end(machine, MACHINE_FAILED);
	/* A vCPU may wait for a slow terminal, or for the control loop to answer a device's reset. */
	machine_console_release(machine);
	machine_cpus_stop(machine);
	*outcome = atomic_load(&machine->outcome);
	return rc;
}

void machine_power_button(struct machine *machine)
{
	/* A guest that stands still can't shut down, nor one that is not there yet. */
	if (machine_is_troubled(machine) || machine_firmware_runs(machine))
		machine_stop(machine);
	else
		acpi_power_press(&machine->platform.power);
}

void machine_stop(struct machine *machine)
{
	machine_end(machine, MACHINE_STOPPED);
}

int machine_destroy(struct machine *machine)
{
	int rc;

	if (!machine)
		return 0;
	(void)!machine_prepare_join(machine);
	machine_cpus_stop(machine);
	kvm_retire(&machine->kvm);
	fini_rng(machine);
	machine_firmware_fini(machine);
	machine_console_fini(machine);
	machine_growth_fini(machine);
	machine_nets_fini(machine);
	machine_disks_fini(machine);
	machine_platform_fini(machine);
	machine_cpus_fini(machine);
	kvm_close(&machine->kvm);
	guest_memory_destroy(&machine->memory);
	irq_router_fini(&machine->irqs);
	bus_fini(&machine->bus);
	if (machine->control)
		loop_destroy(machine->control);
	machine_prepare_fini(machine);
	rc = machine_janitor_fini(machine);
	free(machine);
	return rc;
}
