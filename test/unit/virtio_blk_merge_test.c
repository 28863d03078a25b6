/* Neighbouring transfers of a batch: what becomes one submission, what does not, and that each request still ends on
 * its own. */
#include "test/unit/virtio_blk_fixture.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "test/unit/fake_timer.h"
#include "virtio/dev/blk_merge.h"

#define MERGE_BYTES 65536
#define SECOND UINT64_C(1000000000)
#define SLOT_BYTES 0x8000 /* of guest memory, for one request's data */

/* A request of the batch: its place in guest memory is its number's. */
struct offered {
	uint32_t type;
	uint64_t sector;
	uint32_t bytes;
	uint32_t step; /* bytes a descriptor; 0: all in one */
};

static struct offered batch[QUEUE_SIZE];
static uint16_t heads[QUEUE_SIZE];
static uint32_t used_lengths[QUEUE_SIZE];
static unsigned int nr_offered;
static gpa_t slot_bytes; /* from one request's data to the next one's */

static void setup_merging(void)
{
	setup();
	disk->geometry.merge_bytes = MERGE_BYTES;
	disk->consumes_on_failure = true;
	remake(0);
	nr_offered = 0;
	slot_bytes = SLOT_BYTES;
}

static gpa_t data_of(unsigned int index)
{
	return DATA + index * slot_bytes;
}

/* What request `index` writes: no two bytes near each other are alike. */
static uint8_t written_at(unsigned int index, uint32_t at)
{
	return (uint8_t)(index * 59 + at * 3 + at / 512 + 1);
}

static void offer(struct offered request)
{
	struct virtio_blk_outhdr header = { .type = request.type, .sector = request.sector };
	bool reads = request.type == VIRTIO_BLK_T_IN;
	struct driver_buffer buffers[QUEUE_SIZE];
	unsigned int nr, i = nr_offered++;

	memcpy(at(HEADER + i * 16), &header, sizeof(header));
	*at(STATUS + i) = UNTOUCHED;
	for (uint32_t byte = 0; byte < request.bytes; byte++)
		*at(data_of(i) + byte) = reads ? UNTOUCHED : written_at(i, byte);
	nr = cut(buffers, HEADER + i * 16, 16, 16, false);
	/* Pieces of a request lie in memory last first, so that none goes on where the one before ends. */
	for (uint32_t done = 0, step = request.step ? request.step : request.bytes; done < request.bytes; done += step)
		buffers[nr++] = (struct driver_buffer){ data_of(i) + request.bytes - done - step, step, reads };
	nr += cut(buffers + nr, STATUS + i, 1, 1, true);
	batch[i] = request;
	heads[i] = driver_build(&driver, buffers, nr, 0, TABLE + i * 1024);
	driver_offer(&driver, heads[i]);
}

static void offer_row(uint32_t type, uint64_t sector, unsigned int nr, uint32_t bytes)
{
	for (unsigned int i = 0; i < nr; i++)
		offer((struct offered){ type, sector + i * (bytes / 512), bytes, 0 });
}

static void run(void)
{
	disk->nr_submitted = 0;
	kick();
	fake_loop_settle(loop, 100);
}

/* Takes what has come back: how many. Each of the batch comes at most once. */
static unsigned int collect(void)
{
	unsigned int nr = 0;
	uint16_t head;
	uint32_t len;

	while (driver_collect(&driver, &head, &len)) {
		unsigned int i = 0;

		while (i < nr_offered && heads[i] != head)
			i++;
		ck_assert_uint_lt(i, nr_offered);
		heads[i] = UINT16_MAX;
		used_lengths[i] = len;
		nr++;
	}
	return nr;
}

static bool data_agrees(unsigned int index)
{
	const struct offered *request = &batch[index];
	uint32_t step = request->step ? request->step : request->bytes;

	for (uint32_t done = 0; done < request->bytes; done += step) {
		if (memcmp(at(data_of(index) + request->bytes - done - step), disk->data + request->sector * 512 + done,
			   step) != 0)
			return false;
	}
	return true;
}

