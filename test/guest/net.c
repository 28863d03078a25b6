#include "test/guest/net.h"

#include <stddef.h>

#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"
#include "test/guest/text.h"

#define POOL_PAGES 4608 /* 256 slots of the largest frame */
#define FLAT_PAGES 18
#define TX_SLOT_BYTES (17 * PAGE_BYTES)
#define CONTROL_SIZE 64
#define CONTROL_BYTES 4096
#define PATIENCE_CYCLES (UINT64_C(10) << 30) /* some seconds */

/* Taken once, since nothing is ever given back, and used by every NIC that is opened after another. */
static struct {
	uint8_t *rx, *tx, *flat, *control;
} memory;

static void take_memory(void)
{
	if (memory.rx != NULL)
		return;
	memory.rx = pages_alloc(POOL_PAGES);
	memory.tx = pages_alloc(POOL_PAGES);
	memory.flat = pages_alloc(FLAT_PAGES);
	memory.control = pages_alloc(CONTROL_BYTES / PAGE_BYTES);
}

bool net_negotiate(struct net *net, unsigned int n, uint64_t features)
{
	take_memory();
	*net = (struct net){ .flat = memory.flat, .max_pairs = 1 };
	if (!virtio_open(&net->dev, VIRTIO_ID_NET, n) || !virtio_negotiate(&net->dev, features | VIRTIO_F_VERSION_1))
		return false;
	if (net->dev.features & NET_F_MAC) {
		for (unsigned int i = 0; i < 6; i++)
			net->mac[i] = mmio_read8(net->dev.device + NET_CONFIG_MAC + i);
	}
	if (net->dev.features & NET_F_MQ)
		net->max_pairs = mmio_read16(net->dev.device + NET_CONFIG_MAX_PAIRS);
	return true;
}

/* A power of two, so that each head has a slot in `bytes` of memory. */
static uint16_t nr_slots(uint64_t bytes, uint32_t slot_bytes, uint16_t most)
{
	uint16_t nr = most;

	while (nr > 1 && (uint64_t)nr * slot_bytes > bytes)
		nr /= 2;
	return nr;
}

static bool open_queue(struct net *net, struct net_queue *queue, uint16_t index, uint16_t size, uint8_t vector)
{
	queue->vector = vector;
	if (vector != 0 && !virtio_queue_vector(&net->dev, index, (uint16_t)(index + 1), vector))
		return false;
	if (!virtio_queue_enable(&net->dev, index, size, &queue->vq))
		return false;
	if (vector == 0)
		virtqueue_no_interrupts(&queue->vq);
	return true;
}

static bool open_pair(struct net *net, unsigned int i, const struct net_options *options)
{
	uint64_t share = (uint64_t)POOL_PAGES * PAGE_BYTES / net->nr_pairs;
	uint16_t most = options->queue_size != 0 ? options->queue_size : NET_QUEUE_SIZE;
	struct net_queue *rx = &net->rx[i], *tx = &net->tx[i];

	rx->slot_bytes = (net->rx_bytes + 63) & ~63u;
	tx->slot_bytes = TX_SLOT_BYTES;
	rx->slots = memory.rx + i * share;
	tx->slots = memory.tx + i * share;
	return open_queue(net, rx, (uint16_t)(2 * i), nr_slots(share, rx->slot_bytes, most),
			  options->interrupts ? interrupt_vector_alloc() : 0) &&
	       open_queue(net, tx, (uint16_t)(2 * i + 1), nr_slots(share, tx->slot_bytes, most), 0);
}

static void offer(struct net *net, struct net_queue *rx)
{
	struct virtqueue_segment buffer = { rx->slots + (size_t)rx->vq.free_head * rx->slot_bytes, net->rx_bytes };

	(void)virtqueue_add(&rx->vq, &buffer, 0, 1);
}

bool net_open(struct net *net, unsigned int n, const struct net_options *options)
{
	if (!net_negotiate(net, n, options->features))
		return false;
	net->rx_bytes = options->rx_bytes != 0 ? options->rx_bytes : NET_BIG_BUFFER_BYTES;
	net->nr_pairs = options->nr_pairs > 1 ? options->nr_pairs : 1;
	if (net->nr_pairs > net->max_pairs || net->nr_pairs > NET_MAX_PAIRS)
		return false;
	if (options->interrupts) {
		net->config_vector = interrupt_vector_alloc();
		if (!virtio_config_vector(&net->dev, 0, net->config_vector))
			return false;
	}
	for (unsigned int i = 0; i < net->nr_pairs; i++) {
		if (!open_pair(net, i, options))
			return false;
	}
	/* Behind all the pairs that the device has, not those that are used (5.1.2). */
	if ((net->dev.features & NET_F_CTRL_VQ) &&
	    !open_queue(net, &net->control, (uint16_t)(2 * net->max_pairs), CONTROL_SIZE, 0))
		return false;
	virtio_ready(&net->dev);
	for (unsigned int i = 0; i < net->nr_pairs; i++) {
		while (net->rx[i].vq.nr_free > 0)
			offer(net, &net->rx[i]);
		virtqueue_kick(&net->rx[i].vq);
	}
	if (net->nr_pairs > 1) {
		uint16_t nr = (uint16_t)net->nr_pairs;

		return net_control(net, NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &nr, sizeof(nr)) == NET_CONTROL_OK;
	}
	return true;
}

uint8_t *net_tx_slot(struct net_queue *tx)
{
	uint32_t len;

	while (virtqueue_poll(&tx->vq, &len) >= 0)
		;
	if (tx->vq.nr_free < VIRTQUEUE_MAX_SEGMENTS)
		return NULL;
	return tx->slots + (size_t)tx->vq.free_head * tx->slot_bytes;
}

