/* virtio-blk from the driver's side, on a disk in memory: what it shows, what it moves, many requests at once. */
#include "test/unit/virtio_blk_fixture.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/fd.h"

/* --- what the device shows --- */

START_TEST(the_configuration_describes_the_disk)
{
	const struct virtio_blk_config *config = dev->config;

	ck_assert_uint_eq(config->capacity, DISK_SECTORS);
	ck_assert_uint_eq(config->blk_size, 512);
	ck_assert_uint_eq(config->physical_block_exp, 3);
	ck_assert_uint_eq(config->alignment_offset, 0);
	ck_assert_uint_eq(config->min_io_size, 8);
	ck_assert_uint_eq(config->opt_io_size, 128);
	ck_assert_uint_eq(config->seg_max, 254);
	ck_assert_uint_eq(config->wce, 1);
	ck_assert_uint_eq(config->num_queues, 1);
	ck_assert_uint_eq(config->max_discard_sectors, 1 << 21);
	ck_assert_uint_eq(config->max_write_zeroes_sectors, 1 << 21);
	ck_assert_uint_eq(config->discard_sector_alignment, 8);
	ck_assert_uint_eq(config->write_zeroes_may_unmap, 1);
	ck_assert_uint_ge(config->max_discard_seg, 1);
	ck_assert_uint_le(dev->config_size, 256);
	ck_assert_uint_eq(dev->id, 2);
}
END_TEST

START_TEST(features_follow_what_the_disk_can_do)
{
	const uint64_t always = BIT(VIRTIO_F_VERSION_1_BIT) | BIT(VIRTIO_F_INDIRECT_DESC_BIT) |
				BIT(VIRTIO_F_EVENT_IDX_BIT) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_BLK_SIZE) |
				BIT(VIRTIO_BLK_F_TOPOLOGY) | BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_CONFIG_WCE);

	ck_assert_uint_eq(dev->features, always | BIT(VIRTIO_BLK_F_DISCARD) | BIT(VIRTIO_BLK_F_WRITE_ZEROES));
	disk->geometry.can_discard = false;
	remake(0);
	ck_assert_uint_eq(dev->features, always | BIT(VIRTIO_BLK_F_WRITE_ZEROES));
	disk->geometry.max_write_zeroes_bytes = 511;
	remake(0);
	ck_assert_uint_eq(dev->features, always);
	disk->geometry.can_discard = true;
	disk->geometry.read_only = true;
	remake(0);
	ck_assert_uint_eq(dev->features, always | BIT(VIRTIO_BLK_F_RO));
	blk_destroy(dev);
	make_device(4);
	ck_assert_uint_eq(dev->features, always | BIT(VIRTIO_BLK_F_RO) | BIT(VIRTIO_BLK_F_MQ));
	ck_assert_uint_eq(((const struct virtio_blk_config *)dev->config)->num_queues, 4);
}
END_TEST

START_TEST(limits_are_whole_blocks_that_fit_their_fields)
{
	const struct virtio_blk_config *config;

	disk->geometry.logical_block_bytes = 4096;
	disk->geometry.max_discard_bytes = UINT64_MAX;
	disk->geometry.max_write_zeroes_bytes = 10000;
	disk->geometry.discard_granularity_bytes = 0;
	disk->geometry.max_segments = 17;
	remake(0);
	config = dev->config;
	ck_assert_uint_eq(config->max_discard_sectors, UINT32_MAX - 7);
	ck_assert_uint_eq(config->max_write_zeroes_sectors, 16);
	ck_assert_uint_eq(config->discard_sector_alignment, 8);
	ck_assert_uint_eq(config->seg_max, 17);
	ck_assert_uint_eq(config->physical_block_exp, 0);
}
END_TEST

START_TEST(a_bad_configuration_makes_no_device)
{
	struct blk_config config = { .block = block, .loop = loop, .serial = NULL, .nr_queues = 0 };
	struct virtio_device *none = NULL;

	ck_assert_int_eq(blk_create(&config, &none), -EINVAL);
	config.nr_queues = VIRTIO_MAX_QUEUES + 1;
	ck_assert_int_eq(blk_create(&config, &none), -EINVAL);
	config.nr_queues = 1;
	config.serial = "a serial of 21 chars.";
	ck_assert_int_eq(blk_create(&config, &none), -EINVAL);
	ck_assert_ptr_null(none);
	blk_destroy(NULL);
}
END_TEST

