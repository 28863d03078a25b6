/* MSI-X from a disk into ring 3: every completion arrives, masked ones wait, each queue has a vector of its own. */
#include "test/guest/interrupt.h"

#include "test/guest/blk.h"
#include "test/guest/cpu.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define ROUNDS 500

static struct blk blk;
static uint8_t *buffer;

static bool open_disk(uint64_t features, unsigned int nr_queues)
{
	bool opened;

	if (buffer == NULL)
		buffer = pages_alloc(1);
	interrupt_enable();
	opened = blk_open(&blk, 0, nr_queues, features, true);
	expect(opened);
	return opened;
}

/* Each round sleeps until its own interrupt. One that got lost would hang here, and the host would tell. */
static void one_by_one(uint64_t features)
{
	uint32_t before;

	if (!open_disk(features, 1))
		return;
	before = interrupt_counts[blk.queues[0].vector];
	for (unsigned int i = 0; i < ROUNDS; i++)
		expect_equal(blk_do(&blk.queues[0], BLK_READ, i, buffer, BLK_SECTOR_BYTES), BLK_OK);
	expect(interrupt_counts[blk.queues[0].vector] - before > ROUNDS / 10);
	virtio_reset(&blk.dev);
}

static void each_completion_wakes(const char *command_line)
{
	(void)command_line;
	one_by_one(0);
}

static void each_completion_wakes_event_idx(const char *command_line)
{
	(void)command_line;
	one_by_one(VIRTIO_F_EVENT_IDX);
}

static void masked_vector_stays_pending(const char *command_line)
{
	struct blk_queue *queue = &blk.queues[0];
	uint64_t pending_bits;
	uint32_t before;
	uint8_t cap;

	(void)command_line;
	if (!open_disk(0, 1))
		return;
	cap = blk.dev.msix_capability;
	pending_bits = blk.dev.msix_table - (mmio_read32(blk.dev.config + cap + 4u) & ~UINT32_C(7)) +
		       (mmio_read32(blk.dev.config + cap + 8u) & ~UINT32_C(7));
	virtio_msix_mask(&blk.dev, 1, true);
	before = interrupt_counts[queue->vector];
	virtqueue_want_interrupt(&queue->vq);
	expect(blk_add(queue, BLK_READ, 0, buffer, BLK_SECTOR_BYTES) >= 0);
	virtqueue_kick(&queue->vq);
	while (blk_poll(queue) < 0)
		cpu_pause();
	while ((mmio_read64(pending_bits) & 1 << 1) == 0)
		cpu_pause();
	expect_equal(interrupt_counts[queue->vector], before);
	virtio_msix_mask(&blk.dev, 1, false);
	interrupt_wait(queue->vector, before);
	expect_equal(interrupt_counts[queue->vector], before + 1);
	expect_equal(mmio_read64(pending_bits) & 1 << 1, 0);
	virtio_reset(&blk.dev);
}

static void queues_have_their_own(const char *command_line)
{
	unsigned int nr = (unsigned int)option_number(command_line, "queues", 1);
	uint32_t before[BLK_MAX_QUEUES];

	if (!open_disk(BLK_F_MQ | VIRTIO_F_EVENT_IDX, nr))
		return;
	expect_equal(blk.nr_queues, nr);
	for (unsigned int q = 0; q < blk.nr_queues; q++) {
		for (unsigned int i = 0; i < blk.nr_queues; i++)
			before[i] = interrupt_counts[blk.queues[i].vector];
		for (unsigned int i = 0; i < 20; i++)
			expect_equal(blk_do(&blk.queues[q], BLK_READ, q, buffer, BLK_SECTOR_BYTES), BLK_OK);
		for (unsigned int i = 0; i < blk.nr_queues; i++)
			expect(i == q || interrupt_counts[blk.queues[i].vector] == before[i]);
	}
	virtio_reset(&blk.dev);
}

const struct test tests_interrupt[] = {
	{ "each_completion_wakes", each_completion_wakes },
	{ "each_completion_wakes_event_idx", each_completion_wakes_event_idx },
	{ "masked_vector_stays_pending", masked_vector_stays_pending },
	{ "queues_have_their_own", queues_have_their_own },
	TEST_END,
};
