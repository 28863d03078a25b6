/* Requests to a disk, good and bad: the status, the used length and the bytes (virtio 1.2, 5.2.6 and 2.7.8.2). */
#include "test/guest/port.h"
#include "test/guest/tests/disk.h"
#include "test/guest/tests/random.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define RINGS (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
#define ID_BYTES 20
#define LONG_BYTES (4u << 20)

static bool is_read_only(void)
{
	return (virtio_offered(&disk.dev) & BLK_F_RO) != 0;
}

static void unknown_types_are_unsupported(const char *line)
{
	static const uint32_t types[] = { 2,  3,  5,  6,  7,  9,	  10,	      12,
					  14, 15, 16, 24, 26, 0x80000000, 0x80000001, UINT32_MAX };
	uint32_t len;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		expect_equal(disk_do((enum blk_type)types[i], 0, NULL, 0, &len), BLK_UNSUPPORTED);
		expect_equal(len, 1);
		expect_equal(disk_do((enum blk_type)types[i], 0, disk_found, disk_block, &len), BLK_UNSUPPORTED);
		expect(len <= disk_block + 1);
	}
	expect_equal(virtio_status(&disk.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
}

static void used_length_counts_what_was_written(const char *line)
{
	uint32_t len;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	expect_equal(disk_do(BLK_READ, 0, disk_found, disk_block, &len), BLK_OK);
	expect_equal(len, disk_block + 1);
	expect_equal(disk_do(BLK_READ, 0, disk_found, 16 * disk_block, &len), BLK_OK);
	expect_equal(len, 16 * disk_block + 1);
	expect_equal(disk_do(BLK_FLUSH, 0, NULL, 0, &len), BLK_OK);
	expect_equal(len, 1);
	expect_equal(disk_do(BLK_GET_ID, 0, disk_found, ID_BYTES, &len), BLK_OK);
	expect_equal(len, ID_BYTES + 1);
	if (is_read_only())
		return;
	expect_equal(disk_do(BLK_WRITE, DISK_SCRATCH, disk_data, disk_block, &len), BLK_OK);
	expect_equal(len, 1);
}

/* What the device did not write must not be counted, even if the status behind it was written. */
static void used_length_of_a_failed_read_promises_nothing(const char *line)
{
	uint32_t len;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	expect_equal(disk_do(BLK_READ, disk.nr_sectors, disk_found, disk_block, &len), BLK_IO_ERROR);
	expect_equal(len, 0);
	expect_equal(disk_do(BLK_WRITE, disk.nr_sectors, disk_data, disk_block, &len), BLK_IO_ERROR);
	expect_equal(len, 1);
}

static void only_whole_blocks_inside_the_disk(const char *line)
{
	uint64_t end;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	end = disk.nr_sectors;
	const struct {
		uint64_t sector;
		uint32_t bytes;
	} bad[] = {
		{ end, disk_block },
		{ end - disk_block / BLK_SECTOR_BYTES, 2 * disk_block },
		{ end + disk_block / BLK_SECTOR_BYTES, disk_block },
		{ UINT64_MAX, disk_block },
		{ UINT64_MAX / BLK_SECTOR_BYTES, disk_block },
		{ UINT64_MAX / BLK_SECTOR_BYTES + 1, disk_block },
		{ UINT64_C(1) << 55, disk_block },
		{ 0, 1 },
		{ 0, disk_block - 1 },
		{ 0, disk_block + 1 },
		{ 0, disk_block / 2 },
	};
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_equal(disk_status(BLK_READ, bad[i].sector, disk_found, bad[i].bytes), BLK_IO_ERROR);
		expect_equal(disk_status(BLK_WRITE, bad[i].sector, disk_data, bad[i].bytes), BLK_IO_ERROR);
	}
	if (disk_block > BLK_SECTOR_BYTES)
		expect_equal(disk_status(BLK_READ, 1, disk_found, disk_block), BLK_IO_ERROR);
	expect_equal(disk_status(BLK_READ, end - disk_block / BLK_SECTOR_BYTES, disk_found, disk_block), BLK_OK);
	expect_equal(virtio_status(&disk.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
}

static void no_data_is_no_work(const char *line)
{
	uint32_t len;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	expect_equal(disk_do(BLK_READ, 0, NULL, 0, &len), BLK_OK);
	expect_equal(len, 1);
	if (!is_read_only())
		expect_equal(disk_do(BLK_WRITE, DISK_SCRATCH, NULL, 0, &len), BLK_OK);
}

static void flush_without_its_feature_is_unsupported(const char *line)
{
	(void)line;
	if (!disk_open(DISK_ALL_FEATURES & ~BLK_F_FLUSH, 1))
		return;
	expect_equal(disk_status(BLK_FLUSH, 0, NULL, 0), BLK_UNSUPPORTED);
	if (is_read_only())
		return;
	disk_fill(disk_block, 1);
	expect_equal(disk_status(BLK_WRITE, DISK_SCRATCH, disk_data, disk_block), BLK_OK);
	expect(disk_holds(DISK_SCRATCH, disk_block));
}

static void the_write_cache_can_be_turned_off(const char *line)
{
	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1) || is_read_only())
		return;
	for (unsigned int i = 0; i < 4; i++) {
		mmio_write8(disk.dev.device + BLK_CONFIG_WRITEBACK, i & 1);
		disk_fill(disk_block, 10 + i);
		expect_equal(disk_status(BLK_WRITE, DISK_SCRATCH, disk_data, disk_block), BLK_OK);
		expect(disk_holds(DISK_SCRATCH, disk_block));
		expect_equal(disk_status(BLK_FLUSH, 0, NULL, 0), BLK_OK);
	}
}

