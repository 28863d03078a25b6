/* virtio-blk on the first disk, whose sectors the host has numbered: sector n starts with n (8 bytes, little-endian).
 * Options: sectors=N, serial=S; `ro` tests take a read-only disk, and leave it as it was. */
#include "test/guest/blk.h"

#include "test/guest/cpu.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"
#include "test/guest/serial.h"
#include "test/guest/tests/random.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define FEATURES (BLK_F_RO | BLK_F_FLUSH | BLK_F_MQ | BLK_F_DISCARD | BLK_F_WRITE_ZEROES)
#define RINGS (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
/* Tests that write keep to the sectors from here on, so that the numbers before stay. */
#define SCRATCH 1024
#define BUFFER_PAGES 32
#define BUFFER_BYTES (BUFFER_PAGES * PAGE_BYTES)

static struct blk blk;
static uint8_t *buffer, *other;

static bool open_disk(uint64_t features, unsigned int nr_queues)
{
	bool opened = blk_open(&blk, 0, nr_queues, features, false);

	if (buffer == NULL) {
		buffer = pages_alloc(BUFFER_PAGES);
		other = pages_alloc(BUFFER_PAGES);
	}
	expect(opened);
	return opened;
}

static void fill(uint8_t *bytes, size_t len, uint64_t seed)
{
	struct random random = { seed + 1 };

	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = random_next(&random);

		memcpy(bytes + i, &word, 8);
	}
}

static void geometry(const char *command_line)
{
	uint32_t block;

	if (!open_disk(FEATURES, 1))
		return;
	expect_equal(blk.nr_sectors, option_number(command_line, "sectors", 0));
	block = mmio_read32(blk.dev.device + BLK_CONFIG_BLOCK_SIZE);
	expect(block == 512 || block == 4096);
	expect(virtio_offered(&blk.dev) & BLK_F_FLUSH);
	virtio_reset(&blk.dev);
}

static void reads_what_the_host_wrote(const char *command_line)
{
	struct random random = { 1 };

	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t sector = random_below(&random, SCRATCH - 256), found;
		uint32_t nr = (uint32_t)random_below(&random, 256) + 1;

		expect_equal(blk_do(&blk.queues[0], BLK_READ, sector, buffer, nr * BLK_SECTOR_BYTES), BLK_OK);
		for (uint32_t j = 0; j < nr; j++) {
			memcpy(&found, buffer + j * BLK_SECTOR_BYTES, sizeof(found));
			expect_equal(found, sector + j);
		}
	}
	virtio_reset(&blk.dev);
}

static void reads_back_what_it_wrote(const char *command_line)
{
	struct random random = { 2 };

	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t len =
			((uint32_t)random_below(&random, BUFFER_BYTES / BLK_SECTOR_BYTES) + 1) * BLK_SECTOR_BYTES;
		uint64_t sector =
			SCRATCH + random_below(&random, blk.nr_sectors - SCRATCH - len / BLK_SECTOR_BYTES + 1);

		fill(buffer, len, i);
		memset(other, 0, len);
		expect_equal(blk_do(&blk.queues[0], BLK_WRITE, sector, buffer, len), BLK_OK);
		expect_equal(blk_do(&blk.queues[0], BLK_READ, sector, other, len), BLK_OK);
		expect(memcmp(buffer, other, len) == 0);
	}
	expect_equal(blk_do(&blk.queues[0], BLK_FLUSH, 0, NULL, 0), BLK_OK);
	virtio_reset(&blk.dev);
}

/* What the next boot of a test looks for (`persisted`). */
static void writes_for_the_next_boot(const char *command_line)
{
	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	fill(buffer, BUFFER_BYTES, 77);
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE, SCRATCH, buffer, BUFFER_BYTES), BLK_OK);
	expect_equal(blk_do(&blk.queues[0], BLK_FLUSH, 0, NULL, 0), BLK_OK);
}

