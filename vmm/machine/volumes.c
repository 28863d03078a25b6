#include <errno.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/janitor.h"
#include "vmm/host/lvm.h"
#include "vmm/host/lvm_leftovers.h"
#include "vmm/host/lvm_snapshot.h"
#include "vmm/machine/parts.h"

_Static_assert(MACHINE_VOLUME_PATH_BYTES >= LVM_PATH_BYTES, "a volume's path fits a disk's");

static int start_janitor(struct machine *machine, const struct machine_config *config)
{
	bool any = false;
	int rc;

	for (unsigned int i = 0; i < config->nr_disks; i++)
		any |= config->disks[i].snapshot;
	if (!any)
		return 0;
	rc = host_janitor_start(&machine->janitor);
	if (rc < 0)
		log_error("cannot start the process that removes this VM's snapshots: %s", strerror(-rc));
	return rc;
}

static int find_volume(struct machine *machine, const struct machine_config *config, unsigned int index)
{
	const struct machine_disk *disk = &config->disks[index];
	struct lvm_snapshot_request request = {
		.size_bytes = disk->snapshot_bytes,
		.vm_name = config->name,
		.janitor = machine->janitor,
	};
	char *path = machine->disks[index].path;
	int rc;

	rc = lvm_name_parse(disk->lvm_name, &request.origin);
	if (rc < 0)
		return rc;
	if (disk->snapshot)
		return lvm_snapshot_make(&request, path);
	rc = lvm_open_path(&request.origin, path);
	if (rc == 0)
		lvm_leftovers_look(&request.origin);
	return rc;
}

int machine_volumes_init(struct machine *machine, const struct machine_config *config)
{
	int rc = start_janitor(machine, config);

	for (unsigned int i = 0; rc == 0 && i < config->nr_disks; i++) {
		if (config->disks[i].lvm_name)
			rc = find_volume(machine, config, i);
	}
	/* Nothing that a guest does to this process from here on makes the janitor run programs of its choice. */
	if (rc == 0 && machine->janitor) {
		rc = host_janitor_seal(machine->janitor);
		if (rc < 0)
			log_error("the process that removes this VM's snapshots is gone");
	}
	return rc;
}

int machine_volumes_fini(struct machine *machine)
{
	int rc = host_janitor_finish(machine->janitor);

	machine->janitor = NULL;
	return rc;
}
