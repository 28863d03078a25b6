#include "test/guest/bench/verify.h"

#include <stdbool.h>

#include "test/guest/cpu.h"
#include "test/guest/pages.h"

#define IN_FLIGHT 16
#define SECTOR_WORDS (BLK_SECTOR_BYTES / 8)

static uint64_t word(uint64_t sector, uint64_t w, uint64_t seed)
{
	return (sector * UINT64_C(0x9e3779b97f4a7c15) + w) ^ seed;
}

static void stamp(uint64_t *data, uint64_t sector, uint32_t block_bytes, uint64_t seed)
{
	for (uint32_t i = 0; i < block_bytes / 8; i++)
		data[i] = word(sector + i / SECTOR_WORDS, i % SECTOR_WORDS, seed);
}

static bool is_stamped(const uint64_t *data, uint64_t sector, uint32_t block_bytes, uint64_t seed)
{
	for (uint32_t i = 0; i < block_bytes / 8; i++) {
		if (data[i] != word(sector + i / SECTOR_WORDS, i % SECTOR_WORDS, seed))
			return false;
	}
	return true;
}

/* Does `type` for IN_FLIGHT blocks, the i-th with data[i]; the number that failed. */
static unsigned int do_blocks(struct blk_queue *queue, enum blk_type type, uint64_t sector, uint64_t stride,
			      uint64_t **data, uint32_t block_bytes)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < IN_FLIGHT; i++) {
		if (blk_add(queue, type, sector + i * stride, data[i], block_bytes) < 0)
			return IN_FLIGHT;
	}
	virtqueue_kick(&queue->vq);
	for (unsigned int nr = 0; nr < IN_FLIGHT;) {
		int slot = blk_poll(queue);

		if (slot < 0) {
			cpu_pause();
			continue;
		}
		failed += queue->slots[slot].status != BLK_OK;
		nr++;
	}
	return failed;
}

unsigned int verify(struct blk *blk, uint32_t block_bytes, uint64_t span_bytes, uint64_t seed)
{
	uint32_t block_sectors = block_bytes / BLK_SECTOR_BYTES;
	uint64_t stride = span_bytes / block_bytes / VERIFY_BLOCKS * block_sectors;
	uint64_t *data[IN_FLIGHT];
	unsigned int bad = 0;

	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		data[i] = pages_alloc(block_bytes / PAGE_BYTES);
	for (unsigned int n = 0; n < VERIFY_BLOCKS; n += IN_FLIGHT) {
		for (unsigned int i = 0; i < IN_FLIGHT; i++)
			stamp(data[i], (n + i) * stride, block_bytes, seed);
		bad += do_blocks(&blk->queues[n / IN_FLIGHT % blk->nr_queues], BLK_WRITE, n * stride, stride, data,
				 block_bytes);
	}
	if ((blk->dev.features & BLK_F_FLUSH) && blk_do(&blk->queues[0], BLK_FLUSH, 0, 0, 0) != BLK_OK)
		bad++;
	for (unsigned int n = 0; n < VERIFY_BLOCKS; n += IN_FLIGHT) {
		bad += do_blocks(&blk->queues[(n / IN_FLIGHT + 1) % blk->nr_queues], BLK_READ, n * stride, stride, data,
				 block_bytes);
		for (unsigned int i = 0; i < IN_FLIGHT; i++)
			bad += !is_stamped(data[i], (n + i) * stride, block_bytes, seed);
	}
	return bad;
}