static void persisted(const char *command_line)
{
	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	fill(buffer, BUFFER_BYTES, 77);
	expect_equal(blk_do(&blk.queues[0], BLK_READ, SCRATCH, other, BUFFER_BYTES), BLK_OK);
	expect(memcmp(buffer, other, BUFFER_BYTES) == 0);
}

/* Writes, flushes and reports numbers for as long as it lives: for hosts that kill the VMM and look at the disk. */
static void counts_for_ever(const char *command_line)
{
	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	print("\n");
	for (uint64_t i = 1;; i++) {
		memset(buffer, 0, BLK_SECTOR_BYTES);
		memcpy(buffer, &i, sizeof(i));
		if (blk_do(&blk.queues[0], BLK_WRITE, SCRATCH, buffer, BLK_SECTOR_BYTES) != BLK_OK ||
		    blk_do(&blk.queues[0], BLK_FLUSH, 0, NULL, 0) != BLK_OK) {
			expect(!"a write and a flush that succeed");
			return;
		}
		print("durable %lu\n", i);
	}
}

static void serial_number(const char *command_line)
{
	char wanted[24], found[24];

	if (!open_disk(FEATURES, 1))
		return;
	memset(wanted, 0, sizeof(wanted));
	memset(found, 0, sizeof(found));
	option_get(command_line, "serial", wanted, sizeof(wanted));
	expect_equal(blk_do(&blk.queues[0], BLK_GET_ID, 0, found, 20), BLK_OK);
	expect(memcmp(wanted, found, 20) == 0);
	virtio_reset(&blk.dev);
}

static void write_zeroes(const char *command_line)
{
	struct blk_range range = { SCRATCH + 8, 64, 0 };

	(void)command_line;
	if (!open_disk(FEATURES, 1) || !(blk.dev.features & BLK_F_WRITE_ZEROES))
		return;
	fill(buffer, BUFFER_BYTES, 3);
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE, SCRATCH, buffer, BUFFER_BYTES), BLK_OK);
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_OK);
	memset(buffer + 8 * BLK_SECTOR_BYTES, 0, 64 * BLK_SECTOR_BYTES);
	expect_equal(blk_do(&blk.queues[0], BLK_READ, SCRATCH, other, BUFFER_BYTES), BLK_OK);
	expect(memcmp(buffer, other, BUFFER_BYTES) == 0);
	range.sector = blk.nr_sectors - 1;
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_IO_ERROR);
	range.sector = UINT64_MAX;
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_IO_ERROR);
	virtio_reset(&blk.dev);
}

