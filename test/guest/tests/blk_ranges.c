/* Discard and write-zeroes: which ranges are taken, and that nothing outside them changes (virtio 1.2, 5.2.6). */
#include "test/guest/port.h"
#include "test/guest/tests/disk.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define UNMAP 1
#define AREA_BLOCKS 32

static uint32_t block_sectors;

/* A disk with AREA_BLOCKS blocks of known bytes at DISK_SCRATCH; false if it can't do `feature` requests. */
static bool prepare(uint64_t feature)
{
	if (!disk_open(DISK_ALL_FEATURES, 1) || !(disk.dev.features & feature))
		return false;
	block_sectors = disk_block / BLK_SECTOR_BYTES;
	disk_fill(AREA_BLOCKS * disk_block, 40);
	expect_equal(disk_status(BLK_WRITE, DISK_SCRATCH, disk_data, AREA_BLOCKS * disk_block), BLK_OK);
	return true;
}

static struct blk_range blocks(uint32_t first, uint32_t nr, uint32_t flags)
{
	return (struct blk_range){ DISK_SCRATCH + (uint64_t)first * block_sectors, nr * block_sectors, flags };
}

static void zero_blocks(uint32_t first, uint32_t nr)
{
	memset(disk_data + (uint64_t)first * disk_block, 0, (uint64_t)nr * disk_block);
}