/* Whether or not the driver says that it knows about RO (5.2.6.2). */
static void a_read_only_disk_refuses_to_change(const char *line)
{
	struct blk_range range = { 0, 8, 0 };

	(void)line;
	for (unsigned int i = 0; i < 2; i++) {
		if (!disk_open(i == 0 ? DISK_ALL_FEATURES : 0, 1) || !is_read_only())
			return;
		disk_fill(disk_block, 5);
		expect_equal(disk_status(BLK_WRITE, 0, disk_data, disk_block), BLK_IO_ERROR);
		expect(disk_status(BLK_WRITE_ZEROES, 0, &range, sizeof(range)) != BLK_OK);
		expect(disk_status(BLK_DISCARD, 0, &range, sizeof(range)) != BLK_OK);
		expect(!disk_holds(0, disk_block));
		expect_equal(disk_status(BLK_FLUSH, 0, NULL, 0), i == 0 ? BLK_OK : BLK_UNSUPPORTED);
	}
}

/* Cuts [data, data + bytes) into 1 to 3 segments at random places. */
static unsigned int cut(struct random *random, struct virtqueue_segment *segments, const uint8_t *data, uint32_t bytes)
{
	unsigned int nr = 0, most = 1 + (unsigned int)random_below(random, 3);

	while (bytes > 0) {
		uint32_t n = bytes;

		if (nr + 1 < most && bytes > 1)
			n = 1 + (uint32_t)random_below(random, bytes - 1);
		segments[nr++] = (struct virtqueue_segment){ data, n };
		data += n;
		bytes -= n;
	}
	return nr;
}

/* A write and a read back, each header, data and status cut anywhere; the status is the last byte, whichever segment
 * that is in. */
