/* virtio-blk's rules: what fails and how, when writes are durable, discard and write-zeroes. */
#include "test/unit/virtio_blk_fixture.h"

#include <errno.h>
#include <string.h>

/* --- errors --- */

START_TEST(requests_outside_the_disk_fail_and_touch_nothing)
{
	static const struct {
		uint64_t sector;
		uint32_t bytes;
	} bad[] = {
		{ DISK_SECTORS, 512 },	     { DISK_SECTORS - 1, 1024 },	{ UINT64_MAX, 512 },
		{ UINT64_MAX / 512, 512 },   { UINT64_MAX / 512 + 1, 512 },	{ 0, DISK_BYTES + 512 },
		{ UINT64_C(1) << 55, 4096 }, { (UINT64_C(1) << 55) + 8, 4096 }, { DISK_SECTORS + 1, 0 },
	};
	uint32_t len;

	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, bad[_i].sector, bad[_i].bytes, true, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(len, bad[_i].bytes == 0 ? 1 : 0);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, bad[_i].sector, bad[_i].bytes, false, &len),
			  VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(len, 1);
	ck_assert_uint_eq(disk->nr_submitted, 0);
	ck_assert_uint_eq(transport.nr_needs_reset, 0);
}
END_TEST

START_TEST(transfers_that_are_not_whole_blocks_fail)
{
	uint32_t len;

	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 0, 511, true, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 0, 513, false, &len), VIRTIO_BLK_S_IOERR);
	disk->geometry.logical_block_bytes = 4096;
	remake(0);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 0, 512, true, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 1, 4096, true, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 8, 4096, true, &len), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(at(DATA), disk->data + 4096, 4096);
}
END_TEST