static void what_was_not_negotiated_is_unsupported(const char *line)
{
	struct blk_range range;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES) || !disk_open(BLK_F_BLK_SIZE | BLK_F_FLUSH, 1))
		return;
	range = blocks(0, 4, 0);
	expect_equal(disk_status(BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
	expect_equal(disk_status(BLK_DISCARD, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
	expect_equal(disk_status(BLK_SECURE_ERASE, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

static void zeroes_with_and_without_unmap(const char *line)
{
	uint32_t len;

	(void)line;
	for (uint32_t flags = 0; flags <= UNMAP; flags++) {
		struct blk_range range;

		if (!prepare(BLK_F_WRITE_ZEROES))
			return;
		range = blocks(3, 9, flags);
		expect_equal(disk_do(BLK_WRITE_ZEROES, 0, &range, sizeof(range), &len), BLK_OK);
		expect_equal(len, 1);
		zero_blocks(3, 9);
		expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
	}
}

static void flags_that_do_not_exist_are_unsupported(const char *line)
{
	static const uint32_t flags[] = { 2, 3, 1u << 31, UINT32_MAX };
	struct blk_range range;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES))
		return;
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		range = blocks(0, 4, flags[i]);
		expect_equal(disk_status(BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
		if (disk.dev.features & BLK_F_DISCARD)
			expect_equal(disk_status(BLK_DISCARD, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
	}
	range = blocks(0, 4, UNMAP); /* is for write-zeroes only */
	if (disk.dev.features & BLK_F_DISCARD)
		expect_equal(disk_status(BLK_DISCARD, 0, &range, sizeof(range)), BLK_UNSUPPORTED);
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

static void data_is_whole_ranges(const char *line)
{
	static const uint32_t bytes[] = { 0, 1, 8, 15, 17, 24, 31 };
	struct blk_range ranges[2];

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES))
		return;
	ranges[0] = blocks(0, 4, 0);
	ranges[1] = blocks(8, 4, 0);
	for (unsigned int i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		expect_equal(disk_status(BLK_WRITE_ZEROES, 0, ranges, bytes[i]), BLK_IO_ERROR);
		if (disk.dev.features & BLK_F_DISCARD)
			expect_equal(disk_status(BLK_DISCARD, 0, ranges, bytes[i]), BLK_IO_ERROR);
	}
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

static void as_many_ranges_as_promised(const char *line)
{
	static struct blk_range ranges[AREA_BLOCKS];
	uint32_t nr;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES))
		return;
	nr = mmio_read32(disk.dev.device + BLK_CONFIG_MAX_ZEROES_SEG);
	if (nr > AREA_BLOCKS / 2)
		nr = AREA_BLOCKS / 2;
	for (uint32_t i = 0; i < nr; i++) {
		ranges[i] = blocks(2 * i, 1, i & UNMAP);
		zero_blocks(2 * i, 1);
	}
	expect_equal(disk_status(BLK_WRITE_ZEROES, 0, ranges, nr * (uint32_t)sizeof(ranges[0])), BLK_OK);
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

static void more_ranges_than_promised_fail(const char *line)
{
	static struct blk_range ranges[AREA_BLOCKS];
	uint32_t nr;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES))
		return;
	nr = mmio_read32(disk.dev.device + BLK_CONFIG_MAX_ZEROES_SEG) + 1;
	if (nr > AREA_BLOCKS)
		return;
	for (uint32_t i = 0; i < nr; i++)
		ranges[i] = blocks(i, 1, 0);
	expect_equal(disk_status(BLK_WRITE_ZEROES, 0, ranges, nr * (uint32_t)sizeof(ranges[0])), BLK_IO_ERROR);
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

/* Framing carries no meaning here either: header and ranges in pieces that know no borders. */
static void ranges_may_be_cut_anywhere(const char *line)
{
	static struct {
		struct blk_header header;
		struct blk_range ranges[2];
	} request;
	const uint8_t *bytes = (const uint8_t *)&request;
	uint8_t status = BLK_PENDING;

	(void)line;
	for (uint32_t at = 1; at < 40; at += 3) {
		const struct virtqueue_segment segments[] = {
			{ bytes, at },
			{ bytes + at, 5 },
			{ bytes + at + 5, (uint32_t)sizeof(request) - at - 5 },
			{ &status, 1 },
		};

		if (!prepare(BLK_F_WRITE_ZEROES))
			return;
		request.header = (struct blk_header){ .type = BLK_WRITE_ZEROES };
		request.ranges[0] = blocks(1, 2, 0);
		request.ranges[1] = blocks(20, 3, UNMAP);
		expect_equal(disk_chain(&disk.queues[0].vq, segments, 3, 1), 1);
		expect_equal(status, BLK_OK);
		zero_blocks(1, 2);
		zero_blocks(20, 3);
		expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
	}
}

static void an_empty_range_changes_nothing(const char *line)
{
	struct blk_range range;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES))
		return;
	range = blocks(4, 0, 0);
	expect_equal(disk_status(BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_OK);
	if (disk.dev.features & BLK_F_DISCARD)
		expect_equal(disk_status(BLK_DISCARD, 0, &range, sizeof(range)), BLK_OK);
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

static void ranges_outside_the_disk_fail(const char *line)
{
	uint64_t end;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES))
		return;
	end = disk.nr_sectors;
	struct blk_range bad[] = {
		{ end, block_sectors, 0 },
		{ end - block_sectors, 2 * block_sectors, 0 },
		{ UINT64_MAX, block_sectors, 0 },
		{ UINT64_MAX - block_sectors + 1, block_sectors, 0 },
		{ UINT64_C(1) << 55, block_sectors, 0 },
		{ 0, UINT32_MAX, 0 },
	};
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_equal(disk_status(BLK_WRITE_ZEROES, 0, &bad[i], sizeof(bad[i])), BLK_IO_ERROR);
		if (disk.dev.features & BLK_F_DISCARD)
			expect_equal(disk_status(BLK_DISCARD, 0, &bad[i], sizeof(bad[i])), BLK_IO_ERROR);
	}
	expect_equal(virtio_status(&disk.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
}

/* With blocks of 4 KiB a range of 512 bytes is not one that the disk can zero. */
static void ranges_are_whole_blocks(const char *line)
{
	struct blk_range range;

	(void)line;
	if (!prepare(BLK_F_WRITE_ZEROES) || block_sectors == 1)
		return;
	range = (struct blk_range){ DISK_SCRATCH, 1, 0 };
	expect_equal(disk_status(BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_IO_ERROR);
	range = (struct blk_range){ DISK_SCRATCH + 1, block_sectors, 0 };
	expect_equal(disk_status(BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_IO_ERROR);
	expect(disk_holds(DISK_SCRATCH, AREA_BLOCKS * disk_block));
}

static void discard_spares_its_neighbours(const char *line)
{
	struct blk_range range;
	uint32_t len;

	(void)line;
	if (!prepare(BLK_F_DISCARD))
		return;
	range = blocks(7, 17, 0);
	expect_equal(disk_do(BLK_DISCARD, 0, &range, sizeof(range), &len), BLK_OK);
	expect_equal(len, 1);
	/* What was discarded may read as anything, and what is written there afterwards as nothing else. */
	expect(disk_holds(DISK_SCRATCH, 7 * disk_block));
	memmove(disk_data, disk_data + 24 * (uint64_t)disk_block, 8 * disk_block);
	expect(disk_holds(DISK_SCRATCH + 24 * block_sectors, 8 * disk_block));
	disk_fill(4 * disk_block, 41);
	expect_equal(disk_status(BLK_WRITE, DISK_SCRATCH + 9 * block_sectors, disk_data, 4 * disk_block), BLK_OK);
	expect(disk_holds(DISK_SCRATCH + 9 * block_sectors, 4 * disk_block));
}

const struct test tests_blk_ranges[] = {
	{ "what_was_not_negotiated_is_unsupported", what_was_not_negotiated_is_unsupported },
	{ "zeroes_with_and_without_unmap", zeroes_with_and_without_unmap },
	{ "flags_that_do_not_exist_are_unsupported", flags_that_do_not_exist_are_unsupported },
	{ "data_is_whole_ranges", data_is_whole_ranges },
	{ "as_many_ranges_as_promised", as_many_ranges_as_promised },
	{ "more_ranges_than_promised_fail", more_ranges_than_promised_fail },
	{ "ranges_may_be_cut_anywhere", ranges_may_be_cut_anywhere },
	{ "an_empty_range_changes_nothing", an_empty_range_changes_nothing },
	{ "ranges_outside_the_disk_fail", ranges_outside_the_disk_fail },
	{ "ranges_are_whole_blocks", ranges_are_whole_blocks },
	{ "discard_spares_its_neighbours", discard_spares_its_neighbours },
	TEST_END,
};
