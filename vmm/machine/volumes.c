#include "vmm/host/lvm.h"
#include "vmm/host/lvm_leftovers.h"
#include "vmm/host/lvm_snapshot.h"
#include "vmm/machine/parts.h"

_Static_assert(MACHINE_VOLUME_PATH_BYTES >= LVM_PATH_BYTES, "a volume's path fits a disk's");

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
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < config->nr_disks; i++) {
		if (config->disks[i].lvm_name)
			rc = find_volume(machine, config, i);
	}
	return rc;
}