START_TEST(more_segments_than_the_disk_takes_fail)
{
	struct driver_buffer buffers[QUEUE_SIZE];
	unsigned int nr;
	uint32_t len;

	disk->geometry.max_segments = 4;
	remake(0);
	put_header(VIRTIO_BLK_T_IN, 0);
	nr = cut(buffers, HEADER, 16, 16, false);
	nr += cut(buffers + nr, DATA, 5 * 512, 512, true);
	nr += cut(buffers + nr, STATUS, 1, 1, true);
	ck_assert_uint_eq(run_chain(buffers, nr, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(disk->nr_submitted, 0);
}
END_TEST

START_TEST(a_read_only_disk_refuses_every_change)
{
	uint32_t len;

	disk->geometry.read_only = true;
	/* a driver that claims what was not offered gets no further */
	remake(dev->features);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 0, 512, false, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 0, 512, true, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_FLUSH, 0, 0, false, &len), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(unknown_types_are_unsupported)
{
	static const uint32_t types[] = { 2, 3, 5, 7, 9, 10, 12, 14, 15, 16, 0x80000000, UINT32_MAX };
	uint32_t len;

	ck_assert_uint_eq(run_request(types[_i], 0, 512, _i & 1, &len), VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(len, _i & 1 ? 0 : 1);
	ck_assert_uint_eq(disk->nr_submitted, 0);
}
END_TEST

START_TEST(what_was_not_negotiated_is_unsupported)
{
	uint32_t len;

	remake(CORE);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_FLUSH, 0, 0, false, &len), VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0), VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(disk->nr_submitted, 0);
}
END_TEST

START_TEST(an_error_of_the_disk_reaches_the_driver)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH };
	uint32_t len;

	disk->fail_with = -EIO;
	ck_assert_uint_eq(run_request(types[_i], 0, _i == 2 ? 0 : 512, _i == 0, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(len, _i == 0 ? 0 : 1);
	disk->fail_with = -EOPNOTSUPP;
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_UNSUPP);
	/* and the next one works */
	ck_assert_uint_eq(run_request(types[_i], 0, _i == 2 ? 0 : 512, _i == 0, &len), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(a_header_cut_short_fails_if_there_is_a_status_to_say_so)
{
	const struct driver_buffer buffers[] = { { HEADER, _i, false }, { STATUS, 1, true } };
	uint32_t len;

	put_header(VIRTIO_BLK_T_FLUSH, 0);
	ck_assert_uint_eq(run_chain(buffers, 2, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(transport.nr_needs_reset, 0);
}
END_TEST

START_TEST(a_request_without_room_for_its_status_comes_back_and_the_device_needs_a_reset)
{
	const struct driver_buffer buffer = { HEADER, 16, false };
	uint16_t head;
	uint32_t len;

	put_header(VIRTIO_BLK_T_FLUSH, 0);
	driver_add(&driver, &buffer, 1);
	driver_add(&driver, &buffer, 1);
	kick();
	fake_loop_settle(loop, 10);
	ck_assert(driver_collect(&driver, &head, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert(!driver_collect(&driver, &head, &len));
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	/* a reset makes it good again */
	dev->ops->reset(dev);
	activate(dev->features);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 0, 512, true, &len), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(requests_in_flight_finish_although_the_queue_broke)
{
	uint16_t head;
	uint32_t len;
	const struct driver_buffer buffers[] = { { HEADER, 16, false }, { DATA, 512, true }, { STATUS, 1, true } };

	disk->hold = true;
	put_header(VIRTIO_BLK_T_IN, 2);
	driver_add(&driver, buffers, 3);
	driver_offer(&driver, QUEUE_SIZE + 1);
	kick();
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	disk->hold = false;
	fake_loop_settle(loop, 10);
	ck_assert(driver_collect(&driver, &head, &len));
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
}
END_TEST

/* --- durability --- */

START_TEST(with_a_write_cache_only_a_flush_makes_writes_durable)
{
	uint32_t len;

	memset(at(DATA), 0x77, 512);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 1, 512, false, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_ne(disk->stable[512], 0x77);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_FLUSH, 0, 0, false, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 1);
	ck_assert_mem_eq(disk->stable, disk->data, DISK_BYTES);
}
END_TEST

START_TEST(a_driver_without_flush_gets_durable_writes_and_zeroes)
{
	uint32_t len;

	/* with CONFIG_WCE the cache is shown as off from the start */
	remake(CORE | BIT(VIRTIO_BLK_F_WRITE_ZEROES) | (_i ? BIT(VIRTIO_BLK_F_CONFIG_WCE) : 0));
	if (_i)
		ck_assert_uint_eq(((const struct virtio_blk_config *)dev->config)->wce, 0);
	memset(at(DATA), 0x77, 512);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 1, 512, false, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->stable[512], 0x77);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 1, 1, 0), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->stable[512], 0);
}
END_TEST

START_TEST(the_driver_turns_the_write_cache_off_and_on)
{
	const struct virtio_blk_config *config = dev->config;
	const unsigned int wce = offsetof(struct virtio_blk_config, wce);
	uint32_t len;

	dev->ops->config_write(dev, wce, 1, 0);
	ck_assert_uint_eq(config->wce, 0);
	memset(at(DATA), 0x31, 512);
	run_request(VIRTIO_BLK_T_OUT, 1, 512, false, &len);
	ck_assert_uint_eq(disk->stable[512], 0x31);
	dev->ops->config_write(dev, wce, 1, 0xff);
	ck_assert_uint_eq(config->wce, 1);
	memset(at(DATA), 0x32, 512);
	run_request(VIRTIO_BLK_T_OUT, 1, 512, false, &len);
	ck_assert_uint_eq(disk->stable[512], 0x31);
	/* a reset turns it on */
	dev->ops->config_write(dev, wce, 1, 0);
	dev->ops->reset(dev);
	ck_assert_uint_eq(config->wce, 1);
}
END_TEST

START_TEST(nothing_else_in_the_configuration_can_be_written)
{
	struct virtio_blk_config before;

	memcpy(&before, dev->config, dev->config_size);
	for (unsigned int size = 1; size <= 8; size *= 2) {
		for (unsigned int offset = 0; offset + size <= dev->config_size; offset++) {
			if (size == 1 && offset == offsetof(struct virtio_blk_config, wce))
				continue;
			dev->ops->config_write(dev, offset, size, 0);
		}
	}
	ck_assert_mem_eq(&before, dev->config, dev->config_size);
}
END_TEST

/* --- discard and write-zeroes --- */

START_TEST(discard_and_write_zeroes_touch_exactly_their_range)
{
	static uint8_t expected[DISK_BYTES];

	memcpy(expected, disk->data, DISK_BYTES);
	memset(expected + 8 * 512, 0xdd, 16 * 512);
	memset(expected + 100 * 512, 0, 3 * 512);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_DISCARD, 8, 16, 0), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 100, 3, 0), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(disk->data, expected, DISK_BYTES);
	ck_assert_uint_eq(disk->nr_of[BLOCK_DISCARD], 1);
	ck_assert_uint_eq(disk->nr_of[BLOCK_WRITE_ZEROES], 1);
}
END_TEST

