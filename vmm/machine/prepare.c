/* What needs neither devices nor vCPUs is done on a thread of its own while the control thread makes those: the host's
 * CPUID, the tables, and above all the kernel. Each side takes milliseconds, and they meet before the first vCPU. */
#include <stdlib.h>
#include <string.h>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/arch/x86_64/msr_filter.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/machine/parts.h"

static int prepare_cpus(struct machine *machine)
{
	int rc;

	/* Before anything is on KVM's buses, see init_irqchip(). */
	msr_filter_install(&machine->kvm);
	rc = cpuid_create(&machine->kvm, &machine->prepare.cpuid);
	if (rc < 0)
		log_error("KVM does not tell which CPU features it supports: %s", strerror(-rc));
	return rc;
}

static void *prepare(void *arg)
{
	struct machine *machine = arg;
	struct machine_prepare *part = &machine->prepare;
	gpa_t rsdp;

	part->cpus_rc = prepare_cpus(machine);
	sem_post(&part->cpus_ready);
	part->rc = machine_write_tables(machine, part->config, &rsdp);
	if (part->rc == 0)
		part->rc = machine_load_kernel(machine, part->config, rsdp, &part->entry);
	return NULL;
}

int machine_prepare_start(struct machine *machine, const struct machine_config *config)
{
	int rc;

	machine->prepare.config = config;
	sem_init(&machine->prepare.cpus_ready, 0, 0);
	rc = thread_start(&machine->prepare.thread, "prepare", prepare, machine);
	if (rc < 0)
		log_error("cannot start a thread to load the kernel: %s", strerror(-rc));
	machine->prepare.running = rc == 0;
	return rc;
}

int machine_prepare_cpuid(struct machine *machine, struct kvm_cpuid2 **cpuid)
{
	while (sem_wait(&machine->prepare.cpus_ready) < 0)
		;
	*cpuid = machine->prepare.cpuid;
	return machine->prepare.cpus_rc;
}

int machine_prepare_join(struct machine *machine)
{
	if (!machine->prepare.running)
		return 0;
	pthread_join(machine->prepare.thread, NULL);
	sem_destroy(&machine->prepare.cpus_ready);
	free(machine->prepare.cpuid);
	machine->prepare.cpuid = NULL;
	machine->prepare.running = false;
	return machine->prepare.rc;
}

void machine_prepare_fini(struct machine *machine)
{
	boot_keep_finish(machine->prepare.keep);
	machine->prepare.keep = NULL;
}
