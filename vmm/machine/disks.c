#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "virtio/dev/blk.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

/* Submissions that one turn of a disk's loop can prepare: more than a virtqueue's usual batch. */
#define DISK_RING_ENTRIES 128

static int open_disk(struct machine *machine, const struct machine_disk *config, unsigned int index)
{
	struct machine_disk_part *disk = &machine->disks[index];
	struct loop_config loop = { .engine = config->engine, .nr_entries = DISK_RING_ENTRIES };
	struct blk_config blk = { .serial = config->serial, .nr_queues = config->nr_queues };
	char name[16];
	int rc;

	rc = block_open(&config->block, &disk->block);
	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "disk%u", index);
	loop.name = name;
	rc = loop_create(&loop, &disk->loop);
	if (rc < 0)
		return rc;
	blk.block = disk->block;
	blk.loop = disk->loop;
	rc = blk_create(&blk, &disk->device);
	if (rc < 0) {
		log_error("cannot make a virtio disk of '%s': %s", config->block.path, strerror(-rc));
		return rc;
	}
	log_info("disk vd%c: %s, %llu MiB, engine %s, %u queue%s", 'a' + index, block_description(disk->block),
		 (unsigned long long)(block_geometry(disk->block)->size_bytes >> 20), loop_engine_name(disk->loop),
		 config->nr_queues, config->nr_queues == 1 ? "" : "s");
	return machine_plug(machine, disk->device, &disk->pci);
}

int machine_disks_init(struct machine *machine, const struct machine_config *config)
{
	for (unsigned int i = 0; i < config->nr_disks; i++) {
		int rc;

		machine->nr_disks++;
		rc = open_disk(machine, &config->disks[i], i);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int machine_disks_start(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_disks; i++) {
		struct machine_disk_part *disk = &machine->disks[i];
		int rc = loop_start(disk->loop);

		if (rc < 0) {
			log_error("cannot start the thread of disk vd%c: %s", 'a' + i, strerror(-rc));
			return rc;
		}
		disk->running = true;
	}
	return 0;
}

static void close_disk(struct machine_disk_part *disk)
{
	/* The reset drains on the disk's own thread, so the thread ends after it. */
	if (disk->pci)
		virtio_pci_destroy(disk->pci);
	if (disk->running) {
		loop_stop(disk->loop);
		loop_join(disk->loop);
	}
	if (disk->device)
		blk_destroy(disk->device);
	if (disk->loop)
		loop_destroy(disk->loop);
	if (disk->block)
		block_close(disk->block);
	*disk = (struct machine_disk_part){ 0 };
}

void machine_disks_fini(struct machine *machine)
{
	while (machine->nr_disks > 0)
		close_disk(&machine->disks[--machine->nr_disks]);
}
