/* Where a network device's frames go and come from: opened early, then attached to the device's loops.
 *
 * Theory of operation. A backend is a `struct net_backend` with a const table of operations. It has one or more pairs,
 * each an independent way for frames in both directions, and each attached to a loop of its own. Frames are moved by
 * the caller's memory: the device receives straight into guest buffers and transmits straight from them. Each frame is
 * preceded by the header of virtio 1.2, 5.1.6, twelve bytes in any case (NET_HEADER_BYTES); what a backend's offloads
 * do not name, it neither sends up nor takes.
 *
 * Which thread: opening, closing, attaching and detaching happen on the control thread; what has a `pair` runs on that
 * pair's loop; the rest, and the link's events, on the loop of pair 0. */
#ifndef VIRTIO_BACKEND_NET_H
#define VIRTIO_BACKEND_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/core/loop.h"

#define NET_MAX_PAIRS 16
#define NET_HEADER_BYTES 12
/* The longest frame: an IP packet of 65535 bytes in an Ethernet frame, with what may be around it:
 * virtio 1.2, 5.1.6.3.1, has the driver provide for 65562 bytes with the header, and a tap takes so many without it. */
#define NET_MAX_FRAME_BYTES 65562
/* Segments of one frame that every backend takes: IOV_MAX, but for one that the backend may need itself. */
#define NET_MAX_SEGMENTS 1023

/* What one side may leave to the other; bits of a mask. */
enum net_offload {
	NET_OFFLOAD_CSUM = 1 << 0, /* a transport checksum, left to be computed; all that follow need it */
	NET_OFFLOAD_TSO4 = 1 << 1, /* TCP segments larger than the MTU, over IPv4 */
	NET_OFFLOAD_TSO6 = 1 << 2,
	NET_OFFLOAD_ECN = 1 << 3, /* such segments with ECN bits in them */
	NET_OFFLOAD_UFO = 1 << 4, /* UDP datagrams to be fragmented */
	NET_OFFLOAD_USO4 = 1 << 5, /* UDP segments */
	NET_OFFLOAD_USO6 = 1 << 6,
};

struct net_backend;

/* Opened backends: net_tap.h, net_stream.h. Closes one that is not attached; NULL is fine. */
void net_backend_close(struct net_backend *backend);
/* For --verbose and errors: "tap0 (tap, 2 queues)". */
const char *net_backend_description(const struct net_backend *backend);
unsigned int net_backend_nr_pairs(const struct net_backend *backend); /* how many it can run at once */

/* What the backend tells its owner, who made it and may mend it. On the loop of pair 0. */
struct net_owner_ops {
	/* The link went up or down. May be NULL. */
	void (*link)(void *arg, bool up);
	/* The descriptors are of no use any more: the peer has closed the stream, the interface was removed. The link
	 * is down until net_tap_reconnect() or net_stream_reconnect(), which may be called from here. May be NULL. */
	void (*lost)(void *arg);
};
/* Before the backend is attached; `ops` stays the caller's. Control thread. */
void net_backend_set_owner(struct net_backend *backend, const struct net_owner_ops *ops, void *arg);

/* --- What follows is the device's. --- */

/* What the backend tells the device. */
struct net_user_ops {
	void (*readable)(void *arg, unsigned int pair); /* frames wait; reading is on. The pair's loop. */
	void (*writable)(void *arg, unsigned int pair); /* there is room again, after a short net_backend_transmit() */
	void (*link)(void *arg, bool up); /* it has changed. Loop of pair 0. */
};

/* Gives each pair to the loop of the same index, and those beyond `nr`, which nobody will use, to the first. All are
 * inactive, reading is off, no offloads are on. 0 or a negative errno, logged. Control thread. */
__attribute__((warn_unused_result)) int net_backend_attach(struct net_backend *backend, struct loop *const *loops,
							   unsigned int nr, const struct net_user_ops *ops, void *arg);
/* Takes the backend back; no callback runs any more. Nothing happens if it is not attached. Control thread. */
void net_backend_detach(struct net_backend *backend);

/* Masks of enum net_offload: what the device may leave to the backend, and the other way round at most. Constant. */
unsigned int net_backend_tx_offloads(const struct net_backend *backend);
unsigned int net_backend_rx_offloads(const struct net_backend *backend);
/* What the backend may leave to the device from now on. What waited may still have more. 0 or a negative errno. */
__attribute__((warn_unused_result)) int net_backend_set_offloads(struct net_backend *backend, unsigned int offloads);

/* Whether frames can go. Any thread. */
bool net_backend_link_up(const struct net_backend *backend);

/* Starts or stops the pair's traffic; one that is stopped gets no frames, its reading is off, and what it transmits is
 * dropped. 0 or a negative errno. */
__attribute__((warn_unused_result)) int net_backend_set_active(struct net_backend *backend, unsigned int pair,
							       bool active);
/* Throws away what has waited in the pair. */
void net_backend_flush(struct net_backend *backend, unsigned int pair);

/* Turns the `readable` callback on or off; it comes again as long as frames wait. */
void net_backend_set_reading(struct net_backend *backend, unsigned int pair, bool on);

/* Receives one frame, header first, into segments that hold NET_HEADER_BYTES + NET_MAX_FRAME_BYTES at least. Its
 * length with the header; -EAGAIN if none waits; another negative errno if the pair is of no use now. */
__attribute__((warn_unused_result)) int net_backend_receive(struct net_backend *backend, unsigned int pair,
							    const struct iovec *iov, unsigned int nr_iov);

/* Memory for one frame with its header, NET_HEADER_BYTES + NET_MAX_FRAME_BYTES, and how much of it was received; 0:
 * there is none. */
struct net_slot {
	uint8_t *bytes;
	uint32_t nr_bytes;
};
#define NET_MAX_SLOTS 64
/* Has the kernel hold on to the memory of all of the pair's slots, where that makes receiving cheaper: worth it under
 * load. The memory must stay mapped until the last frame has been received. Calls after the first cost little. */
void net_backend_hold_slots(struct net_backend *backend, unsigned int pair, void *memory, size_t nr_bytes);
/* Receives up to `nr` frames, at most NET_MAX_SLOTS, in order; between them slots may stay empty. The number of frames.
 * Fewer than `nr`: no more wait, or the pair is of no use now. */
__attribute__((warn_unused_result)) unsigned int net_backend_receive_many(struct net_backend *backend,
									  unsigned int pair, struct net_slot *slots,
									  unsigned int nr);

/* A frame to transmit. */
struct net_frame {
	const struct iovec *iov; /* the first segment begins with all of the header */
	unsigned int nr_iov; /* at most NET_MAX_SEGMENTS */
	uint32_t nr_bytes; /* in all segments, NET_HEADER_BYTES + NET_MAX_FRAME_BYTES at most */
};
/* Transmits up to `nr` frames, in order but for those that find no room. The number that is done with: sent, or dropped
 * because they can't be. Fewer than `nr`: there is no room, and `writable` will come once; the next call begins with
 * the rest, unchanged. Frames are done with, and their memory the caller's, as soon as this returns. */
__attribute__((warn_unused_result)) unsigned int net_backend_transmit(struct net_backend *backend, unsigned int pair,
								      const struct net_frame *frames, unsigned int nr);

/* The pair's descriptor for the kernel's vhost-net, or -1 if the backend has none that it takes. */
int net_backend_vhost_fd(const struct net_backend *backend, unsigned int pair);

#endif
