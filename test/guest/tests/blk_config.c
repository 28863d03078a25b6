/* What a disk says of itself (virtio 1.2, 5.2.3 to 5.2.5), compared with what the host says that it is. */
#include "test/guest/port.h"
#include "test/guest/tests/disk.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define ALWAYS                                                                                                         \
	(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | BLK_F_SEG_MAX | BLK_F_BLK_SIZE |           \
	 BLK_F_TOPOLOGY | BLK_F_FLUSH | BLK_F_CONFIG_WCE)
#define CONFIG_BYTES 0x3c /* up to and with unused1 */
#define UNUSED0 0x21
#define UNUSED1 0x39

static bool is_read_only(const char *line)
{
	return option_number(line, "ro", 0) != 0;
}

static uint32_t config32(uint64_t offset)
{
	return mmio_read32(disk.dev.device + offset);
}

static uint8_t config8(uint64_t offset)
{
	return mmio_read8(disk.dev.device + offset);
}

/* Neither more nor less: what is not in the set is unknown to this device, or belongs to legacy drivers. */
static void offers_what_the_disk_can_do(const char *line)
{
	uint64_t expected = ALWAYS;

	if (option_number(line, "queues", 1) > 1)
		expected |= BLK_F_MQ;
	if (is_read_only(line))
		expected |= BLK_F_RO;
	else
		expected |= BLK_F_WRITE_ZEROES | (option_number(line, "discard", 1) ? BLK_F_DISCARD : 0);
	if (disk_open(DISK_ALL_FEATURES, 1))
		expect_equal(virtio_offered(&disk.dev), expected);
}

/* A driver may take any of them and leave the others. */
static void each_feature_alone_and_all_but_it(const char *line)
{
	uint64_t offered;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	offered = virtio_offered(&disk.dev) & ~VIRTIO_F_VERSION_1;
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t feature = offered & UINT64_C(1) << bit;

		if (feature == 0)
			continue;
		if (disk_open(feature, 1)) {
			expect_equal(disk.dev.features, feature | VIRTIO_F_VERSION_1);
			expect_equal(disk_status(BLK_READ, 0, disk_found, DISK_BUFFER_BYTES), BLK_OK);
		}
		if (disk_open(offered & ~feature, 1))
			expect_equal(disk_status(BLK_READ, 0, disk_found, DISK_BUFFER_BYTES), BLK_OK);
	}
}

static void capacity_and_block_size(const char *line)
{
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	expect_equal(disk.nr_sectors, option_number(line, "sectors", 0));
	expect_equal(disk_block, option_number(line, "block", 512));
	expect_equal(disk.nr_sectors * BLK_SECTOR_BYTES % disk_block, 0);
}

static void topology_makes_sense(const char *line)
{
	uint32_t min_io, opt_io;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	min_io = mmio_read16(disk.dev.device + BLK_CONFIG_MIN_IO);
	opt_io = config32(BLK_CONFIG_OPT_IO);
	expect((disk_block << config8(BLK_CONFIG_PHYSICAL_EXP)) <= 1u << 20);
	expect(config8(BLK_CONFIG_ALIGNMENT_OFFSET) < 1u << config8(BLK_CONFIG_PHYSICAL_EXP));
	expect(min_io == 0 || opt_io % min_io == 0);
}

static void limits_are_whole_blocks(const char *line)
{
	uint32_t sectors_per_block;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	sectors_per_block = disk_block / BLK_SECTOR_BYTES;
	expect(config32(BLK_CONFIG_SEG_MAX) > 0);
	expect(config32(BLK_CONFIG_SEG_MAX) <= disk.queues[0].vq.size - 2u);
	if (disk.dev.features & BLK_F_DISCARD) {
		expect(config32(BLK_CONFIG_MAX_DISCARD) >= sectors_per_block);
		expect_equal(config32(BLK_CONFIG_MAX_DISCARD) % sectors_per_block, 0);
		expect(config32(BLK_CONFIG_MAX_DISCARD_SEG) > 0);
		expect(config32(BLK_CONFIG_DISCARD_ALIGNMENT) >= sectors_per_block);
	}
	if (disk.dev.features & BLK_F_WRITE_ZEROES) {
		expect(config32(BLK_CONFIG_MAX_ZEROES) >= sectors_per_block);
		expect_equal(config32(BLK_CONFIG_MAX_ZEROES) % sectors_per_block, 0);
		expect(config32(BLK_CONFIG_MAX_ZEROES_SEG) > 0);
		expect(config8(BLK_CONFIG_ZEROES_MAY_UNMAP) <= 1);
	}
}

