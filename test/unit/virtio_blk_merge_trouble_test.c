/* Merged transfers that fail, are held or are reset: each request still ends on its own. */
#include "test/unit/virtio_blk_rows.h"

#include <errno.h>
#include <string.h>

#include "test/unit/fake_timer.h"

#define SECOND UINT64_C(1000000000)

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

START_TEST(a_queue_full_of_pairs_finds_room_for_each)
{
	/* The second and third round take what the one before gave back: once in order, once by way of failures. */
	slot_bytes = 1024;
	driver_set_used_event(&driver, 0x8000); /* not waiting for an interrupt: all in one part */
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

static Suite *trouble_suite(void)
{
	Suite *suite = suite_create("virtio blk merge trouble");
	TCase *tc = tcase_create("trouble");

	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_loop_test(tc, only_the_request_that_has_the_error_reports_it, 0, 8);
	tcase_add_test(tc, a_failure_that_does_not_come_back_is_not_told);
	tcase_add_test(tc, with_the_policy_pause_only_the_bad_request_is_held);
	tcase_add_loop_test(tc, a_reset_waits_for_what_is_merged_and_drops_what_fails, 0, 2);
	tcase_add_test(tc, a_queue_full_of_pairs_finds_room_for_each);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(trouble_suite());
}