static void one_framing(struct random *random)
{
	struct virtqueue_segment segments[VIRTQUEUE_MAX_SEGMENTS];
	struct virtqueue *vq = &disk.queues[0].vq;
	uint32_t bytes = disk_block * (1 + (uint32_t)random_below(random, 4));
	uint64_t place = random_below(random, 64) * (disk_block / BLK_SECTOR_BYTES);
	struct blk_header *header = (struct blk_header *)disk_data;
	uint8_t *payload = disk_data + sizeof(*header), status = BLK_PENDING;
	unsigned int nr_out, nr_in;

	disk_fill(sizeof(*header) + bytes, random_next(random));
	*header = (struct blk_header){ BLK_WRITE, (uint32_t)random_next(random), DISK_SCRATCH + place };
	nr_out = cut(random, segments, disk_data, (uint32_t)sizeof(*header) + bytes);
	segments[nr_out] = (struct virtqueue_segment){ &status, 1 };
	expect_equal(disk_chain(vq, segments, nr_out, 1), 1);
	expect_equal(status, BLK_OK);

	header->type = BLK_READ;
	memset(disk_found, BLK_PENDING, bytes + 1);
	nr_out = cut(random, segments, disk_data, sizeof(*header));
	nr_in = cut(random, segments + nr_out, disk_found, bytes + 1);
	expect_equal(disk_chain(vq, segments, nr_out, nr_in), bytes + 1);
	expect_equal(disk_found[bytes], BLK_OK);
	expect(memcmp(disk_found, payload, bytes) == 0);
}

static void framing_carries_no_meaning(const char *line)
{
	static const uint64_t rings[] = { 0, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, RINGS };
	struct random random = { 23 };

	(void)line;
	for (unsigned int i = 0; i < 4; i++) {
		if (!disk_open(DISK_ALL_FEATURES | rings[i], 1) || is_read_only())
			return;
		for (unsigned int round = 0; round < 100; round++)
			one_framing(&random);
	}
}

/* As many segments as seg_max allows, in an indirect table of the test's own, each of a different place in memory. */
static void as_many_segments_as_promised(const char *line)
{
	struct virtqueue *vq;
	volatile struct virtq_desc *table;
	struct blk_header header = { .type = BLK_READ };
	volatile uint8_t status = BLK_PENDING;
	uint32_t nr, len, each = BLK_SECTOR_BYTES;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES | VIRTIO_F_INDIRECT_DESC, 1))
		return;
	vq = &disk.queues[0].vq;
	nr = mmio_read32(disk.dev.device + BLK_CONFIG_SEG_MAX);
	nr = nr / 8 * 8 < DISK_BUFFER_BYTES / each ? nr / 8 * 8 : DISK_BUFFER_BYTES / each;
	table = pages_alloc((unsigned int)((nr + 2) * sizeof(*table) / PAGE_BYTES + 1));
	table[0] = (struct virtq_desc){ (uint64_t)&header, sizeof(header), VIRTQ_DESC_NEXT, 1 };
	for (uint32_t i = 0; i < nr; i++)
		table[i + 1] = (struct virtq_desc){ (uint64_t)disk_found + (uint64_t)(nr - 1 - i) * each, each,
						    VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE, (uint16_t)(i + 2) };
	table[nr + 1] = (struct virtq_desc){ (uint64_t)&status, 1, VIRTQ_DESC_WRITE, 0 };
	memset(disk_found, 0xff, DISK_BUFFER_BYTES);
	vq->avail->ring[vq->next_avail++ & (vq->size - 1)] = 0;
	vq->desc[0] =
		(struct virtq_desc){ (uint64_t)table, (nr + 2) * (uint32_t)sizeof(*table), VIRTQ_DESC_INDIRECT, 1 };
	virtqueue_kick(vq);
	while (virtqueue_poll(vq, &len) < 0)
		;
	expect_equal(status, BLK_OK);
	expect_equal(len, nr * each + 1);
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t found;

		memcpy(&found, disk_found + (uint64_t)(nr - 1 - i) * each, sizeof(found));
		expect_equal(found, i);
	}
}

/* SIZE_MAX is not offered, so a segment may be of any length. */
static void one_segment_of_any_length(const char *line)
{
	uint8_t *data;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1) || disk.nr_sectors * BLK_SECTOR_BYTES < LONG_BYTES)
		return;
	data = pages_alloc(LONG_BYTES / PAGE_BYTES);
	expect_equal(disk_status(BLK_READ, 0, data, LONG_BYTES), BLK_OK);
	for (uint64_t sector = 0; sector < DISK_SCRATCH; sector++) {
		uint64_t found;

		memcpy(&found, data + sector * BLK_SECTOR_BYTES, sizeof(found));
		expect_equal(found, sector);
	}
}

