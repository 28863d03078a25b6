/* What happens to a disk while it is in use: it grows, it is reset. */
#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/port.h"
#include "test/guest/serial.h"
#include "test/guest/tests/disk.h"
#include "test/guest/tests/random.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define NR_RESETS 40
#define NR_BLOCKS 60 /* that the resets' writes fall in */
#define CONFIG_ENTRY 0 /* in the MSI-X table; the queues are polled */

/* The two halves belong together if no change came between them (virtio 1.2, 2.5.1). */
static uint64_t capacity(void)
{
	uint64_t sectors;
	uint8_t generation;

	do {
		generation = mmio_read8(disk.dev.common + VIRTIO_CONFIG_GENERATION);
		sectors = mmio_read32(disk.dev.device + BLK_CONFIG_CAPACITY);
		sectors |= (uint64_t)mmio_read32(disk.dev.device + BLK_CONFIG_CAPACITY + 4) << 32;
	} while (generation != mmio_read8(disk.dev.common + VIRTIO_CONFIG_GENERATION));
	return sectors;
}

/* Says "ready" when the host may let the disk grow, to grown=N sectors. The interrupt tells, and what was added is
 * there, without a reset. */
static void growth_is_told_and_usable(const char *line)
{
	uint64_t before, grown = option_number(line, "grown", 0), last;
	uint8_t vector, generation;

	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	before = capacity();
	last = grown - disk_block / BLK_SECTOR_BYTES;
	vector = interrupt_vector_alloc();
	interrupt_enable();
	expect(virtio_config_vector(&disk.dev, CONFIG_ENTRY, vector));
	expect_equal(disk_status(BLK_READ, before, disk_found, disk_block), BLK_IO_ERROR);
	generation = mmio_read8(disk.dev.common + VIRTIO_CONFIG_GENERATION);
	print("ready\n");
	interrupt_wait(vector, 0);
	expect_equal(interrupt_counts[vector], 1);
	expect(mmio_read8(disk.dev.common + VIRTIO_CONFIG_GENERATION) != generation);
	expect_equal(capacity(), grown);
	memset(disk_data, 0, disk_block);
	expect(disk_holds(before, disk_block));
	expect(disk_holds(last, disk_block));
	disk_fill(disk_block, 50);
	expect_equal(disk_status(BLK_WRITE, last, disk_data, disk_block), BLK_OK);
	expect_equal(disk_status(BLK_FLUSH, 0, NULL, 0), BLK_OK);
	expect(disk_holds(last, disk_block));
	expect_equal(disk_status(BLK_READ, grown, disk_found, disk_block), BLK_IO_ERROR);
}

/* The writes of round n fill blocks with n. */
static void write_many(struct random *random, unsigned int round)
{
	struct blk_queue *queue = &disk.queues[0];
	unsigned int nr = 0;

	memset(disk_data, (int)(round + 1), DISK_BUFFER_BYTES);
	while (nr < 64) {
		uint32_t bytes = disk_block * (1 + (uint32_t)random_below(random, 8));
		uint64_t block = random_below(random, NR_BLOCKS - 8);

		if (blk_add(queue, BLK_WRITE, DISK_SCRATCH + block * (disk_block / BLK_SECTOR_BYTES), disk_data,
			    bytes) < 0)
			break;
		nr++;
		if (nr % 16 == 0 && blk_add(queue, BLK_FLUSH, 0, NULL, 0) < 0)
			break;
	}
	virtqueue_kick(&queue->vq);
}

/* Each block is of one round, this one or an earlier one: no write came back from a round that was reset, none is torn.
 */
static void expect_whole_blocks(unsigned int round, uint8_t *last_seen)
{
	expect_equal(disk_status(BLK_READ, DISK_SCRATCH, disk_found, NR_BLOCKS * disk_block), BLK_OK);
	for (uint32_t i = 0; i < NR_BLOCKS; i++) {
		const uint8_t *block = disk_found + (uint64_t)i * disk_block;

		expect(block[0] <= round + 1 && block[0] >= last_seen[i]);
		expect(memcmp(block, block + 1, disk_block - 1) == 0);
		last_seen[i] = block[0];
	}
}

static void in_the_middle_of_writes(const char *line)
{
	static uint8_t last_seen[NR_BLOCKS];
	struct random random = { 29 };

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1) || (disk.dev.features & BLK_F_RO))
		return;
	memset(disk_data, 0, NR_BLOCKS * disk_block);
	expect_equal(disk_status(BLK_WRITE, DISK_SCRATCH, disk_data, NR_BLOCKS * disk_block), BLK_OK);
	for (unsigned int round = 0; round < NR_RESETS; round++) {
		uint64_t start;

		write_many(&random, round);
		start = tsc_read();
		while (tsc_read() - start < random_below(&random, 1u << 20))
			cpu_pause();
		if (!disk_open(DISK_ALL_FEATURES | VIRTIO_F_EVENT_IDX, 1)) /* resets first */
			return;
		expect_whole_blocks(round, last_seen);
	}
}

const struct test tests_blk_reset[] = {
	{ "in_the_middle_of_writes", in_the_middle_of_writes },
	TEST_END,
};

const struct test tests_blk_growth[] = {
	{ "is_told_and_usable", growth_is_told_and_usable },
	TEST_END,
};