/* --- data --- */

START_TEST(a_read_brings_exactly_the_sectors_asked_for)
{
	uint32_t len;

	memset(at(DATA), UNTOUCHED, 8192);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, 5, 4096, true, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 4097);
	ck_assert_mem_eq(at(DATA), disk->data + 5 * 512, 4096);
	ck_assert_uint_eq(*at(DATA + 4096), UNTOUCHED);
}
END_TEST

START_TEST(a_write_changes_exactly_the_sectors_asked_for)
{
	static uint8_t expected[DISK_BYTES];
	uint32_t len;

	memcpy(expected, disk->data, DISK_BYTES);
	memset(expected + 7 * 512, 0x5a, 1024);
	memset(at(DATA), 0x5a, 1024);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 7, 1024, false, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 1);
	ck_assert_mem_eq(disk->data, expected, DISK_BYTES);
}
END_TEST

START_TEST(the_last_sector_can_be_read_and_written)
{
	uint32_t len;

	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, 512, true, &len), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(at(DATA), disk->data + DISK_BYTES - 512, 512);
	memset(at(DATA), 0x11, 512);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, DISK_SECTORS - 1, 512, false, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->data[DISK_BYTES - 1], 0x11);
}
END_TEST

START_TEST(requests_without_data_succeed_and_touch_nothing)
{
	const struct driver_buffer buffers[] = { { HEADER, 16, false }, { STATUS, 1, true } };
	static const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };
	uint32_t len;

	put_header(types[_i], 3);
	ck_assert_uint_eq(run_chain(buffers, 2, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(len, 1);
	ck_assert_uint_eq(disk->nr_submitted, 0);
}
END_TEST

START_TEST(framing_carries_no_meaning)
{
	/* bytes a descriptor of the header, of the data; status in the data's last descriptor or its own */
	static const uint32_t header_steps[] = { 1, 3, 8, 15, 16 };
	static const uint32_t data_steps[] = { 23, 100, 512, 1024 };

	for (unsigned int h = 0; h < 5; h++) {
		for (unsigned int d = 0; d < 4; d++) {
			for (unsigned int mode = 0; mode < 4; mode++) {
				bool write = mode & 1, joined = mode & 2;
				struct driver_buffer buffers[QUEUE_SIZE];
				unsigned int nr;
				uint32_t len;
				uint8_t status;

				/* In contiguous memory, so that header and data, or data and status, can share one. */
				put_header(write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, 9);
				memmove(at(DATA - 16), at(HEADER), 16);
				memset(at(DATA), write ? (int)(h * 16 + d + mode) : UNTOUCHED, 1024);
				*at(DATA + 1024) = UNTOUCHED;
				if (write && joined) {
					nr = cut(buffers, DATA - 16, 16 + 1024, data_steps[d], false);
					nr += cut(buffers + nr, DATA + 1024, 1, 1, true);
				} else {
					nr = cut(buffers, DATA - 16, 16, header_steps[h], false);
					nr += cut(buffers + nr, DATA, 1024 + (joined ? 1 : 0), data_steps[d], !write);
					if (!joined)
						nr += cut(buffers + nr, DATA + 1024, 1, 1, true);
				}
				ck_assert_uint_le(nr, QUEUE_SIZE);
				run_chain(buffers, nr, &len);
				status = *at(DATA + 1024);
				ck_assert_uint_eq(status, VIRTIO_BLK_S_OK);
				ck_assert_uint_eq(len, write ? 1 : 1025);
				ck_assert_mem_eq(at(DATA), disk->data + 9 * 512, 1024);
			}
		}
	}
}
END_TEST

START_TEST(indirect_requests_with_many_segments_work)
{
	struct driver_buffer buffers[QUEUE_SIZE];
	unsigned int nr;
	uint32_t len;
	uint16_t used;

	put_header(VIRTIO_BLK_T_IN, 0);
	nr = cut(buffers, HEADER, 16, 16, false);
	/* 62 pieces, scattered backwards */
	for (unsigned int i = 0; i < 62; i++)
		buffers[nr++] = (struct driver_buffer){ DATA + (61 - i) * 4096, 512, true };
	nr += cut(buffers + nr, STATUS, 1, 1, true);
	driver_offer(&driver, driver_build(&driver, buffers, nr, 0, TABLE));
	kick();
	fake_loop_settle(loop, 10);
	ck_assert(driver_collect(&driver, &used, &len));
	ck_assert_uint_eq(len, 62 * 512 + 1);
	for (unsigned int i = 0; i < 62; i++)
		ck_assert_mem_eq(at(DATA + (61 - i) * 4096), disk->data + i * 512, 512);
}
END_TEST

START_TEST(the_serial_is_given_padded_to_twenty_bytes)
{
	static const uint32_t sizes[] = { 20, 64, 5 };
	char expected[64];
	uint32_t len, size = sizes[_i], given = size < 20 ? size : 20;

	memset(expected, UNTOUCHED, sizeof(expected));
	memset(expected, 0, 20);
	memcpy(expected, "disk-serial-01", 14);
	memset(at(DATA), UNTOUCHED, 64);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_GET_ID, 0, size, true, &len), VIRTIO_BLK_S_OK);
	/* the status byte counts only if all before it was written */
	ck_assert_uint_eq(len, size > 20 ? 20 : size + 1);
	ck_assert_mem_eq(at(DATA), expected, given);
	ck_assert_uint_eq(*at(DATA + given), UNTOUCHED);
}
END_TEST