static void the_id_ends_after_twenty_bytes(const char *line)
{
	uint32_t len;

	(void)line;
	if (!disk_open(DISK_ALL_FEATURES, 1))
		return;
	memset(disk_found, 0xee, disk_block);
	expect_equal(disk_do(BLK_GET_ID, 0, disk_found, disk_block, &len), BLK_OK);
	expect_equal(len, ID_BYTES);
	for (uint32_t i = ID_BYTES; i < disk_block; i++)
		expect_equal(disk_found[i], 0xee);
}

/* Every queue takes every request, and they all are the same disk. */
static void every_queue_does_everything(const char *line)
{
	unsigned int nr = (unsigned int)option_number(line, "queues", 1);

	if (!disk_open(DISK_ALL_FEATURES | RINGS, nr) || is_read_only())
		return;
	expect_equal(disk.nr_queues, nr);
	for (unsigned int q = 0; q < disk.nr_queues; q++) {
		struct blk_range range = { DISK_SCRATCH, 2 * disk_block / BLK_SECTOR_BYTES, 0 };
		struct blk_queue *queue = &disk.queues[q], *next = &disk.queues[(q + 1) % disk.nr_queues];

		disk_fill(2 * disk_block, 30 + q);
		expect_equal(blk_do(queue, BLK_WRITE, DISK_SCRATCH, disk_data, 2 * disk_block), BLK_OK);
		expect_equal(blk_do(queue, BLK_FLUSH, 0, NULL, 0), BLK_OK);
		expect_equal(blk_do(next, BLK_READ, DISK_SCRATCH, disk_found, 2 * disk_block), BLK_OK);
		expect(memcmp(disk_data, disk_found, 2 * disk_block) == 0);
		expect_equal(blk_do(queue, BLK_WRITE_ZEROES, 0, &range, sizeof(range)), BLK_OK);
		expect_equal(blk_do(next, BLK_READ, DISK_SCRATCH, disk_found, 2 * disk_block), BLK_OK);
		for (uint32_t i = 0; i < 2 * disk_block; i++)
			expect(disk_found[i] == 0);
		if (disk.dev.features & BLK_F_DISCARD)
			expect_equal(blk_do(queue, BLK_DISCARD, 0, &range, sizeof(range)), BLK_OK);
		expect_equal(blk_do(queue, BLK_GET_ID, 0, disk_found, ID_BYTES), BLK_OK);
		expect_equal(blk_do(queue, (enum blk_type)99, 0, NULL, 0), BLK_UNSUPPORTED);
	}
}

const struct test tests_blk_requests[] = {
	{ "unknown_types_are_unsupported", unknown_types_are_unsupported },
	{ "used_length_counts_what_was_written", used_length_counts_what_was_written },
	{ "used_length_of_a_failed_read_promises_nothing", used_length_of_a_failed_read_promises_nothing },
	{ "only_whole_blocks_inside_the_disk", only_whole_blocks_inside_the_disk },
	{ "no_data_is_no_work", no_data_is_no_work },
	{ "flush_without_its_feature_is_unsupported", flush_without_its_feature_is_unsupported },
	{ "the_write_cache_can_be_turned_off", the_write_cache_can_be_turned_off },
	{ "a_read_only_disk_refuses_to_change", a_read_only_disk_refuses_to_change },
	{ "framing_carries_no_meaning", framing_carries_no_meaning },
	{ "as_many_segments_as_promised", as_many_segments_as_promised },
	{ "one_segment_of_any_length", one_segment_of_any_length },
	{ "the_id_ends_after_twenty_bytes", the_id_ends_after_twenty_bytes },
	{ "every_queue_does_everything", every_queue_does_everything },
	TEST_END,
};
