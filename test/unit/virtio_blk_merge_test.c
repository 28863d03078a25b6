/* Neighbouring transfers of a batch: what becomes one submission and what does not. */
#include "test/unit/virtio_blk_rows.h"

#include <stddef.h>
#include <string.h>

#include "virtio/dev/blk_merge.h"

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

START_TEST(what_needs_a_copy_does_not_take_along_what_needs_none)
{
	disk->geometry.buffer_align = 2;
	remake(0);
	offer_row(VIRTIO_BLK_T_OUT, 0, 2, 1024);
	offer((struct offered){ VIRTIO_BLK_T_OUT, 4, 1024, 256 });
	offer((struct offered){ VIRTIO_BLK_T_OUT, 6, 1024, 256 });
	offer((struct offered){ VIRTIO_BLK_T_OUT, 8, 1024, 0 });
	run();
	ck_assert_uint_eq(disk->nr_submitted, 3);
	check_submission(0, BLOCK_WRITE, 0, 2048, 2);
	check_submission(1, BLOCK_WRITE, 4, 2048, 8);
	check_submission(2, BLOCK_WRITE, 8, 1024, 1);
	check_all_good();
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
	tcase_add_test(tc, a_whole_queue_becomes_one);
	suite_add_tcase(suite, tc);

	tc = tcase_create("apart");
	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_loop_test(tc, others_go_to_the_disk_each_on_its_own_and_in_order, 0,
			    sizeof(apart) / sizeof(apart[0]));
	tcase_add_test(tc, what_needs_a_copy_does_not_take_along_what_needs_none);
	tcase_add_test(tc, neighbours_in_two_batches_do_not_wait_for_each_other);
	tcase_add_loop_test(tc, what_comes_between_keeps_its_place, 0, 2);
	tcase_add_test(tc, what_is_refused_between_does_not_part_neighbours);
	tcase_add_test(tc, a_ring_that_breaks_later_in_the_batch_leaves_nothing_behind);
	tcase_add_test(tc, a_durable_write_does_not_join_a_plain_one);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(merge_suite());
}
