/* A tap or macvtap interface of the host as a backend: one descriptor a pair, each a queue of the interface.
 *
 * The header goes to and from the kernel as the guest made it or will read it, so the kernel does all offloads. The
 * link is up while the interface is (IFF_UP); an interface in a network namespace other than ours counts as up until it
 * is removed. */
#ifndef VIRTIO_BACKEND_NET_TAP_H
#define VIRTIO_BACKEND_NET_TAP_H

#include "virtio/backend/net.h"

/* Makes a backend of `nr` descriptors (1 to NET_MAX_PAIRS) of one interface, each opened with IFF_TAP, IFF_NO_PI and
 * IFF_VNET_HDR, and with IFF_MULTI_QUEUE if there are several; sets their header size, and makes them non-blocking.
 * On success they belong to the backend. -EINVAL: not such descriptors, -ENOMEM, or the errno of ioctl(2); logged.
 * Control thread. */
__attribute__((warn_unused_result)) int net_tap_open(const int *fds, unsigned int nr, struct net_backend **out);

/* New descriptors, as many as before, for an interface that was removed and is back, or for another in its place. They
 * take over the state of the old, which are closed, and the link goes up if the interface is. 0, or as net_tap_open(),
 * with the descriptors still the caller's. Any thread; waits for the backend's loops. */
__attribute__((warn_unused_result)) int net_tap_reconnect(struct net_backend *backend, const int *fds, unsigned int nr);

#endif