START_TEST(unmap_is_passed_on_only_where_it_gives_space_back)
{
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->nr_of[BLOCK_WRITE_ZEROES_UNMAP], 1);
	disk->geometry.zeroes_may_unmap = false;
	remake(0);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->nr_of[BLOCK_WRITE_ZEROES], 1);
}
END_TEST

START_TEST(several_ranges_are_carried_out_in_one_request)
{
	struct virtio_blk_discard_write_zeroes ranges[9];
	unsigned int max = ((const struct virtio_blk_config *)dev->config)->max_discard_seg;

	ck_assert_uint_le(max, 8);
	for (unsigned int i = 0; i < 9; i++)
		ranges[i] = (struct virtio_blk_discard_write_zeroes){ .sector = i * 64, .num_sectors = i };
	ck_assert_uint_eq(run_ranges(VIRTIO_BLK_T_DISCARD, ranges, max), VIRTIO_BLK_S_OK);
	/* the first is empty */
	ck_assert_uint_eq(disk->nr_of[BLOCK_DISCARD], max - 1);
	for (unsigned int i = 1; i < max; i++) {
		ck_assert_uint_eq(disk->data[i * 64 * 512], 0xdd);
		ck_assert_uint_eq(disk->data[(i * 64 + i) * 512 - 1], 0xdd);
	}
	ck_assert_uint_eq(run_ranges(VIRTIO_BLK_T_DISCARD, ranges, max + 1), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_ranges(VIRTIO_BLK_T_WRITE_ZEROES, ranges, 1), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(a_bad_range_fails_before_any_is_carried_out)
{
	static const struct {
		uint32_t type;
		struct virtio_blk_discard_write_zeroes range;
		uint8_t status;
	} bad[] = {
		{ VIRTIO_BLK_T_DISCARD, { DISK_SECTORS, 1, 0 }, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_DISCARD, { DISK_SECTORS - 1, 2, 0 }, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_DISCARD, { UINT64_MAX, 1, 0 }, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_DISCARD, { 0, UINT32_MAX, 0 }, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_DISCARD, { 0, 8, 1 }, VIRTIO_BLK_S_UNSUPP },
		{ VIRTIO_BLK_T_DISCARD, { 0, 8, 2 }, VIRTIO_BLK_S_UNSUPP },
		{ VIRTIO_BLK_T_WRITE_ZEROES, { 0, 8, 2 }, VIRTIO_BLK_S_UNSUPP },
		{ VIRTIO_BLK_T_WRITE_ZEROES, { 0, 8, 0x80000001 }, VIRTIO_BLK_S_UNSUPP },
		{ VIRTIO_BLK_T_WRITE_ZEROES, { DISK_SECTORS - 7, 8, 0 }, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_WRITE_ZEROES, { UINT64_MAX / 512, 8, 0 }, VIRTIO_BLK_S_IOERR },
	};
	const struct virtio_blk_discard_write_zeroes ranges[] = { { 0, 8, 0 }, bad[_i].range };

	ck_assert_uint_eq(run_ranges(bad[_i].type, ranges, 2), bad[_i].status);
	ck_assert_uint_eq(disk->nr_submitted, 0);
}
END_TEST

START_TEST(ranges_longer_than_the_limit_or_not_whole_blocks_fail)
{
	disk->geometry.max_discard_bytes = 16 * 512;
	remake(0);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_DISCARD, 0, 17, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_DISCARD, 0, 16, 0), VIRTIO_BLK_S_OK);
	disk->geometry.logical_block_bytes = 4096;
	remake(0);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 4, 8, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 4, 0), VIRTIO_BLK_S_IOERR);
}
END_TEST

