/* virtio-net: a network interface (virtio 1.2, 5.1). */
#ifndef VIRTIO_DEV_NET_H
#define VIRTIO_DEV_NET_H

#include "virtio/backend/bucket.h"
#include "virtio/backend/net.h"
#include "virtio/core/device.h"
#include "vmm/core/loop.h"

#define NET_MAC_BYTES 6
/* Of `mtu` in the configuration: what IPv4 asks for at least, and what an IP packet holds at most. */
#define NET_MIN_MTU 68
#define NET_MAX_MTU 65535

/* Of one direction, for all queue pairs together. A frame counts with its Ethernet header and as one packet, however
 * many segments will be made of it. */
struct net_limits {
	struct bucket_rate bytes;
	struct bucket_rate packets;
};

struct net_config {
	struct net_backend *backend; /* opened, not attached; stays the caller's, who closes it after net_destroy() */
	struct loop *const *loops; /* one a queue pair; the array is copied. Control requests come on the first */
	unsigned int nr_pairs; /* 1 to net_backend_nr_pairs() */
	uint8_t mac[NET_MAC_BYTES]; /* unicast */
	uint16_t mtu; /* shown to the driver, NET_MIN_MTU at least; 0: none is */
	struct net_limits in; /* frames to the guest */
	struct net_limits out; /* frames from it */
	bool vhost; /* the kernel moves the frames: needs /dev/vhost-net and a tap, and knows no limits */
};

/* Attaches the backend to the loops and makes the device, whose features say what the backend can do. -EINVAL for a
 * number out of range, or limits together with vhost; -ENOMEM, or the errno of net_backend_attach(); with vhost also
 * the errno of opening /dev/vhost-net, and -ENOTSUP if the backend is not for it (logged). Control thread. */
__attribute__((warn_unused_result)) int net_create(const struct net_config *config, struct virtio_device **out);

/* Resets the device and detaches the backend. NULL is fine. Control thread. */
void net_destroy(struct virtio_device *dev);

#endif
