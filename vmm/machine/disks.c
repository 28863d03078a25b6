#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

/* Submissions that one turn of a disk's loop can prepare: more than a virtqueue's usual batch. */
#define DISK_RING_ENTRIES 128
/* How long a disk's loop looks for work, unless the user says it. A guest that waits in hlt for each request comes with
 * the next somewhat later than this: to look for it that long takes more from the CPUs than it gives the guest. */
#define DISK_POLL_US 40

/* The disk itself, with its limits on top. */
static int open_block(const struct machine_disk_part *disk, const struct machine_disk *config, struct block **out)
{
	const struct block_limits *limits = &config->limits;
	struct block_options options = config->block;
	int rc;

	if (config->lvm_name)
		options.path = disk->path;
	rc = block_open(&options, out);
	if (rc < 0 || (limits->bytes.per_second == 0 && limits->operations.per_second == 0))
		return rc;
	return block_limit_create(*out, limits, out);
}

static dev_t device_number(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

static int create_loop(const struct machine_config *machine, const struct machine_disk *disk, unsigned int index,
		       struct loop **out)
{
	char name[16];
	struct loop_config config = {
		.name = name,
		.engine = disk->engine,
		.nr_entries = DISK_RING_ENTRIES,
		.poll_us = disk->poll_us < 0 ? DISK_POLL_US : (unsigned int)disk->poll_us,
		.poll_spare = disk->poll_us < 0,
		/* Every vCPU, and the other disks' threads. */
		.nr_busy_cpus = machine->nr_cpus + machine->nr_disks - 1,
	};

	snprintf(name, sizeof(name), "disk%u", index);
	return loop_create(&config, out);
}

static int open_disk(struct machine *machine, const struct machine_config *config, unsigned int index)
{
	struct machine_disk_part *disk = &machine->disks[index];
	const struct machine_disk *asked = &config->disks[index];
	struct blk_config blk = { .serial = asked->serial, .nr_queues = asked->nr_queues };
	int rc;

	disk->machine = machine;
	disk->index = index;
	rc = open_block(disk, asked, &disk->block);
	if (rc < 0)
		return rc;
	disk->device_number = device_number(asked->lvm_name ? disk->path : asked->block.path);
	rc = create_loop(config, asked, index, &disk->loop);
	if (rc < 0)
		return rc;
	blk.block = disk->block;
	blk.loop = disk->loop;
	if (asked->pause_on_error) {
		blk.trouble_ops = &machine_pause_on_trouble;
		blk.trouble_arg = disk;
	}
	rc = blk_create(&blk, &disk->device);
	if (rc < 0) {
		log_error("cannot make a virtio disk of %s: %s", block_description(disk->block), strerror(-rc));
		return rc;
	}
	log_info("disk vd%c: %s, %llu MiB, engine %s, %u queue%s", 'a' + index, block_description(disk->block),
		 (unsigned long long)(block_geometry(disk->block)->size_bytes >> 20), loop_engine_name(disk->loop),
		 asked->nr_queues, asked->nr_queues == 1 ? "" : "s");
	return machine_plug(machine, disk->device, &disk->pci);
}

int machine_disks_init(struct machine *machine, const struct machine_config *config)
{
	for (unsigned int i = 0; i < config->nr_disks; i++) {
		int rc;

		machine->nr_disks++;
		rc = open_disk(machine, config, i);
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
