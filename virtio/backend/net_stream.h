/* A stream socket as a backend: each frame goes as its length, four bytes in network order, and then its bytes, without
 * a header. This is what passt(1) speaks (--socket, --fd), and QEMU's `-netdev stream`.
 *
 * One pair, no offloads. The link is up while the peer holds its end. */
#ifndef VIRTIO_BACKEND_NET_STREAM_H
#define VIRTIO_BACKEND_NET_STREAM_H

#include "virtio/backend/net.h"

/* Makes a backend of a connected stream socket, which it makes non-blocking. On success the descriptor belongs to the
 * backend. `description` is copied: "passt". -EINVAL: not a stream socket, -ENOMEM; logged. Control thread. */
__attribute__((warn_unused_result)) int net_stream_open(int fd, const char *description, struct net_backend **out);

/* A new socket for a backend whose peer is gone, or instead of its old one, which is closed with what was on its way.
 * The link goes up, and the driver is asked to announce itself. 0 or -EINVAL, with the descriptor still the caller's.
 * Any thread; waits for the backend's loop. */
__attribute__((warn_unused_result)) int net_stream_reconnect(struct net_backend *backend, int fd);

#endif