/* Request `index` has succeeded, with its own bytes moved and its own length told. */
static void check_good(unsigned int index)
{
	const struct offered *request = &batch[index];

	ck_assert_uint_eq(*at(STATUS + index), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(used_lengths[index], request->type == VIRTIO_BLK_T_IN ? request->bytes + 1 : 1);
	ck_assert(data_agrees(index));
}

static void check_all_good(void)
{
	ck_assert_uint_eq(collect(), nr_offered);
	for (unsigned int i = 0; i < nr_offered; i++)
		check_good(i);
}

static void check_submission(unsigned int index, enum block_op op, uint64_t sector, uint64_t bytes, unsigned int nr_iov)
{
	const struct fake_submission *submission = &disk->submissions[index];

	ck_assert_uint_lt(index, disk->nr_submitted);
	ck_assert_int_eq(submission->op, op);
	ck_assert_uint_eq(submission->offset, sector * 512);
	ck_assert_uint_eq(submission->length, bytes);
	ck_assert_uint_eq(submission->nr_iov, nr_iov);
}

/* --- what becomes one --- */

START_TEST(neighbours_become_one_submission)
{
	static uint8_t before[DISK_BYTES];
	bool reads = _i == 0;

	memcpy(before, disk->data, DISK_BYTES);
	offer_row(reads ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, 10, 4, 1024);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_submission(0, reads ? BLOCK_READ : BLOCK_WRITE, 10, 4096, 4);
	check_all_good();
	/* And nothing beside. */
	ck_assert_mem_eq(disk->data, before, 10 * 512);
	ck_assert_mem_eq(disk->data + 18 * 512, before + 18 * 512, DISK_BYTES - 18 * 512);
	if (reads)
		ck_assert_mem_eq(disk->data, before, DISK_BYTES);
	ck_assert_uint_eq(*at(data_of(0) + 1024), 0);
}
END_TEST

START_TEST(lengths_may_differ)
{
	static const uint32_t bytes[] = { 512, 4096, 1024, 2048, 512 };
	uint64_t sector = 100;

	for (unsigned int i = 0; i < 5; i++) {
		offer((struct offered){ VIRTIO_BLK_T_IN, sector, bytes[i], i == 1 ? 256 : 0 });
		sector += bytes[i] / 512;
	}
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_submission(0, BLOCK_READ, 100, 8192, 4 + 4096 / 256);
	check_all_good();
}
END_TEST

START_TEST(buffers_that_follow_one_another_become_one_iovec)
{
	slot_bytes = 1024;
	offer_row(VIRTIO_BLK_T_OUT, 0, 3, 1024);
	nr_offered++; /* leaves a gap in memory */
	batch[3] = (struct offered){ 0 };
	offer((struct offered){ VIRTIO_BLK_T_OUT, 6, 1024, 0 });
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_submission(0, BLOCK_WRITE, 0, 4096, 2);
	ck_assert_uint_eq(collect(), 4);
	for (unsigned int i = 0; i < 5; i++) {
		if (i != 3)
			check_good(i);
	}
}
END_TEST

START_TEST(durable_writes_stay_durable)
{
	remake(CORE);
	offer_row(VIRTIO_BLK_T_OUT, 8, 2, 512);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_submission(0, BLOCK_WRITE_DURABLE, 8, 1024, 2);
	check_all_good();
	ck_assert_mem_eq(disk->stable + 4096, disk->data + 4096, 1024);
}
END_TEST

START_TEST(what_has_reached_the_limit_is_followed_by_another)
{
	/* Exactly MERGE_BYTES each. */
	offer_row(VIRTIO_BLK_T_IN, 0, 8, MERGE_BYTES / 4);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 2);
	check_submission(0, BLOCK_READ, 0, MERGE_BYTES, 4);
	check_submission(1, BLOCK_READ, MERGE_BYTES / 512, MERGE_BYTES, 4);
	check_all_good();
}
END_TEST

