/* struct mote_vm: a machine with a name and a once-only run. */
#include "vmm/include/mote.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/lib/config.h"
#include "vmm/machine/machine.h"

#define THREAD_NAME_BYTES 16 /* pthread_setname_np(3) */

struct mote_vm {
	struct machine *machine;
	bool ran;
	char name[CONFIG_MAX_NAME_BYTES + 1];
};

int mote_vm_create(const struct mote_config *config, struct mote_vm **out)
{
	struct checked_config checked;
	struct mote_vm *vm;
	int rc;

	rc = config_build(config, &checked);
	if (rc < 0)
		return rc;
	vm = calloc(1, sizeof(*vm));
	if (!vm) {
		log_error("no memory for a VM");
		return -ENOMEM;
	}
	memcpy(vm->name, checked.name, sizeof(vm->name));
	rc = machine_create(&checked.machine, &vm->machine);
	if (rc < 0) {
		free(vm);
		return rc;
	}
	log_info("%s: %u CPU%s, %llu MiB of memory, %u disk%s", vm->name, checked.machine.nr_cpus,
		 checked.machine.nr_cpus == 1 ? "" : "s", (unsigned long long)(checked.machine.memory_bytes >> 20),
		 checked.machine.nr_disks, checked.machine.nr_disks == 1 ? "" : "s");
	*out = vm;
	return 0;
}

static enum mote_outcome outer_outcome(enum machine_outcome inner)
{
	switch (inner) {
	case MACHINE_POWERED_OFF:
		return MOTE_POWERED_OFF;
	case MACHINE_REBOOTED:
		return MOTE_REBOOTED;
	case MACHINE_PANICKED:
		return MOTE_PANICKED;
	case MACHINE_STOPPED:
		return MOTE_STOPPED;
	case MACHINE_RUNNING:
	case MACHINE_FAILED:
		break;
	}
	return MOTE_FAILED;
}

static void tell_outcome(enum mote_outcome outcome)
{
	switch (outcome) {
	case MOTE_POWERED_OFF:
		log_info("guest powered off");
		return;
	case MOTE_REBOOTED:
		log_info("guest rebooted");
		return;
	case MOTE_PANICKED:
		log_warn("guest panicked");
		return;
	case MOTE_STOPPED:
		log_info("guest stopped from outside");
		return;
	case MOTE_FAILED:
		return; /* told where it happened */
	}
}

int mote_vm_run(struct mote_vm *vm, enum mote_outcome *outcome)
{
	enum machine_outcome inner = MACHINE_FAILED;
	char own_name[THREAD_NAME_BYTES], vm_name[THREAD_NAME_BYTES];
	bool renamed;
	int rc;

	if (vm->ran) {
		log_error("%s has run already: create a new VM to run it again", vm->name);
		return -EALREADY;
	}
	vm->ran = true;
	/* While it runs, the calling thread goes by the VM's name in ps(1) and top(1). */
	strncpy(vm_name, vm->name, sizeof(vm_name) - 1);
	vm_name[sizeof(vm_name) - 1] = '\0';
	renamed = pthread_getname_np(pthread_self(), own_name, sizeof(own_name)) == 0 &&
		  pthread_setname_np(pthread_self(), vm_name) == 0;
	rc = machine_run(vm->machine, &inner);
	if (renamed)
		pthread_setname_np(pthread_self(), own_name);
	if (rc < 0)
		return rc;
	*outcome = outer_outcome(inner);
	tell_outcome(*outcome);
	return 0;
}

void mote_vm_power_button(struct mote_vm *vm)
{
	machine_power_button(vm->machine);
}

void mote_vm_stop(struct mote_vm *vm)
{
	machine_stop(vm->machine);
}

void mote_vm_refresh(struct mote_vm *vm)
{
	machine_refresh(vm->machine);
}

int mote_vm_destroy(struct mote_vm *vm)
{
	int rc;

	if (!vm)
		return 0;
	rc = machine_destroy(vm->machine);
	free(vm);
	return rc;
}