/* --- many at once --- */

/* Request i has its own header, data and status at these places. */
static void add_read(unsigned int i)
{
	struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = i };
	const struct driver_buffer buffers[] = { { HEADER + i * 16, 16, false },
						 { DATA + i * 512, 512, true },
						 { STATUS + i, 1, true } };

	memcpy(at(HEADER + i * 16), &header, sizeof(header));
	*at(STATUS + i) = UNTOUCHED;
	driver_offer(&driver, driver_build(&driver, buffers, 3, 0, TABLE + i * 64));
}

START_TEST(a_full_queue_is_in_flight_at_once_and_completes_in_any_order_with_one_interrupt)
{
	uint16_t head;
	uint32_t len;

	remake(_i ? CORE | BIT(VIRTIO_F_EVENT_IDX_BIT) : CORE);
	transport.nr_interrupts[0] = 0;
	disk->newest_first = true;
	disk->hold = true;
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		add_read(i);
	kick();
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(disk->nr_in_flight, QUEUE_SIZE);
	ck_assert_uint_eq(transport.nr_interrupts[0], 0);
	disk->hold = false;
	fake_loop_turn(loop);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
	for (unsigned int i = 0; i < QUEUE_SIZE; i++) {
		ck_assert(driver_collect(&driver, &head, &len));
		ck_assert_uint_eq(*at(STATUS + i), VIRTIO_BLK_S_OK);
	}
	ck_assert_mem_eq(at(DATA), disk->data, QUEUE_SIZE * 512);
}
END_TEST

START_TEST(long_requests_in_flight_together_do_not_share_their_segments)
{
	uint16_t head;
	uint32_t len;

	/* the second round takes what the first gave back */
	for (unsigned int round = 0; round < 2; round++) {
		memset(at(DATA), UNTOUCHED, 4 * 5120);
		disk->hold = true;
		for (unsigned int i = 0; i < 4; i++) {
			struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = i * 10 };
			struct driver_buffer buffers[12] = { { HEADER + i * 16, 16, false } };

			memcpy(at(HEADER + i * 16), &header, sizeof(header));
			cut(buffers + 1, DATA + i * 5120, 5120, 512, true);
			buffers[11] = (struct driver_buffer){ STATUS + i, 1, true };
			driver_offer(&driver, driver_build(&driver, buffers, 12, 0, TABLE + i * 256));
		}
		kick();
		fake_loop_settle(loop, 10);
		ck_assert_uint_eq(disk->nr_in_flight, 4);
		disk->hold = false;
		fake_loop_settle(loop, 10);
		ck_assert_mem_eq(at(DATA), disk->data, 4 * 5120);
		while (driver_collect(&driver, &head, &len))
			ck_assert_uint_eq(len, 5121);
	}
}
END_TEST