START_TEST(a_batch_that_needs_more_than_the_segments_is_cut_between_requests)
{
	unsigned int fit = BLK_MERGE_SEGMENTS / 60;

	disk->geometry.merge_bytes = DISK_BYTES;
	for (unsigned int i = 0; i < fit + 1; i++)
		offer((struct offered){ VIRTIO_BLK_T_IN, i * 60, 60 * 512, 512 });
	run();
	ck_assert_uint_eq(disk->nr_submitted, 2);
	check_submission(0, BLOCK_READ, 0, fit * 60 * 512, fit * 60);
	check_submission(1, BLOCK_READ, fit * 60, 60 * 512, 60);
	check_all_good();
}
END_TEST

/* --- what does not --- */

static const struct apart {
	struct offered first, second;
	uint32_t merge_bytes;
	uint32_t max_segments;
} apart[] = {
	{ { VIRTIO_BLK_T_IN, 0, 512, 0 }, { VIRTIO_BLK_T_OUT, 1, 512, 0 }, MERGE_BYTES, 1024 },
	{ { VIRTIO_BLK_T_OUT, 0, 512, 0 }, { VIRTIO_BLK_T_IN, 1, 512, 0 }, MERGE_BYTES, 1024 },
	/* a gap; backwards; the same again; the last sector twice */
	{ { VIRTIO_BLK_T_IN, 0, 512, 0 }, { VIRTIO_BLK_T_IN, 2, 512, 0 }, MERGE_BYTES, 1024 },
	{ { VIRTIO_BLK_T_IN, 1, 512, 0 }, { VIRTIO_BLK_T_IN, 0, 512, 0 }, MERGE_BYTES, 1024 },
	{ { VIRTIO_BLK_T_OUT, 3, 512, 0 }, { VIRTIO_BLK_T_OUT, 3, 512, 0 }, MERGE_BYTES, 1024 },
	{ { VIRTIO_BLK_T_IN, 0, 1024, 0 }, { VIRTIO_BLK_T_IN, 1, 1024, 0 }, MERGE_BYTES, 1024 },
	/* a sector too many; larger than that already; not wanted */
	{ { VIRTIO_BLK_T_IN, 0, 2048, 0 }, { VIRTIO_BLK_T_IN, 4, 2048, 0 }, 3584, 1024 },
	{ { VIRTIO_BLK_T_OUT, 0, 8192, 0 }, { VIRTIO_BLK_T_OUT, 16, 512, 0 }, 4096, 1024 },
	{ { VIRTIO_BLK_T_IN, 0, 512, 0 }, { VIRTIO_BLK_T_IN, 1, 512, 0 }, 0, 1024 },
	/* a segment too many */
	{ { VIRTIO_BLK_T_IN, 0, 1024, 512 }, { VIRTIO_BLK_T_IN, 2, 1024, 512 }, MERGE_BYTES, 3 },
};

START_TEST(others_go_to_the_disk_each_on_its_own_and_in_order)
{
	const struct apart *these = &apart[_i];

	disk->geometry.merge_bytes = these->merge_bytes;
	disk->geometry.max_segments = these->max_segments;
	remake(0);
	offer(these->first);
	offer(these->second);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 2);
	ck_assert_uint_eq(disk->submissions[0].offset, these->first.sector * 512);
	ck_assert_uint_eq(disk->submissions[0].length, these->first.bytes);
	ck_assert_uint_eq(disk->submissions[1].offset, these->second.sector * 512);
	ck_assert_uint_eq(disk->submissions[1].length, these->second.bytes);
	ck_assert_uint_eq(collect(), 2);
	check_good(1);
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(neighbours_in_two_batches_do_not_wait_for_each_other)
{
	offer((struct offered){ VIRTIO_BLK_T_IN, 0, 512, 0 });
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	offer((struct offered){ VIRTIO_BLK_T_IN, 1, 512, 0 });
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_all_good();
}
END_TEST