static void discard(const char *command_line)
{
	struct blk_range range = { SCRATCH + 64, 64, 0 };

	(void)command_line;
	if (!open_disk(FEATURES, 1) || !(blk.dev.features & BLK_F_DISCARD))
		return;
	fill(buffer, BUFFER_BYTES, 4);
	expect(mmio_read32(blk.dev.device + BLK_CONFIG_MAX_DISCARD) >= 64);
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE, SCRATCH, buffer, BUFFER_BYTES), BLK_OK);
	expect_equal(blk_do(&blk.queues[0], BLK_DISCARD, 0, &range, sizeof(range)), BLK_OK);
	/* What was discarded may read as anything, its neighbours may not. */
	expect_equal(blk_do(&blk.queues[0], BLK_READ, SCRATCH, other, BUFFER_BYTES), BLK_OK);
	expect(memcmp(buffer, other, 64 * BLK_SECTOR_BYTES) == 0);
	expect(memcmp(buffer + 128 * BLK_SECTOR_BYTES, other + 128 * BLK_SECTOR_BYTES,
		      BUFFER_BYTES - 128 * BLK_SECTOR_BYTES) == 0);
	range.flags = 1; /* unmap is for write-zeroes only (5.2.6.2) */
	expect_equal(blk_do(&blk.queues[0], BLK_DISCARD, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
	virtio_reset(&blk.dev);
}

static void bad_requests_get_an_error_and_no_more(const char *command_line)
{
	struct blk_queue *queue = &blk.queues[0];

	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	expect_equal(blk_do(queue, BLK_READ, blk.nr_sectors, buffer, BLK_SECTOR_BYTES), BLK_IO_ERROR);
	expect_equal(blk_do(queue, BLK_READ, blk.nr_sectors - 1, buffer, 2 * BLK_SECTOR_BYTES), BLK_IO_ERROR);
	expect_equal(blk_do(queue, BLK_WRITE, blk.nr_sectors, buffer, BLK_SECTOR_BYTES), BLK_IO_ERROR);
	expect_equal(blk_do(queue, BLK_READ, UINT64_MAX, buffer, BLK_SECTOR_BYTES), BLK_IO_ERROR);
	expect_equal(blk_do(queue, BLK_READ, UINT64_MAX / BLK_SECTOR_BYTES, buffer, BLK_SECTOR_BYTES), BLK_IO_ERROR);
	expect_equal(blk_do(queue, BLK_READ, 0, buffer, 100), BLK_IO_ERROR);
	expect_equal(blk_do(queue, BLK_WRITE, SCRATCH, buffer, 513), BLK_IO_ERROR);
	expect_equal(blk_do(queue, (enum blk_type)0x1234, 0, buffer, BLK_SECTOR_BYTES), BLK_UNSUPPORTED);
	expect_equal(blk_do(queue, BLK_READ, 0, buffer, BLK_SECTOR_BYTES), BLK_OK);
	expect_equal(virtio_status(&blk.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
	virtio_reset(&blk.dev);
}

/* Framing carries no meaning (2.7.4.2): a header in three pieces, and the status in one with the data. */
static void any_framing(const char *command_line)
{
	struct blk_header *header;
	uint32_t len;
	uint64_t found;

	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	header = (struct blk_header *)other;
	*header = (struct blk_header){ .type = BLK_READ, .sector = 5 };
	memset(buffer, 0xff, 2 * BLK_SECTOR_BYTES);
	{
		const struct virtqueue_segment segments[] = {
			{ other, 1 }, { other + 1, 9 }, { other + 10, 6 }, { buffer, 7 }, { buffer + 7, 506 },
		};

		expect(virtqueue_add(&blk.queues[0].vq, segments, 3, 2) >= 0);
	}
	virtqueue_kick(&blk.queues[0].vq);
	while (virtqueue_poll(&blk.queues[0].vq, &len) < 0)
		cpu_pause();
	memcpy(&found, buffer, sizeof(found));
	expect_equal(found, 5);
	expect_equal(buffer[512], BLK_OK);
	expect_equal(len, 513);
	virtio_reset(&blk.dev);
}

/* As many requests as fit, all the time, over all queues, each reading a sector whose number it knows. */
static void keep_full(unsigned int nr_requests)
{
	struct random random = { 9 };
	unsigned int submitted = 0, finished = 0;

	while (finished < nr_requests) {
		for (unsigned int q = 0; q < blk.nr_queues; q++) {
			struct blk_queue *queue = &blk.queues[q];
			int slot;

			while (submitted < nr_requests) {
				uint8_t *sector = buffer + (submitted * BLK_SECTOR_BYTES) % BUFFER_BYTES;

				if (submitted - finished >= BUFFER_BYTES / BLK_SECTOR_BYTES ||
				    blk_add(queue, BLK_READ, random_below(&random, SCRATCH), sector, BLK_SECTOR_BYTES) <
					    0)
					break;
				submitted++;
				if (submitted % 7 == 0)
					break;
			}
			virtqueue_kick(&queue->vq);
			while ((slot = blk_poll(queue)) >= 0) {
				expect_equal(queue->slots[slot].status, BLK_OK);
				finished++;
			}
		}
	}
	for (unsigned int i = 0; i < BUFFER_BYTES / BLK_SECTOR_BYTES; i++) {
		uint64_t found;

		memcpy(&found, buffer + i * BLK_SECTOR_BYTES, sizeof(found));
		expect(found < SCRATCH);
	}
}

static void deep_queues(const char *command_line)
{
	static const uint64_t rings[] = { 0, VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC, RINGS };

	(void)command_line;
	for (unsigned int i = 0; i < 4; i++) {
		if (!open_disk(FEATURES | rings[i], 1))
			return;
		expect_equal(blk.dev.features & RINGS, rings[i]);
		keep_full(5000); /* past the wrap of nothing yet */
		virtio_reset(&blk.dev);
	}
	/* Ring indices wrap at 65,536. */
	if (!open_disk(FEATURES | RINGS, 1))
		return;
	keep_full(70000);
	virtio_reset(&blk.dev);
}

static void many_queues(const char *command_line)
{
	unsigned int nr = (unsigned int)option_number(command_line, "queues", 1);

	if (!open_disk(FEATURES | RINGS, nr))
		return;
	expect_equal(blk.nr_queues, nr);
	keep_full(5000);
	for (unsigned int q = 0; q < blk.nr_queues; q++)
		expect_equal(blk_do(&blk.queues[q], BLK_FLUSH, 0, NULL, 0), BLK_OK);
	virtio_reset(&blk.dev);
}

/* Both disks work at once and are not the same: the second has number 1,000,000 in its first sector. */
static void two_disks(const char *command_line)
{
	static struct blk second;
	uint64_t found;

	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	if (!blk_open(&second, 1, 1, FEATURES, false)) {
		expect(!"a second disk");
		return;
	}
	expect_equal(blk_do(&second.queues[0], BLK_READ, 0, buffer, BLK_SECTOR_BYTES), BLK_OK);
	memcpy(&found, buffer, sizeof(found));
	expect_equal(found, 1000000);
	expect_equal(blk_do(&blk.queues[0], BLK_READ, 0, buffer, BLK_SECTOR_BYTES), BLK_OK);
	memcpy(&found, buffer, sizeof(found));
	expect_equal(found, 0);
	virtio_reset(&second.dev);
	virtio_reset(&blk.dev);
}

const struct test tests_blk[] = {
	{ "geometry", geometry },
	{ "serial_number", serial_number },
	{ "reads_what_the_host_wrote", reads_what_the_host_wrote },
	{ "reads_back_what_it_wrote", reads_back_what_it_wrote },
	{ "write_zeroes", write_zeroes },
	{ "discard", discard },
	{ "bad_requests", bad_requests_get_an_error_and_no_more },
	{ "any_framing", any_framing },
	{ "deep_queues", deep_queues },
	TEST_END,
};

/* Those that need a machine of their own. */
static void read_only(const char *command_line)
{
	struct blk_range range = { 0, 8, 0 };

	(void)command_line;
	if (!open_disk(FEATURES, 1))
		return;
	expect(blk.dev.features & BLK_F_RO);
	fill(buffer, BLK_SECTOR_BYTES, 5);
	expect_equal(blk_do(&blk.queues[0], BLK_WRITE, 0, buffer, BLK_SECTOR_BYTES), BLK_IO_ERROR);
	expect(blk_do(&blk.queues[0], BLK_WRITE_ZEROES, 0, &range, sizeof(range)) != BLK_OK);
	expect(blk_do(&blk.queues[0], BLK_DISCARD, 0, &range, sizeof(range)) != BLK_OK);
	expect_equal(blk_do(&blk.queues[0], BLK_READ, 0, buffer, BLK_SECTOR_BYTES), BLK_OK);
	expect_equal(buffer[0], 0);
	virtio_reset(&blk.dev);
}

const struct test tests_disks[] = {
	{ "read_only", read_only },
	{ "many_queues", many_queues },
	{ "two_disks", two_disks },
	{ "writes_for_the_next_boot", writes_for_the_next_boot },
	{ "persisted", persisted },
	{ "counts_for_ever", counts_for_ever },
	TEST_END,
};
