/* What is asked and told of a tap by ioctl(2) (Linux, drivers/net/tun.c and tap.c). */
#ifndef VIRTIO_BACKEND_NET_TAP_IOCTL_H
#define VIRTIO_BACKEND_NET_TAP_IOCTL_H

#include <net/if.h>
#include <stdbool.h>

/* What a descriptor is attached to. */
struct tap_identity {
	char name[IFNAMSIZ];
	int ifindex; /* 0: in another network namespace */
	bool up; /* IFF_UP, as far as it is known */
};

/* Checks that the descriptor is a tap's as the backend needs it, makes it non-blocking and sets the size of its header.
 * 0, -EINVAL (not such a one, or not the interface `identity` says unless that is empty), or the errno of ioctl(2) or
 * fcntl(2); logged. */
__attribute__((warn_unused_result)) int tap_prepare(int fd, bool is_one_of_many, struct tap_identity *identity);

/* The offloads, of enum net_offload, that the interface can be asked to leave to us; it takes the same from us. Turns
 * all off. */
unsigned int tap_probe_offloads(int fd);
/* 0 or a negative errno. */
__attribute__((warn_unused_result)) int tap_set_offloads(int fd, unsigned int offloads);

/* Attaches one queue of many to its interface, or detaches it. 0 or a negative errno. */
__attribute__((warn_unused_result)) int tap_set_attached(int fd, bool attached);

#endif