START_TEST(what_comes_between_keeps_its_place)
{
	const struct virtio_blk_discard_write_zeroes range = { .sector = 64, .num_sectors = 8 };
	bool flush = _i == 0;

	offer_row(VIRTIO_BLK_T_OUT, 0, 2, 512);
	offer((struct offered){ flush ? VIRTIO_BLK_T_FLUSH : VIRTIO_BLK_T_DISCARD, 0, flush ? 0 : sizeof(range), 0 });
	if (!flush)
		memcpy(at(data_of(2)), &range, sizeof(range));
	offer_row(VIRTIO_BLK_T_OUT, 2, 2, 512);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 3);
	check_submission(0, BLOCK_WRITE, 0, 1024, 2);
	ck_assert_int_eq(disk->submissions[1].op, flush ? BLOCK_FLUSH : BLOCK_DISCARD);
	check_submission(2, BLOCK_WRITE, 2, 1024, 2);
	ck_assert_uint_eq(collect(), 5);
	for (unsigned int i = 0; i < 5; i++) {
		if (i != 2)
			check_good(i);
	}
	ck_assert_uint_eq(*at(STATUS + 2), VIRTIO_BLK_S_OK);
	if (flush)
		ck_assert_mem_eq(disk->stable, disk->data, 1024);
}
END_TEST

START_TEST(what_is_refused_between_does_not_part_neighbours)
{
	offer((struct offered){ VIRTIO_BLK_T_IN, 0, 512, 0 });
	offer((struct offered){ VIRTIO_BLK_T_IN, DISK_SECTORS, 512, 0 });
	offer((struct offered){ VIRTIO_BLK_T_IN, 1, 512, 0 });
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_submission(0, BLOCK_READ, 0, 1024, 2);
	ck_assert_uint_eq(collect(), 3);
	check_good(0);
	check_good(2);
	ck_assert_uint_eq(*at(STATUS + 1), VIRTIO_BLK_S_IOERR);
}
END_TEST

START_TEST(a_ring_that_breaks_later_in_the_batch_leaves_nothing_behind)
{
	const struct driver_buffer no_status = { HEADER, 16, false };

	offer_row(VIRTIO_BLK_T_OUT, 0, 2, 512);
	driver_add(&driver, &no_status, 1);
	run();
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	ck_assert_uint_eq(disk->nr_submitted, 1);
	ck_assert_uint_eq(disk->nr_in_flight, 0);
	ck_assert(data_agrees(0) && data_agrees(1));
}
END_TEST

static void turn_write_cache_off(void)
{
	dev->ops->config_write(dev, offsetof(struct virtio_blk_config, wce), 1, 0);
	disk->on_submit = NULL;
}

START_TEST(a_durable_write_does_not_join_a_plain_one)
{
	/* The read is submitted when the first write comes, and the cache is gone with the second. */
	offer((struct offered){ VIRTIO_BLK_T_IN, 100, 512, 0 });
	offer_row(VIRTIO_BLK_T_OUT, 0, 3, 512);
	disk->on_submit = turn_write_cache_off;
	run();
	ck_assert_uint_eq(disk->nr_submitted, 3);
	check_submission(0, BLOCK_READ, 100, 512, 1);
	check_submission(1, BLOCK_WRITE, 0, 512, 1);
	check_submission(2, BLOCK_WRITE_DURABLE, 1, 1024, 2);
	check_all_good();
}
END_TEST

/* --- failures --- */

