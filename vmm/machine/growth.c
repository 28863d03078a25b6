/* When to look whether a disk has grown: the kernel says that its device has changed, or somebody asks. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "virtio/dev/blk.h"
#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"
#include "vmm/machine/uevent.h"

/* The kernel's messages are at most 2 KiB and a path long. */
#define MESSAGE_BYTES 8192
/* Messages in one turn of the control loop, which has a console to serve as well. */
#define MESSAGES_A_TURN 64

static struct machine *machine_of(struct machine_growth *growth)
{
	return container_of(growth, struct machine, growth);
}

static void refresh_all(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_disks; i++)
		blk_refresh(machine->disks[i].device);
}

static void refresh_device(struct machine *machine, dev_t device)
{
	for (unsigned int i = 0; i < machine->nr_disks; i++) {
		if (machine->disks[i].device_number == device)
			blk_refresh(machine->disks[i].device);
	}
}

static void on_asked(struct loop_event *event)
{
	refresh_all(machine_of(container_of(event, struct machine_growth, asked)));
}

static void on_uevent(struct loop_poll *poll, uint32_t revents)
{
	struct machine_growth *growth = container_of(poll, struct machine_growth, uevents);
	char message[MESSAGE_BYTES];
	dev_t device;

	(void)revents;
	for (unsigned int i = 0; i < MESSAGES_A_TURN; i++) {
		ssize_t n = uevent_receive(poll->fd, message, sizeof(message));

		if (n == -ENOBUFS) {
			refresh_all(machine_of(growth));
		} else if (n < 0) {
			if (n != -EAGAIN && n != -EINTR) {
				log_debug("no more messages about disks from the kernel: %s", strerror((int)-n));
				loop_poll_update(machine_of(growth)->control, poll, 0);
			}
			return;
		} else if (uevent_is_disk_change(message, (size_t)n, &device)) {
			refresh_device(machine_of(growth), device);
		}
	}
}

static bool has_device(const struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_disks; i++) {
		if (machine->disks[i].device_number != 0)
			return true;
	}
	return false;
}

/* Without the kernel's messages the user can still ask, so there is no error. */
static void listen_to_kernel(struct machine *machine)
{
	struct loop_poll *poll = &machine->growth.uevents;
	int rc = uevent_open();

	if (rc >= 0) {
		poll->fd = rc;
		poll->events = POLLIN;
		poll->handler = on_uevent;
		rc = loop_poll_add(machine->control, poll);
	}
	if (rc < 0) {
		log_debug("no messages about disks from the kernel: %s", strerror(-rc));
		fd_close(&poll->fd);
	}
}

int machine_growth_init(struct machine *machine)
{
	struct machine_growth *growth = &machine->growth;
	int rc = fd_eventfd();

	if (rc >= 0) {
		growth->asked.fd = rc;
		growth->asked.handler = on_asked;
		rc = loop_event_add(machine->control, &growth->asked);
	}
	if (rc < 0) {
		log_error("cannot wait for disks to grow: %s", strerror(-rc));
		return rc;
	}
	if (has_device(machine))
		listen_to_kernel(machine);
	return 0;
}

void machine_growth_fini(struct machine *machine)
{
	struct machine_growth *growth = &machine->growth;

	if (!machine->control)
		return;
	loop_poll_remove(machine->control, &growth->uevents);
	loop_event_remove(machine->control, &growth->asked);
	fd_close(&growth->uevents.fd);
	fd_close(&growth->asked.fd);
}

void machine_refresh(struct machine *machine)
{
	fd_eventfd_signal(machine->growth.asked.fd);
}
