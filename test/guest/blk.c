#include "test/guest/blk.h"

#include <stddef.h>

#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"

static bool open_queue(struct blk *blk, uint16_t index, bool interrupts)
{
	struct blk_queue *queue = &blk->queues[index];

	queue->vector = 0;
	if (interrupts) {
		queue->vector = interrupt_vector_alloc();
		if (!virtio_queue_vector(&blk->dev, index, (uint16_t)(index + 1), queue->vector))
			return false;
	}
	if (!virtio_queue_enable(&blk->dev, index, BLK_QUEUE_SIZE, &queue->vq))
		return false;
	queue->slots =
		pages_alloc((unsigned int)((queue->vq.size * sizeof(struct blk_slot) + PAGE_BYTES - 1) / PAGE_BYTES));
	virtqueue_no_interrupts(&queue->vq);
	return true;
}

bool blk_open(struct blk *blk, unsigned int n, unsigned int nr_queues, uint64_t features, bool interrupts)
{
	unsigned int offered = 1;

	if (!virtio_open(&blk->dev, VIRTIO_ID_BLK, n) || !virtio_negotiate(&blk->dev, features | VIRTIO_F_VERSION_1))
		return false;
	blk->nr_sectors = mmio_read64(blk->dev.device + BLK_CONFIG_CAPACITY);
	if (blk->dev.features & BLK_F_MQ)
		offered = mmio_read16(blk->dev.device + BLK_CONFIG_NR_QUEUES);
	blk->nr_queues = nr_queues < offered ? nr_queues : offered;
	for (unsigned int i = 0; i < blk->nr_queues; i++) {
		if (!open_queue(blk, (uint16_t)i, interrupts))
			return false;
	}
	virtio_ready(&blk->dev);
	return true;
}

/* The slot is that of the chain's head, which is the free list's first. */
int blk_add(struct blk_queue *queue, enum blk_type type, uint64_t sector, void *buffer, uint32_t len)
{
	bool readable = type == BLK_WRITE || type == BLK_DISCARD || type == BLK_WRITE_ZEROES;
	struct blk_slot *slot = &queue->slots[queue->vq.free_head];
	struct virtqueue_segment segments[3] = { { &slot->header, sizeof(slot->header) } };
	unsigned int nr = 1;

	if (queue->vq.nr_free < 3)
		return -1;
	slot->header = (struct blk_header){ .type = type, .sector = sector };
	slot->status = BLK_PENDING;
	if (len > 0)
		segments[nr++] = (struct virtqueue_segment){ buffer, len };
	segments[nr++] = (struct virtqueue_segment){ (const void *)&slot->status, 1 };
	return readable || len == 0 ? virtqueue_add(&queue->vq, segments, nr - 1, 1)
				    : virtqueue_add(&queue->vq, segments, 1, nr - 1);
}

int blk_poll(struct blk_queue *queue)
{
	uint32_t len;

	return virtqueue_poll(&queue->vq, &len);
}

uint8_t blk_do(struct blk_queue *queue, enum blk_type type, uint64_t sector, void *buffer, uint32_t len)
{
	int slot = blk_add(queue, type, sector, buffer, len);

	if (slot < 0)
		return BLK_IO_ERROR;
	/* Asked for before the device can be done, so that the completion is certain to interrupt. */
	if (queue->vector != 0)
		(void)virtqueue_want_interrupt(&queue->vq);
	virtqueue_kick(&queue->vq);
	for (;;) {
		uint32_t seen = interrupt_counts[queue->vector];

		if (blk_poll(queue) >= 0)
			return queue->slots[slot].status;
		if (queue->vector != 0)
			interrupt_wait(queue->vector, seen);
		else
			cpu_pause();
	}
}
