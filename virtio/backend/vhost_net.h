/* The kernel's vhost-net: it moves the frames of one queue pair between the driver's rings and a tap (linux/vhost.h).
 *
 * Not thread-safe; each belongs to the loop of its pair. */
#ifndef VIRTIO_BACKEND_VHOST_NET_H
#define VIRTIO_BACKEND_VHOST_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/memory.h"

#define VHOST_NET_PATH "/dev/vhost-net"

struct vhost_net;

/* Opens an instance of its own; `path` is VHOST_NET_PATH but in tests. -EACCES, -ENOENT or another errno of open(2) or
 * ioctl(2); logged. Control thread. */
__attribute__((warn_unused_result)) int vhost_net_open(const char *path, struct vhost_net **out);
/* NULL is fine. */
void vhost_net_close(struct vhost_net *vhost);

/* The features that the kernel knows, as bits of virtio's; only some concern it: see vhost_net_concerns(). */
uint64_t vhost_net_features(const struct vhost_net *vhost);
/* Features that can't be negotiated unless the kernel has them: those of rings, and merged receive buffers. */
uint64_t vhost_net_concerns(void);

/* One ring as the driver has set it up. */
struct vhost_net_ring {
	uint16_t size;
	gpa_t desc;
	gpa_t avail;
	gpa_t used;
	int kick_fd; /* an eventfd that the driver's notifications signal */
	int call_fd; /* an eventfd that the kernel signals for an interrupt */
	int error_fd; /* an eventfd that it signals when the ring breaks a rule; -1: none */
};

/* Lets the kernel move frames between the rings, receive and transmit, and the tap, from their beginning. `features`
 * are the negotiated ones. 0, -EFAULT (a ring outside guest memory), or the errno of ioctl(2); then nothing runs. */
__attribute__((warn_unused_result)) int vhost_net_start(struct vhost_net *vhost, const struct guest_memory *memory,
							uint64_t features, const struct vhost_net_ring rings[2],
							int tap_fd);
/* Interrupts of ring 0 or 1 go to another eventfd from now on. 0 or the errno of ioctl(2). */
__attribute__((warn_unused_result)) int vhost_net_set_call(struct vhost_net *vhost, unsigned int ring, int call_fd);
/* Another tap from now on; the rings go on where they are. -1: none, and frames wait. 0 or the errno of ioctl(2). */
__attribute__((warn_unused_result)) int vhost_net_set_tap(struct vhost_net *vhost, int tap_fd);
/* Whether it was started and not stopped, with a tap or none. */
bool vhost_net_is_running(const struct vhost_net *vhost);
/* The kernel touches guest memory no more. Nothing happens if it is not running. */
void vhost_net_stop(struct vhost_net *vhost);

#endif
