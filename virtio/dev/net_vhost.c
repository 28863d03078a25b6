#include "virtio/dev/net_vhost.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

int net_vhost_open(struct net_vhost *vhost)
{
	return vhost_net_open(VHOST_NET_PATH, &vhost->kernel);
}

void net_vhost_close(struct net_vhost *vhost)
{
	vhost_net_close(vhost->kernel);
	vhost->kernel = NULL;
}

static void on_receive_call(struct loop_event *event)
{
	struct net_vhost *vhost = container_of(event, struct net_vhost, calls[0]);

	virtio_notify_queue(vhost->dev, vhost->first_queue);
}

static void on_transmit_call(struct loop_event *event)
{
	struct net_vhost *vhost = container_of(event, struct net_vhost, calls[1]);

	virtio_notify_queue(vhost->dev, vhost->first_queue + 1);
}

static void on_error(struct loop_event *event)
{
	struct net_vhost *vhost = container_of(event, struct net_vhost, error);

	log_guest("%s: queue %u or %u: a ring breaks a rule; the device waits for a reset", vhost->dev->name,
		  vhost->first_queue, vhost->first_queue + 1);
	vhost_net_stop(vhost->kernel);
	vhost->ready = false;
	virtio_needs_reset(vhost->dev);
}

static int add_event(struct net_vhost *vhost, struct loop_event *event, void (*handler)(struct loop_event *event))
{
	int rc = fd_eventfd();

	*event = (struct loop_event){ .fd = rc, .handler = handler };
	if (rc >= 0) {
		rc = loop_event_add(vhost->loop, event);
		if (rc < 0)
			fd_close(&event->fd);
	}
	return rc;
}

static void remove_event(struct net_vhost *vhost, struct loop_event *event)
{
	if (!event->handler)
		return;
	if (event->fd >= 0)
		loop_event_remove(vhost->loop, event);
	fd_close(&event->fd);
	event->handler = NULL;
}

int net_vhost_prepare(struct net_vhost *vhost, struct virtio_device *dev, struct loop *loop, unsigned int first_queue,
		      const struct virtio_queue_setup setups[2], uint64_t features)
{
	int rc;

	vhost->dev = dev;
	vhost->loop = loop;
	vhost->first_queue = first_queue;
	vhost->features = features;
	vhost->ready = false;
	if (!setups[0].enabled || !setups[1].enabled)
		return 0;
	if (setups[0].config.size > dev->queue_max_size || setups[1].config.size > dev->queue_max_size)
		return -EINVAL;
	rc = add_event(vhost, &vhost->calls[0], on_receive_call);
	if (rc >= 0)
		rc = add_event(vhost, &vhost->calls[1], on_transmit_call);
	if (rc >= 0)
		rc = add_event(vhost, &vhost->error, on_error);
	if (rc < 0)
		return rc;
	for (unsigned int i = 0; i < 2; i++)
		vhost->rings[i] = (struct vhost_net_ring){
			.size = setups[i].config.size,
			.desc = setups[i].config.desc,
			.avail = setups[i].config.avail,
			.used = setups[i].config.used,
			.kick_fd = setups[i].kick_fd,
			.error_fd = vhost->error.fd,
		};
	vhost->ready = true;
	return 0;
}

static int call_fd(struct net_vhost *vhost, unsigned int which)
{
	int fd = virtio_queue_interrupt_fd(vhost->dev, vhost->first_queue + which);

	return fd >= 0 ? fd : vhost->calls[which].fd;
}

void net_vhost_interrupt_moved(struct net_vhost *vhost, unsigned int which)
{
	int rc;

	if (!vhost->ready || !vhost_net_is_running(vhost->kernel))
		return;
	rc = vhost_net_set_call(vhost->kernel, which, call_fd(vhost, which));
	if (rc < 0)
		log_guest("%s: queue %u: vhost-net keeps its old interrupt: %s", vhost->dev->name,
			  vhost->first_queue + which, strerror(-rc));
}

int net_vhost_run(struct net_vhost *vhost, int tap_fd)
{
	if (!vhost->ready)
		return 0;
	if (vhost_net_is_running(vhost->kernel)) {
		/* The kernel takes a new one only where there is none. */
		net_vhost_pause(vhost);
		return vhost_net_set_tap(vhost->kernel, tap_fd);
	}
	for (unsigned int i = 0; i < 2; i++)
		vhost->rings[i].call_fd = call_fd(vhost, i);
	return vhost_net_start(vhost->kernel, vhost->dev->memory, vhost->features, vhost->rings, tap_fd);
}

void net_vhost_pause(struct net_vhost *vhost)
{
	if (vhost->ready && vhost_net_is_running(vhost->kernel))
		(void)!vhost_net_set_tap(vhost->kernel, -1);
}

void net_vhost_forget(struct net_vhost *vhost)
{
	if (!vhost->kernel)
		return;
	vhost_net_stop(vhost->kernel);
	remove_event(vhost, &vhost->calls[0]);
	remove_event(vhost, &vhost->calls[1]);
	remove_event(vhost, &vhost->error);
	vhost->ready = false;
}
