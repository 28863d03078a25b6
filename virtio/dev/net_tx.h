/* Frames from the driver (virtio 1.2, 5.1.6.2).
 *
 * Theory of operation. The chains that wait become a batch: of each the header is copied out and judged, and it is this
 * copy that the backend gets, whatever the driver writes meanwhile. A small frame is copied behind its header, which is
 * cheaper for the backend than another segment; a larger one stays where it is in guest memory. The batch goes to the
 * backend in order. What it has no room for waits, popped, until it says that it has; that is the back-pressure, since
 * the driver's ring fills behind it. A frame that makes no sense, or asks for what was not negotiated, is dropped. All
 * on the pair's loop. */
#ifndef VIRTIO_DEV_NET_TX_H
#define VIRTIO_DEV_NET_TX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "virtio/backend/net.h"
#include "virtio/core/queue.h"
#include "virtio/dev/net_abi.h"
#include "virtio/dev/net_limit.h"
#include "vmm/core/loop_timer.h"

/* Frames of a batch, and segments of them all: one chain of any shape fits, or a full batch of the usual. */
#define NET_TX_BATCH 64
#define NET_TX_MAX_SEGMENTS 1536
/* The largest frame that is copied behind its header. */
#define NET_TX_COPY_BYTES (256 - NET_HEADER_BYTES)

/* What of a frame is copied out of guest memory: its header, and all of it if it is small. */
struct net_tx_copy {
	struct virtio_net_header header;
	uint8_t frame[NET_TX_COPY_BYTES];
};

struct net_tx {
	struct virtio_queue queue; /* first: the handler finds this by it */
	struct net_backend *backend;
	struct net_limit *limit;
	struct loop_timer timer; /* not there without limits */
	unsigned int pair;
	bool active;
	unsigned int offloads; /* that the driver may use */
	/* The batch, of which `first` and on still wait. */
	unsigned int first, nr;
	uint16_t heads[NET_TX_BATCH];
	struct net_frame frames[NET_TX_BATCH];
	struct net_tx_copy copies[NET_TX_BATCH];
	struct iovec iov[NET_TX_MAX_SEGMENTS];
};

/* Starts an inactive queue with these features of the driver. `backend`, `pair`, `limit` are set. 0, or the errno of
 * virtio_queue_start() or loop_timer_init(). */
__attribute__((warn_unused_result)) int net_tx_start(struct net_tx *tx, struct virtio_device *dev, unsigned int index,
						     struct loop *loop, const struct virtio_queue_setup *setup,
						     uint64_t features);
/* Nothing is in flight when it returns. Takes one that was not started. */
void net_tx_stop(struct net_tx *tx);

/* From now on chains are taken, or not any more. */
void net_tx_set_active(struct net_tx *tx, bool active);
/* The backend has room again. */
void net_tx_writable(struct net_tx *tx);

#endif
