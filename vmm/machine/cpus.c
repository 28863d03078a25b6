#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/arch/x86_64/exits.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/vcpu_state.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

static void vcpu_ended(void *arg, enum vcpu_verdict verdict)
{
	if (verdict == VCPU_RESET && machine_firmware_runs(arg)) {
		log_error("the boot loader crashed: name the kernel with --kernel");
		verdict = VCPU_FAILED;
	}
	machine_end(arg, verdict == VCPU_RESET ? MACHINE_REBOOTED : MACHINE_FAILED);
}

static int open_vcpus(struct machine_cpus *cpus, struct kvm_cpuid2 *cpuid, unsigned int nr)
{
	for (unsigned int id = 0; id < nr; id++) {
		int rc = vcpu_open(&cpus->vcpus[id], &cpus->env, id);

		if (rc < 0)
			return rc;
		cpus->nr++;
		if (id == 0) {
			int khz = vcpu_ioctl(&cpus->vcpus[0], KVM_GET_TSC_KHZ, NULL);
			const struct cpuid_machine machine = {
				.nr_cpus = nr,
				.tsc_khz = khz > 0 ? (unsigned int)khz : 0,
				.tsc_deadline = kvm_check(cpus->env.kvm, KVM_CAP_TSC_DEADLINE_TIMER) > 0,
			};

			cpuid_describe_machine(cpuid, &machine);
		}
		rc = vcpu_state_init(&cpus->vcpus[id], cpuid);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Where kernels look for what a PC has and this machine has not: three more serial ports, and PCI's configuration
 * ports. */
static void coalesce_absent_ports(struct machine *machine)
{
	struct machine_cpus *cpus = &machine->cpus;

	coalesced_init(&cpus->coalesced, &machine->kvm, cpus->vcpus[0].run);
	coalesced_add(&machine->kvm, BUS_PIO, LAYOUT_ABSENT_SERIAL_PORTS, LAYOUT_ABSENT_SERIAL_NR);
	coalesced_add(&machine->kvm, BUS_PIO, LAYOUT_ABSENT_PCI_PORTS, LAYOUT_ABSENT_PCI_NR);
}

int machine_cpus_init(struct machine *machine, const struct machine_config *config)
{
	struct machine_cpus *cpus = &machine->cpus;
	struct kvm_cpuid2 *cpuid;
	int rc;

	if (config->nr_cpus > machine->kvm.max_vcpus) {
		log_error("%u CPUs were asked for, but this host's KVM allows %u; ask for fewer", config->nr_cpus,
			  machine->kvm.max_vcpus);
		return -EINVAL;
	}
	cpus->env = (struct vcpu_environment){
		.kvm = &machine->kvm,
		.bus = &machine->bus,
		.coalesced = &cpus->coalesced,
		.handle_exit = arch_handle_exit,
		.ended = vcpu_ended,
		.ended_arg = machine,
	};
	cpus->vcpus = calloc(config->nr_cpus, sizeof(cpus->vcpus[0]));
	if (!cpus->vcpus)
		return -ENOMEM;
	rc = machine_prepare_cpuid(machine, &cpuid);
	if (rc < 0)
		return rc;
	rc = open_vcpus(cpus, cpuid, config->nr_cpus);
	if (rc == 0)
		coalesce_absent_ports(machine);
	return rc;
}

int machine_cpus_enter(struct machine *machine, const struct boot_entry *entry)
{
	int rc = vcpu_state_set_entry(&machine->cpus.vcpus[0], entry);

	if (rc < 0)
		log_error("KVM refused the first vCPU's registers: %s", strerror(-rc));
	return rc;
}

int machine_cpus_start(struct machine *machine)
{
	int rc = vcpu_init_signal();

	for (unsigned int i = 0; i < machine->cpus.nr && rc == 0; i++)
		rc = vcpu_start(&machine->cpus.vcpus[i]);
	if (rc < 0)
		log_error("cannot start the vCPUs' threads: %s", strerror(-rc));
	return rc;
}

void machine_cpus_stop(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->cpus.nr; i++)
		vcpu_stop(&machine->cpus.vcpus[i]);
}

void machine_cpus_pause(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->cpus.nr; i++)
		vcpu_pause(&machine->cpus.vcpus[i]);
}

void machine_cpus_resume(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->cpus.nr; i++)
		vcpu_resume(&machine->cpus.vcpus[i]);
}

void machine_cpus_fini(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->cpus.nr; i++)
		vcpu_close(&machine->cpus.vcpus[i]);
	free(machine->cpus.vcpus);
	machine->cpus = (struct machine_cpus){ 0 };
}