void net_tx_add(struct net_queue *tx, uint32_t bytes, unsigned int nr_segments)
{
	const uint8_t *slot = tx->slots + (size_t)tx->vq.free_head * tx->slot_bytes;
	struct virtqueue_segment segments[VIRTQUEUE_MAX_SEGMENTS];
	uint32_t each = bytes / nr_segments;

	for (unsigned int i = 0; i < nr_segments; i++)
		segments[i] = (struct virtqueue_segment){ slot + (size_t)i * each, each };
	segments[nr_segments - 1].len = bytes - (nr_segments - 1) * each;
	(void)virtqueue_add(&tx->vq, segments, nr_segments, 0);
}

bool net_send(struct net_queue *tx, const struct net_header *header, const void *frame, uint32_t bytes)
{
	uint64_t start = tsc_read();
	uint8_t *slot;

	while ((slot = net_tx_slot(tx)) == NULL) {
		if (tsc_read() - start > PATIENCE_CYCLES)
			return false;
		cpu_pause();
	}
	memcpy(slot, header, sizeof(*header));
	memcpy(slot + sizeof(*header), frame, bytes);
	net_tx_add(tx, (uint32_t)sizeof(*header) + bytes, 1);
	virtqueue_kick(&tx->vq);
	while (net_tx_slot(tx) == NULL || tx->vq.nr_free < tx->vq.size) {
		if (tsc_read() - start > PATIENCE_CYCLES)
			return false;
		cpu_pause();
	}
	return true;
}

/* The frame's buffers become visible together (5.1.6.4), so one that is missing is an error, and not waited for. */
bool net_receive(struct net *net, unsigned int pair, struct net_frame *frame)
{
	struct net_queue *rx = &net->rx[pair];
	bool mergeable = net->dev.features & NET_F_MRG_RXBUF;
	unsigned int wanted = 1;
	uint32_t len;
	int head = virtqueue_poll(&rx->vq, &len);

	if (head < 0)
		return false;
	frame->nr_buffers = 0;
	frame->bytes = 0;
	for (unsigned int i = 0;; i++) {
		uint8_t *buffer = rx->slots + (size_t)(unsigned int)head * rx->slot_bytes;
		uint32_t skip = i == 0 ? NET_HEADER_BYTES : 0;

		if (len < skip || len > net->rx_bytes || frame->bytes + len - skip > FLAT_PAGES * PAGE_BYTES)
			return true;
		if (i == 0) {
			memcpy(&frame->header, buffer, NET_HEADER_BYTES);
			frame->data = buffer + NET_HEADER_BYTES;
			wanted = mergeable ? frame->header.num_buffers : 1;
			if (wanted == 0 || wanted > NET_QUEUE_SIZE)
				return true;
		}
		if (wanted > 1)
			memcpy(net->flat + frame->bytes, buffer + skip, len - skip);
		frame->bytes += len - skip;
		if (i + 1 == wanted)
			break;
		head = virtqueue_poll(&rx->vq, &len);
		if (head < 0)
			return true;
	}
	if (wanted > 1)
		frame->data = net->flat;
	frame->nr_buffers = wanted;
	return true;
}

bool net_wait(struct net *net, unsigned int pair, struct net_frame *frame, uint64_t cycles)
{
	struct net_queue *rx = &net->rx[pair];

	for (uint64_t start = tsc_read(); tsc_read() - start < cycles;) {
		uint32_t seen = interrupt_counts[rx->vector];

		if (net_receive(net, pair, frame))
			return true;
		if (rx->vector == 0) {
			cpu_pause();
			continue;
		}
		if (virtqueue_want_interrupt(&rx->vq))
			continue;
		while (interrupt_counts[rx->vector] == seen && tsc_read() - start < cycles)
			cpu_pause();
	}
	return false;
}

/* virtqueue_poll() has freed the heads; each is offered again with its slot. */
void net_recycle(struct net *net, unsigned int pair)
{
	struct net_queue *rx = &net->rx[pair];

	while (rx->vq.nr_free > 0)
		offer(net, rx);
	virtqueue_kick(&rx->vq);
}

uint8_t net_control_in_pieces(struct net *net, uint8_t class, uint8_t command, const void *data, uint32_t bytes,
			      uint32_t piece)
{
	struct virtqueue *vq = &net->control.vq;
	struct virtqueue_segment segments[VIRTQUEUE_MAX_SEGMENTS];
	volatile uint8_t *ack = memory.control;
	uint8_t *header = memory.control + 16;
	unsigned int nr = 0;
	uint32_t len, at = 0, whole = 2 + bytes;

	*ack = NET_CONTROL_PENDING;
	header[0] = class;
	header[1] = command;
	if (bytes > 0)
		memcpy(header + 2, data, bytes);
	do {
		uint32_t part = piece != 0 ? piece : at == 0 ? 2 : bytes;

		part = part < whole - at ? part : whole - at;
		segments[nr++] = (struct virtqueue_segment){ header + at, part };
		at += part;
	} while (at < whole && nr < VIRTQUEUE_MAX_SEGMENTS - 1);
	segments[nr] = (struct virtqueue_segment){ (const void *)ack, 1 };
	if (virtqueue_add(vq, segments, nr, 1) < 0)
		return NET_CONTROL_PENDING;
	virtqueue_kick(vq);
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		if (virtqueue_poll(vq, &len) >= 0)
			return *ack;
	}
	return NET_CONTROL_PENDING;
}

uint8_t net_control(struct net *net, uint8_t class, uint8_t command, const void *data, uint32_t bytes)
{
	return net_control_in_pieces(net, class, command, data, bytes, 0);
}
