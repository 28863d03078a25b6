#include "virtio/dev/net_tx.h"

#include "virtio/dev/net_config.h"
#include "virtio/dev/net_rx.h"
#include "vmm/base/container_of.h"

/* Batches of one turn of the loop; the driver gets its chains back after each turn. */
#define TURN_MAX_BATCHES 2
/* Ethernet's two addresses and type. */
#define MIN_FRAME_BYTES 14

_Static_assert(NET_TX_MAX_SEGMENTS > NET_CHAIN_MAX_SEGMENTS + 1, "a chain of any shape fits");
_Static_assert(NET_CHAIN_MAX_SEGMENTS + 1 <= NET_MAX_SEGMENTS, "a backend takes every chain");

/* Makes a frame of the chain, whose segments leave room for one before them. False if it is to be dropped. */
static bool make_frame(const struct net_tx *tx, struct cursor *data, struct net_tx_copy *copy, struct net_frame *frame)
{
	struct virtio_net_header *header = &copy->header;
	size_t nr_copied = sizeof(*header);
	unsigned int offloads;

	if (cursor_read(data, header, sizeof(*header)) != sizeof(*header))
		return false;
	if (data->nr_bytes < MIN_FRAME_BYTES || data->nr_bytes > NET_MAX_FRAME_BYTES)
		return false;
	/* Flags that are for the other direction, or of later versions, mean nothing (5.1.6.2.2). */
	header->flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->num_buffers = le16_make(0);
	if (!net_header_offloads(header, &offloads) || (offloads & ~tx->offloads))
		return false;
	/* A second segment costs the kernel far more than it takes to copy a small frame. */
	if (data->nr_bytes <= sizeof(copy->frame))
		nr_copied += cursor_read(data, copy->frame, data->nr_bytes);
	data->iov[-1] = (struct iovec){ copy, nr_copied };
	*frame = (struct net_frame){
		.iov = data->iov - 1,
		/* Pages of a file often adjoin, and each segment costs the kernel more than this. */
		.nr_iov = iov_append(data->iov, 0, data->iov, data->nr_iov) + 1,
		.nr_bytes = (uint32_t)(data->nr_bytes + nr_copied),
	};
	return true;
}

/* Pops chains until the batch is full or none is left. Sets *wait_ns if it is the limit that ends it. */
static void gather(struct net_tx *tx, uint64_t *wait_ns)
{
	unsigned int nr_iov = 0;

	tx->first = 0;
	tx->nr = 0;
	*wait_ns = 0;
	while (tx->nr < NET_TX_BATCH && nr_iov + 1 + NET_CHAIN_MAX_SEGMENTS <= NET_TX_MAX_SEGMENTS) {
		struct virtq_chain chain = { .iov = &tx->iov[nr_iov + 1], .max_iov = NET_CHAIN_MAX_SEGMENTS };
		struct net_frame *frame = &tx->frames[tx->nr];

		*wait_ns = net_limit_wait_ns(tx->limit);
		if (*wait_ns > 0 || !virtio_queue_pop(&tx->queue, &chain))
			return;
		if (!make_frame(tx, &chain.readable, &tx->copies[tx->nr], frame)) {
			virtio_queue_push(&tx->queue, chain.head, 0);
			continue;
		}
		net_limit_take(tx->limit, frame->nr_bytes - NET_HEADER_BYTES);
		nr_iov = (unsigned int)(frame->iov + frame->nr_iov - tx->iov);
		tx->heads[tx->nr++] = chain.head;
	}
}

/* Whether all of the batch is done with. */
static bool send_batch(struct net_tx *tx)
{
	unsigned int nr = tx->nr - tx->first;
	unsigned int done = net_backend_transmit(tx->backend, tx->pair, &tx->frames[tx->first], nr);

	for (unsigned int i = 0; i < done; i++)
		virtio_queue_push(&tx->queue, tx->heads[tx->first + i], 0);
	tx->first += done;
	return done == nr;
}

static enum virtio_queue_next handle(struct virtio_queue *queue)
{
	struct net_tx *tx = (struct net_tx *)queue;
	uint64_t wait_ns;

	if (!tx->active)
		return VIRTIO_QUEUE_BLOCKED;
	if (tx->first < tx->nr && !send_batch(tx))
		return VIRTIO_QUEUE_BLOCKED;
	for (unsigned int i = 0; i < TURN_MAX_BATCHES; i++) {
		gather(tx, &wait_ns);
		if (tx->nr > 0 && !send_batch(tx))
			return VIRTIO_QUEUE_BLOCKED;
		if (wait_ns > 0) {
			loop_timer_set(&tx->timer, wait_ns);
			return VIRTIO_QUEUE_BLOCKED;
		}
		if (tx->nr == 0)
			return VIRTIO_QUEUE_DRY;
	}
	return VIRTIO_QUEUE_AGAIN;
}

void net_tx_writable(struct net_tx *tx)
{
	virtio_queue_run(&tx->queue);
}

static void on_timer(struct loop_timer *timer)
{
	virtio_queue_run(&container_of(timer, struct net_tx, timer)->queue);
}

void net_tx_set_active(struct net_tx *tx, bool active)
{
	tx->active = active;
	if (active)
		virtio_queue_run(&tx->queue);
}

int net_tx_start(struct net_tx *tx, struct virtio_device *dev, unsigned int index, struct loop *loop,
		 const struct virtio_queue_setup *setup, uint64_t features)
{
	int rc;

	tx->active = false;
	tx->offloads = net_config_tx_offloads(features);
	tx->first = 0;
	tx->nr = 0;
	rc = tx->limit->limits ? loop_timer_init(&tx->timer, loop, on_timer) : 0;
	if (rc == 0)
		rc = virtio_queue_start(&tx->queue, dev, index, loop, setup, features, handle);
	if (rc < 0)
		net_tx_stop(tx);
	return rc;
}

void net_tx_stop(struct net_tx *tx)
{
	virtio_queue_stop(&tx->queue);
	loop_timer_fini(&tx->timer);
	tx->active = false;
	tx->first = 0;
	tx->nr = 0;
}
