/* What needs neither devices nor vCPUs is done on a thread of its own while the control thread makes those: the tables,
 * and above all the kernel, which can be loaded before there is a VM, or the boot loader. Each side takes milliseconds,
 * and they meet before the first vCPU.
 *
 * The host's CPUID takes about as long as a small kernel, and far less than a large one. So whichever thread comes to
 * it first asks for it: this one when the kernel is loaded, or the control thread when it wants to make a vCPU. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/machine/parts.h"

/* Whichever thread is first asks; the other, if it needs the answer, waits for it. */
static bool ask_for_cpuid(struct machine *machine)
{
	struct machine_prepare *part = &machine->prepare;

	if (atomic_exchange(&part->cpuid_asked, true))
		return false;
	part->cpuid_rc = cpuid_create(&machine->kvm, &part->cpuid);
	if (part->cpuid_rc < 0)
		log_error("KVM does not tell which CPU features it supports: %s", strerror(-part->cpuid_rc));
	sem_post(&part->cpuid_ready);
	return true;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) < 0)
		;
}

static void *prepare(void *arg)
{
	struct machine *machine = arg;
	struct machine_prepare *part = &machine->prepare;

	part->rc = machine_write_tables(machine, part->config, &part->rsdp);
	if (part->rc == 0 && part->config->kernel_path)
		part->rc = machine_load_kernel(machine, part->config, part->rsdp, &part->entry);
	else if (part->rc == 0)
		part->rc = machine_unpack_firmware(machine);
	wait_for(&part->vm_ready);
	if (part->has_vm)
		(void)ask_for_cpuid(machine);
	return NULL;
}

int machine_prepare_start(struct machine *machine, const struct machine_config *config)
{
	struct machine_prepare *part = &machine->prepare;
	int rc;

	part->config = config;
	sem_init(&part->vm_ready, 0, 0);
	sem_init(&part->cpuid_ready, 0, 0);
	rc = thread_start(&part->thread, "prepare", prepare, machine);
	if (rc < 0)
		log_error("cannot start a thread to load the kernel: %s", strerror(-rc));
	part->running = rc == 0;
	return rc;
}

void machine_prepare_vm(struct machine *machine)
{
	machine->prepare.has_vm = true;
	sem_post(&machine->prepare.vm_ready);
}

int machine_prepare_cpuid(struct machine *machine, struct kvm_cpuid2 **cpuid)
{
	if (!ask_for_cpuid(machine))
		wait_for(&machine->prepare.cpuid_ready);
	*cpuid = machine->prepare.cpuid;
	return machine->prepare.cpuid_rc;
}

int machine_prepare_join(struct machine *machine)
{
	if (!machine->prepare.running)
		return 0;
	/* Where no VM could be made nobody has posted this; a second post does nothing. */
	sem_post(&machine->prepare.vm_ready);
	pthread_join(machine->prepare.thread, NULL);
	sem_destroy(&machine->prepare.vm_ready);
	sem_destroy(&machine->prepare.cpuid_ready);
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
