/* When there is a janitor, and what it may still do. */
#include "vmm/host/janitor.h"

#include <string.h>

#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

static bool is_needed(const struct machine_config *config)
{
	for (unsigned int i = 0; i < config->nr_disks; i++) {
		if (config->disks[i].snapshot)
			return true;
	}
	for (unsigned int i = 0; i < config->nr_nets; i++) {
		if (nic_needs_janitor(config->nets[i].nic.kind))
			return true;
	}
	return false;
}

int machine_janitor_init(struct machine *machine, const struct machine_config *config)
{
	int rc;

	if (!is_needed(config))
		return 0;
	rc = host_janitor_start(&machine->janitor);
	if (rc < 0)
		log_error("cannot start the process that cleans up after this VM: %s", strerror(-rc));
	return rc;
}

int machine_janitor_seal(struct machine *machine)
{
	int rc = machine->janitor ? host_janitor_seal(machine->janitor) : 0;

	if (rc < 0)
		log_error("the process that cleans up after this VM is gone");
	return rc;
}

int machine_janitor_fini(struct machine *machine)
{
	int rc = host_janitor_finish(machine->janitor);

	machine->janitor = NULL;
	return rc;
}