START_TEST(only_the_request_that_has_the_error_reports_it)
{
	bool reads = _i % 2 == 0;
	unsigned int bad = (unsigned int)_i / 2;

	/* Contiguous in memory: the iovec that the disk consumes is not a member's. */
	slot_bytes = 1024;
	offer_row(reads ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, 20, 4, 1024);
	disk->bad_offset = (20 + bad * 2 + 1) * 512;
	disk->bad_bytes = 512;
	run();
	ck_assert_uint_eq(disk->nr_submitted, 5);
	check_submission(0, reads ? BLOCK_READ : BLOCK_WRITE, 20, 4096, 1);
	for (unsigned int i = 0; i < 4; i++)
		check_submission(1 + i, reads ? BLOCK_READ : BLOCK_WRITE, 20 + i * 2, 1024, 1);
	ck_assert_uint_eq(disk->nr_carried_out, 3);
	ck_assert_uint_eq(collect(), 4);
	for (unsigned int i = 0; i < 4; i++) {
		if (i != bad)
			check_good(i);
	}
	ck_assert_uint_eq(*at(STATUS + bad), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(used_lengths[bad], reads ? 0 : 1);
}
END_TEST

START_TEST(a_failure_that_does_not_come_back_is_not_told)
{
	offer_row(VIRTIO_BLK_T_OUT, 0, 3, 2048);
	disk->fail_with = -EAGAIN;
	run();
	ck_assert_uint_eq(disk->nr_submitted, 4);
	check_all_good();
}
END_TEST

static unsigned int nr_began, nr_ended;
static struct blk_trouble trouble;

static void began(void *arg, const struct blk_trouble *found)
{
	(void)arg;
	nr_began++;
	trouble = *found;
}

static void ended(void *arg)
{
	(void)arg;
	nr_ended++;
}

static const struct blk_trouble_ops ops = { .began = began, .ended = ended };

START_TEST(with_the_policy_pause_only_the_bad_request_is_held)
{
	nr_began = nr_ended = 0;
	trouble_ops = &ops;
	remake(0);
	for (unsigned int i = 0; i < 3; i++)
		offer((struct offered){ VIRTIO_BLK_T_OUT, i * 4, 2048, 512 });
	disk->bad_offset = 5 * 512;
	disk->bad_bytes = 512;
	run();
	ck_assert_uint_eq(disk->nr_submitted, 4);
	ck_assert_uint_eq(nr_began, 1);
	ck_assert_uint_eq(trouble.offset, 4 * 512);
	ck_assert_uint_eq(trouble.length, 2048);
	ck_assert_uint_eq(collect(), 2);
	check_good(0);
	check_good(2);
	ck_assert_uint_eq(*at(STATUS + 1), UNTOUCHED);
	/* Still bad, then well: the held one alone is tried. */
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(disk->nr_submitted, 5);
	ck_assert_uint_eq(collect(), 0);
	disk->bad_bytes = 0;
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(disk->nr_submitted, 6);
	check_submission(5, BLOCK_WRITE, 4, 2048, 4);
	ck_assert_uint_eq(collect(), 1);
	check_good(1);
	ck_assert_uint_eq(nr_ended, 1);
}
END_TEST

START_TEST(a_reset_waits_for_what_is_merged_and_drops_what_fails)
{
	bool fails = _i == 1;

	disk->hold = true;
	offer_row(VIRTIO_BLK_T_IN, 0, 6, 512);
	run();
	ck_assert_uint_eq(disk->nr_in_flight, 1);
	disk->hold = false;
	disk->fail_all_with = fails ? -EIO : 0;
	dev->ops->reset(dev);
	ck_assert_uint_eq(disk->nr_in_flight, 0);
	/* What failed is not tried again for a driver that has gone. */
	ck_assert_uint_eq(disk->nr_submitted, 1);
	for (unsigned int i = 0; i < 6; i++)
		ck_assert_uint_eq(*at(STATUS + i), fails ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
	memset(at(DATA), 0x77, SLOT_BYTES);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(*at(DATA), 0x77);
	disk->fail_all_with = 0;
	nr_offered = 0;
	activate(dev->features);
	offer_row(VIRTIO_BLK_T_IN, 4, 3, 512);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_all_good();
}
END_TEST

/* --- a full queue --- */

START_TEST(a_queue_full_of_pairs_finds_room_for_each)
{
	/* The second and third round take what the one before gave back: once in order, once by way of failures. */
	slot_bytes = 1024;
	for (unsigned int round = 0; round < 3; round++) {
		nr_offered = 0;
		for (unsigned int i = 0; i < QUEUE_SIZE / 2; i++)
			offer_row(VIRTIO_BLK_T_IN, i * 8, 2, 512);
		disk->hold = true;
		run();
		ck_assert_uint_eq(disk->nr_in_flight, QUEUE_SIZE / 2);
		for (unsigned int i = 0; i < QUEUE_SIZE / 2; i++)
			check_submission(i, BLOCK_READ, i * 8, 1024, 2);
		disk->newest_first = round == 1;
		disk->fail_all_with = round == 1 ? -EIO : 0;
		for (unsigned int i = 0; i < QUEUE_SIZE / 2; i++)
			ck_assert(fake_block_complete(block));
		disk->newest_first = false;
		disk->fail_all_with = 0;
		disk->hold = false;
		fake_loop_settle(loop, 100);
		ck_assert_uint_eq(disk->nr_in_flight, 0);
		if (round == 0)
			ck_assert_uint_eq(disk->nr_submitted, QUEUE_SIZE / 2);
		ck_assert_uint_eq(collect(), QUEUE_SIZE);
	}
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		check_good(i);
}
END_TEST

START_TEST(a_whole_queue_becomes_one)
{
	slot_bytes = 1024;
	offer_row(VIRTIO_BLK_T_OUT, 0, QUEUE_SIZE, 1024);
	run();
	ck_assert_uint_eq(disk->nr_submitted, 1);
	check_submission(0, BLOCK_WRITE, 0, QUEUE_SIZE * 1024, 1);
	check_all_good();
}
END_TEST

static Suite *merge_suite(void)
{
	Suite *suite = suite_create("virtio blk merge");
	TCase *tc = tcase_create("one");

	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_loop_test(tc, neighbours_become_one_submission, 0, 2);
	tcase_add_test(tc, lengths_may_differ);
	tcase_add_test(tc, buffers_that_follow_one_another_become_one_iovec);
	tcase_add_test(tc, durable_writes_stay_durable);
	tcase_add_test(tc, what_has_reached_the_limit_is_followed_by_another);
	tcase_add_test(tc, a_batch_that_needs_more_than_the_segments_is_cut_between_requests);
	suite_add_tcase(suite, tc);

	tc = tcase_create("apart");
	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_loop_test(tc, others_go_to_the_disk_each_on_its_own_and_in_order, 0,
			    sizeof(apart) / sizeof(apart[0]));
	tcase_add_test(tc, neighbours_in_two_batches_do_not_wait_for_each_other);
	tcase_add_loop_test(tc, what_comes_between_keeps_its_place, 0, 2);
	tcase_add_test(tc, what_is_refused_between_does_not_part_neighbours);
	tcase_add_test(tc, a_ring_that_breaks_later_in_the_batch_leaves_nothing_behind);
	tcase_add_test(tc, a_durable_write_does_not_join_a_plain_one);
	suite_add_tcase(suite, tc);

	tc = tcase_create("failures");
	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_loop_test(tc, only_the_request_that_has_the_error_reports_it, 0, 8);
	tcase_add_test(tc, a_failure_that_does_not_come_back_is_not_told);
	tcase_add_test(tc, with_the_policy_pause_only_the_bad_request_is_held);
	tcase_add_loop_test(tc, a_reset_waits_for_what_is_merged_and_drops_what_fails, 0, 2);
	suite_add_tcase(suite, tc);

	tc = tcase_create("full");
	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_test(tc, a_queue_full_of_pairs_finds_room_for_each);
	tcase_add_test(tc, a_whole_queue_becomes_one);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(merge_suite());
}