START_TEST(range_data_of_a_wrong_length_fails)
{
	static const uint32_t bad[] = { 0, 1, 15, 17, 31 };
	uint32_t len;

	memset(at(DATA), 0, 32);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_DISCARD, 0, bad[_i], false, &len), VIRTIO_BLK_S_IOERR);
}
END_TEST

START_TEST(a_failing_range_ends_the_request)
{
	const struct virtio_blk_discard_write_zeroes ranges[] = { { 0, 8, 0 }, { 64, 8, 0 } };

	disk->fail_with = -EIO;
	ck_assert_uint_eq(run_ranges(VIRTIO_BLK_T_WRITE_ZEROES, ranges, 2), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(disk->nr_submitted, 1);
}
END_TEST

static Suite *blk_suite(void)
{
	Suite *suite = suite_create("virtio blk rules");
	TCase *tc = tcase_create("errors");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, requests_outside_the_disk_fail_and_touch_nothing, 0, 9);
	tcase_add_test(tc, transfers_that_are_not_whole_blocks_fail);
	tcase_add_test(tc, more_segments_than_the_disk_takes_fail);
	tcase_add_test(tc, a_read_only_disk_refuses_every_change);
	tcase_add_loop_test(tc, unknown_types_are_unsupported, 0, 12);
	tcase_add_test(tc, what_was_not_negotiated_is_unsupported);
	tcase_add_loop_test(tc, an_error_of_the_disk_reaches_the_driver, 0, 3);
	tcase_add_loop_test(tc, a_header_cut_short_fails_if_there_is_a_status_to_say_so, 0, 16);
	tcase_add_test(tc, a_request_without_room_for_its_status_comes_back_and_the_device_needs_a_reset);
	tcase_add_test(tc, requests_in_flight_finish_although_the_queue_broke);
	suite_add_tcase(suite, tc);

	tc = tcase_create("durability");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, with_a_write_cache_only_a_flush_makes_writes_durable);
	tcase_add_loop_test(tc, a_driver_without_flush_gets_durable_writes_and_zeroes, 0, 2);
	tcase_add_test(tc, the_driver_turns_the_write_cache_off_and_on);
	tcase_add_test(tc, nothing_else_in_the_configuration_can_be_written);
	suite_add_tcase(suite, tc);

	tc = tcase_create("ranges");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, discard_and_write_zeroes_touch_exactly_their_range);
	tcase_add_test(tc, unmap_is_passed_on_only_where_it_gives_space_back);
	tcase_add_test(tc, several_ranges_are_carried_out_in_one_request);
	tcase_add_loop_test(tc, a_bad_range_fails_before_any_is_carried_out, 0, 10);
	tcase_add_test(tc, ranges_longer_than_the_limit_or_not_whole_blocks_fail);
	tcase_add_loop_test(tc, range_data_of_a_wrong_length_fails, 0, 5);
	tcase_add_test(tc, a_failing_range_ends_the_request);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(blk_suite());
}