/* Without discards nothing gives space back. */
static void zeroes_unmap_only_with_discard(const char *line)
{
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	if (option_number(line, "discard", 1) == 0)
		expect_equal(config8(BLK_CONFIG_ZEROES_MAY_UNMAP), 0);
}

static void number_of_queues(const char *line)
{
	uint64_t nr = option_number(line, "queues", 1);

	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	expect_equal(mmio_read16(disk.dev.common + VIRTIO_NR_QUEUES), nr);
	expect_equal(mmio_read16(disk.dev.device + BLK_CONFIG_NR_QUEUES), nr);
}

static void padding_is_zero(const char *line)
{
	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	expect_equal(config8(UNUSED0), 0);
	for (uint64_t i = 0; i < 3; i++)
		expect_equal(config8(UNUSED1 + i), 0);
}

static void every_width_reads_the_same(const char *line)
{
	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	for (uint64_t offset = 0; offset < CONFIG_BYTES; offset += 4) {
		uint32_t word = config32(offset), bytes = 0, halves = 0;

		for (unsigned int i = 0; i < 4; i++)
			bytes |= (uint32_t)config8(offset + i) << (8 * i);
		for (unsigned int i = 0; i < 2; i++)
			halves |= (uint32_t)mmio_read16(disk.dev.device + offset + 2u * i) << (16 * i);
		expect_equal(bytes, word);
		expect_equal(halves, word);
	}
}

/* A driver that does not know CONFIG_WCE must find the cache on, and one that does may turn it off (5.2.5.2). */
static void write_cache_is_on_until_turned_off(const char *line)
{
	uint64_t writeback;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	writeback = disk.dev.device + BLK_CONFIG_WRITEBACK;
	expect_equal(mmio_read8(writeback), 1);
	mmio_write8(writeback, 0);
	expect_equal(mmio_read8(writeback), 0);
	mmio_write8(writeback, 1);
	expect_equal(mmio_read8(writeback), 1);
	mmio_write8(writeback, 0);
	virtio_reset(&disk.dev);
	expect_equal(mmio_read8(writeback), 1);
}

static void without_flush_there_is_no_write_cache(const char *line)
{
	(void)line;
	if (disk_open(DISK_ALL_FEATURES & ~BLK_F_FLUSH, 1))
		expect_equal(config8(BLK_CONFIG_WRITEBACK), 0);
}

static void nothing_else_can_be_written(const char *line)
{
	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	for (uint64_t offset = 0; offset < CONFIG_BYTES; offset++) {
		uint8_t before = config8(offset);

		if (offset == BLK_CONFIG_WRITEBACK)
			continue;
		mmio_write8(disk.dev.device + offset, (uint8_t)~before);
		expect_equal(config8(offset), before);
	}
}

const struct test tests_blk_config[] = {
	{ "offers_what_the_disk_can_do", offers_what_the_disk_can_do },
	{ "each_feature_alone_and_all_but_it", each_feature_alone_and_all_but_it },
	{ "capacity_and_block_size", capacity_and_block_size },
	{ "topology_makes_sense", topology_makes_sense },
	{ "limits_are_whole_blocks", limits_are_whole_blocks },
	{ "zeroes_unmap_only_with_discard", zeroes_unmap_only_with_discard },
	{ "number_of_queues", number_of_queues },
	{ "padding_is_zero", padding_is_zero },
	{ "every_width_reads_the_same", every_width_reads_the_same },
	{ "write_cache_is_on_until_turned_off", write_cache_is_on_until_turned_off },
	{ "without_flush_there_is_no_write_cache", without_flush_there_is_no_write_cache },
	{ "nothing_else_can_be_written", nothing_else_can_be_written },
	TEST_END,
};
