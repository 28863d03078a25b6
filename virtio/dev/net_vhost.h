/* A queue pair whose frames the kernel moves.
 *
 * The driver's kicks go to the kernel directly, and its interrupts come from there by the eventfd of the queue's MSI-X
 * vector. Where there is none they go by way of the pair's loop, which raises them like any device's. Frames are
 * not filtered: more may reach the driver than it asked for, which it must bear (virtio 1.2, 5.1.6.5.1). */
#ifndef VIRTIO_DEV_NET_VHOST_H
#define VIRTIO_DEV_NET_VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/vhost_net.h"
#include "virtio/core/device.h"
#include "vmm/core/loop.h"

/* Embedded in the pair; zero is "not used". All on the pair's loop but open and close. */
struct net_vhost {
	struct vhost_net *kernel; /* NULL: not used */
	struct virtio_device *dev;
	struct loop *loop;
	unsigned int first_queue;
	uint64_t features;
	bool ready; /* the driver has set up both queues */
	struct vhost_net_ring rings[2];
	struct loop_event calls[2]; /* interrupts that the loop raises, for the receive and the transmit queue */
	struct loop_event error;
};

/* As vhost_net_open(). Control thread. */
__attribute__((warn_unused_result)) int net_vhost_open(struct net_vhost *vhost);
/* Takes a zeroed one too. Control thread. */
void net_vhost_close(struct net_vhost *vhost);

/* Takes what the driver has set up of the pair's two queues, of which `first_queue` is the first. A pair with only one
 * of them never runs. 0 or the errno of eventfd(2) or loop_event_add(); then net_vhost_forget() is still due. */
__attribute__((warn_unused_result)) int net_vhost_prepare(struct net_vhost *vhost, struct virtio_device *dev,
							  struct loop *loop, unsigned int first_queue,
							  const struct virtio_queue_setup setups[2], uint64_t features);
/* Runs the pair on this tap, or on another if it runs. 0, or as vhost_net_start(). */
__attribute__((warn_unused_result)) int net_vhost_run(struct net_vhost *vhost, int tap_fd);
/* The driver gave one of the two queues, 0 or 1, another interrupt. */
void net_vhost_interrupt_moved(struct net_vhost *vhost, unsigned int which);
/* Frames wait until net_vhost_run(). */
void net_vhost_pause(struct net_vhost *vhost);
/* The kernel lets go of guest memory. */
void net_vhost_forget(struct net_vhost *vhost);

#endif
