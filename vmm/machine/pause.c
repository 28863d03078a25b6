/* The policy error=pause: while a disk holds requests that its host failed, no vCPU runs. */
#include <errno.h>
#include <string.h>

#include "vmm/base/container_of.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

static const char *advice(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
		return "make room";
	case -EROFS:
	case -EACCES:
	case -EPERM:
		return "make it writable";
	default:
		return "see to the disk";
	}
}

/* On the control loop: the vCPUs' state follows the number of troubled disks, however often it changed meanwhile. */
static void follow(struct loop_post *post)
{
	struct machine *machine = container_of(post, struct machine, pause.changed);
	bool wanted = atomic_load(&machine->pause.nr_troubled) > 0;

	if (wanted == machine->pause.paused)
		return;
	machine->pause.paused = wanted;
	if (wanted) {
		machine_cpus_pause(machine);
	} else {
		log_warn("no failed disk request is left: the VM goes on");
		machine_cpus_resume(machine);
	}
}

static void trouble_began(void *arg, const struct blk_trouble *trouble)
{
	const struct machine_disk_part *disk = arg;
	struct machine *machine = disk->machine;

	atomic_fetch_add(&machine->pause.nr_troubled, 1);
	loop_post(machine->control, &machine->pause.changed);
	log_error("disk vd%c, %s: %s of %llu bytes at %llu failed: %s; the VM is paused until it succeeds: %s (it is "
		  "tried again every second; SIGTERM ends the VM)",
		  'a' + disk->index, block_description(disk->block), trouble->operation,
		  (unsigned long long)trouble->length, (unsigned long long)trouble->offset, strerror(-trouble->error),
		  advice(trouble->error));
}

static void trouble_ended(void *arg)
{
	const struct machine_disk_part *disk = arg;

	atomic_fetch_sub(&disk->machine->pause.nr_troubled, 1);
	loop_post(disk->machine->control, &disk->machine->pause.changed);
}

const struct blk_trouble_ops machine_pause_on_trouble = { .began = trouble_began, .ended = trouble_ended };

void machine_pause_init(struct machine *machine)
{
	machine->pause.changed.call = follow;
}

bool machine_is_troubled(struct machine *machine)
{
	return atomic_load(&machine->pause.nr_troubled) > 0;
}