START_TEST(a_reset_waits_for_what_is_in_flight_and_then_leaves_memory_alone)
{
	disk->hold = true;
	for (unsigned int i = 0; i < 10; i++)
		add_read(i);
	kick();
	fake_loop_turn(loop);
	ck_assert_uint_eq(disk->nr_in_flight, 10);
	/* offered, never to be popped */
	add_read(10);
	kick();
	disk->hold = false;
	dev->ops->reset(dev);
	ck_assert_uint_eq(disk->nr_in_flight, 0);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	ck_assert_uint_eq(*at(STATUS + 10), UNTOUCHED);
	memset(at(RINGS), 0xff, driver_queue_bytes(QUEUE_SIZE));
	fake_loop_settle(loop, 10);
	for (unsigned int i = 0; i < driver_queue_bytes(QUEUE_SIZE); i++)
		ck_assert_uint_eq(*at(RINGS + i), 0xff);
	/* and again, on one that is not running */
	dev->ops->reset(dev);
	activate(dev->features);
	add_read(0);
	kick();
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(queues_of_one_disk_work_side_by_side)
{
	static struct driver_queue drivers[4];
	uint16_t head;
	uint32_t len;

	blk_destroy(dev);
	make_device(4);
	for (unsigned int i = 0; i < 4; i++) {
		driver_queue_init(&drivers[i], &memory, RINGS + i * driver_queue_bytes(QUEUE_SIZE), QUEUE_SIZE, false);
		queues[i].config = drivers[i].config;
		queues[i].enabled = i != 2; /* a driver need not use all */
	}
	ck_assert_int_eq(dev->ops->activate(dev, CORE | BIT(VIRTIO_BLK_F_MQ), queues), 0);
	for (unsigned int i = 0; i < 4; i++) {
		struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 10 + i };
		const struct driver_buffer buffers[] = { { HEADER + i * 16, 16, false },
							 { DATA + i * 512, 512, true },
							 { STATUS + i, 1, true } };

		memcpy(at(HEADER + i * 16), &header, sizeof(header));
		driver_add(&drivers[i], buffers, 3);
		fd_eventfd_signal(queues[i].kick_fd);
	}
	fake_loop_settle(loop, 10);
	for (unsigned int i = 0; i < 4; i++) {
		ck_assert_int_eq(driver_collect(&drivers[i], &head, &len), i != 2);
		ck_assert_uint_eq(transport.nr_interrupts[i], i != 2);
		if (i != 2)
			ck_assert_mem_eq(at(DATA + i * 512), disk->data + (10 + i) * 512, 512);
	}
}
END_TEST

START_TEST(an_activation_that_fails_leaves_no_queue_running)
{
	blk_destroy(dev);
	make_device(2);
	driver_queue_init(&driver, &memory, RINGS, QUEUE_SIZE, false);
	queues[0].config = queues[1].config = driver.config;
	queues[0].enabled = queues[1].enabled = true;
	queues[1].config.avail = UINT64_MAX - 1;
	ck_assert_int_eq(dev->ops->activate(dev, CORE, queues), -EFAULT);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	queues[1].config = driver.config;
	queues[1].config.size = 32768;
	ck_assert_int_eq(dev->ops->activate(dev, CORE, queues), -EINVAL);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
}
END_TEST

static Suite *blk_suite(void)
{
	Suite *suite = suite_create("virtio blk");
	TCase *tc = tcase_create("description");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_configuration_describes_the_disk);
	tcase_add_test(tc, features_follow_what_the_disk_can_do);
	tcase_add_test(tc, limits_are_whole_blocks_that_fit_their_fields);
	tcase_add_test(tc, a_bad_configuration_makes_no_device);
	suite_add_tcase(suite, tc);

	tc = tcase_create("data");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_read_brings_exactly_the_sectors_asked_for);
	tcase_add_test(tc, a_write_changes_exactly_the_sectors_asked_for);
	tcase_add_test(tc, the_last_sector_can_be_read_and_written);
	tcase_add_loop_test(tc, requests_without_data_succeed_and_touch_nothing, 0, 2);
	tcase_add_test(tc, framing_carries_no_meaning);
	tcase_add_test(tc, indirect_requests_with_many_segments_work);
	tcase_add_loop_test(tc, the_serial_is_given_padded_to_twenty_bytes, 0, 3);
	suite_add_tcase(suite, tc);

	tc = tcase_create("many");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_full_queue_is_in_flight_at_once_and_completes_in_any_order_with_one_interrupt, 0, 2);
	tcase_add_test(tc, long_requests_in_flight_together_do_not_share_their_segments);
	tcase_add_test(tc, a_reset_waits_for_what_is_in_flight_and_then_leaves_memory_alone);
	tcase_add_test(tc, queues_of_one_disk_work_side_by_side);
	tcase_add_test(tc, an_activation_that_fails_leaves_no_queue_running);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(blk_suite());
}
