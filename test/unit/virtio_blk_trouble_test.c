/* virtio-blk with error=pause: requests that the disk fails are held and tried again, none is lost and none is done
 * twice. */
#include <errno.h>
#include <string.h>

#include "test/unit/fake_timer.h"
#include "test/unit/virtio_blk_fixture.h"

#define SECOND UINT64_C(1000000000)

static unsigned int nr_began, nr_ended;
static struct blk_trouble trouble;

static void began(void *arg, const struct blk_trouble *found)
{
	(void)arg;
	ck_assert_uint_eq(nr_began, nr_ended);
	nr_began++;
	trouble = *found;
}

static void ended(void *arg)
{
	(void)arg;
	nr_ended++;
	ck_assert_uint_eq(nr_began, nr_ended);
}

static const struct blk_trouble_ops ops = { .began = began, .ended = ended };

static void setup_holding(void)
{
	nr_began = nr_ended = 0;
	setup();
	trouble_ops = &ops;
	disk->consumes_on_failure = true;
	remake(0);
}

/* Offers a request in three parts, and does not wait. The head. */
static uint16_t offer(uint32_t type, uint64_t sector, gpa_t data, uint32_t data_bytes, gpa_t header, gpa_t status)
{
	const struct virtio_blk_outhdr head = { .type = type, .sector = sector };
	struct driver_buffer buffers[QUEUE_SIZE];
	unsigned int nr;
	uint16_t index;

	memcpy(at(header), &head, sizeof(head));
	*at(status) = UNTOUCHED;
	nr = cut(buffers, header, 16, 16, false);
	nr += cut(buffers + nr, data, data_bytes, 512, type == VIRTIO_BLK_T_IN);
	nr += cut(buffers + nr, status, 1, 1, true);
	index = driver_add(&driver, buffers, nr);
	kick();
	fake_loop_settle(loop, 100);
	return index;
}

static bool collect(uint16_t head)
{
	uint16_t used;
	uint32_t len;

	if (!driver_collect(&driver, &used, &len))
		return false;
	ck_assert_uint_eq(used, head);
	return true;
}

static void wait_second(void)
{
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 100);
}

static const int errors[] = { -EIO, -ENOSPC, -EDQUOT, -ENOMEM, -ETIMEDOUT, -ENODEV, -EROFS };

START_TEST(a_failed_write_is_held_and_goes_through_later)
{
	uint16_t head;

	memset(at(DATA), 0xa5, 2048);
	disk->fail_all_with = errors[_i];
	head = offer(VIRTIO_BLK_T_OUT, 8, DATA, 2048, HEADER, STATUS);
	ck_assert(!collect(head));
	ck_assert_uint_eq(*at(STATUS), UNTOUCHED);
	ck_assert_uint_eq(nr_began, 1);
	ck_assert_str_eq(trouble.operation, "write");
	ck_assert_uint_eq(trouble.offset, 4096);
	ck_assert_uint_eq(trouble.length, 2048);
	ck_assert_int_eq(trouble.error, errors[_i]);
	for (unsigned int i = 0; i < 5; i++) {
		wait_second();
		ck_assert_uint_eq(disk->nr_submitted, 2 + i);
		ck_assert(!collect(head));
	}
	ck_assert_uint_eq(nr_began, 1);
	ck_assert_uint_eq(nr_ended, 0);
	disk->fail_all_with = 0;
	wait_second();
	ck_assert(collect(head));
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_uint_eq(disk->nr_carried_out, 1);
	for (unsigned int i = 0; i < 2048; i++)
		ck_assert_uint_eq(disk->data[4096 + i], 0xa5);
	ck_assert_uint_eq(fake_timer_nr_set(), 0);
}
END_TEST

START_TEST(a_read_that_was_held_brings_all_its_bytes)
{
	uint16_t head;

	disk->fail_all_with = -EIO;
	head = offer(VIRTIO_BLK_T_IN, 3, DATA, 8192, HEADER, STATUS);
	wait_second();
	disk->fail_all_with = 0;
	wait_second();
	ck_assert(collect(head));
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(at(DATA), disk->data + 3 * 512, 8192);
}
END_TEST

START_TEST(errors_that_say_nothing_of_the_disk_are_reported)
{
	static const int reported[] = { -EINVAL, -EOPNOTSUPP, -EFAULT };
	uint16_t head;

	disk->fail_all_with = reported[_i];
	head = offer(VIRTIO_BLK_T_OUT, 0, DATA, 512, HEADER, STATUS);
	ck_assert(collect(head));
	ck_assert_uint_eq(*at(STATUS), reported[_i] == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(nr_began, 0);
}
END_TEST

/* Many at once, of which some go through earlier than others. */
START_TEST(none_is_lost_and_none_is_done_twice)
{
	bool seen[QUEUE_SIZE] = { false };
	unsigned int nr = 0, nr_requests = QUEUE_SIZE / 4;
	uint16_t used;
	uint32_t len;

	disk->fail_all_with = -ENOSPC;
	for (unsigned int i = 0; i < nr_requests; i++) {
		memset(at(DATA + i * 1024), (int)i + 1, 1024);
		offer(VIRTIO_BLK_T_OUT, 2 * i, DATA + i * 1024, 1024, HEADER + 16 * i, STATUS + i);
	}
	ck_assert_uint_eq(nr_began, 1);
	ck_assert_uint_eq(disk->nr_carried_out, 0);
	/* Room for three, then for the rest. */
	disk->hold = true;
	fake_timer_advance(SECOND);
	ck_assert_uint_eq(disk->nr_in_flight, nr_requests);
	disk->fail_all_with = 0;
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(fake_block_complete(block));
	disk->fail_all_with = -ENOSPC;
	disk->hold = false;
	fake_loop_settle(loop, 100);
	ck_assert_uint_eq(nr_ended, 0);
	disk->fail_all_with = 0;
	wait_second();
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_uint_eq(disk->nr_carried_out, nr_requests);
	while (driver_collect(&driver, &used, &len)) {
		ck_assert(!seen[used]);
		seen[used] = true;
		nr++;
	}
	ck_assert_uint_eq(nr, nr_requests);
	for (unsigned int i = 0; i < nr_requests; i++) {
		ck_assert_uint_eq(*at(STATUS + i), VIRTIO_BLK_S_OK);
		ck_assert_uint_eq(disk->data[i * 1024], i + 1);
		ck_assert_uint_eq(disk->data[i * 1024 + 1023], i + 1);
	}
	/* And the next trouble is told anew. */
	disk->fail_all_with = -EIO;
	offer(VIRTIO_BLK_T_FLUSH, 0, DATA, 0, HEADER, STATUS);
	ck_assert_uint_eq(nr_began, 2);
	ck_assert_str_eq(trouble.operation, "flush");
	disk->fail_all_with = 0;
	wait_second();
	ck_assert_uint_eq(nr_ended, 2);
}
END_TEST

START_TEST(a_request_of_several_steps_goes_on_with_the_one_that_failed)
{
	const struct virtio_blk_discard_write_zeroes ranges[] = {
		{ .sector = 0, .num_sectors = 8 },
		{ .sector = 16, .num_sectors = 8 },
		{ .sector = 32, .num_sectors = 8 },
	};
	uint16_t head;

	/* Without flushes, zeroes are followed by one of the device's own. */
	remake(CORE | BIT(VIRTIO_BLK_F_WRITE_ZEROES));
	memcpy(at(DATA), ranges, sizeof(ranges));
	disk->hold = true;
	head = offer(VIRTIO_BLK_T_WRITE_ZEROES, 0, DATA, sizeof(ranges), HEADER, STATUS);
	ck_assert(fake_block_complete(block));
	disk->fail_with = -EIO;
	ck_assert(fake_block_complete(block));
	ck_assert_uint_eq(trouble.offset, 16 * 512);
	fake_timer_advance(SECOND);
	ck_assert(fake_block_complete(block));
	ck_assert_uint_eq(nr_ended, 0);
	ck_assert(fake_block_complete(block));
	disk->fail_with = -EIO;
	ck_assert(fake_block_complete(block));
	ck_assert_uint_eq(disk->nr_of[BLOCK_FLUSH], 1);
	fake_timer_advance(SECOND);
	disk->hold = false;
	fake_loop_settle(loop, 100);
	ck_assert(collect(head));
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->nr_carried_out, 4);
	ck_assert_uint_eq(disk->nr_of[BLOCK_WRITE_ZEROES], 4);
	ck_assert_uint_eq(disk->nr_of[BLOCK_FLUSH], 2);
	ck_assert_uint_eq(nr_ended, 1);
	for (unsigned int i = 0; i < 8 * 512; i++)
		ck_assert_uint_eq(disk->data[16 * 512 + i], 0);
}
END_TEST

START_TEST(a_reset_drops_what_is_held_and_ends_the_trouble)
{
	disk->fail_all_with = -EIO;
	offer(VIRTIO_BLK_T_OUT, 0, DATA, 512, HEADER, STATUS);
	offer(VIRTIO_BLK_T_OUT, 8, DATA, 512, HEADER + 16, STATUS + 1);
	ck_assert_uint_eq(nr_began, 1);
	dev->ops->reset(dev);
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_uint_eq(fake_timer_nr_set(), 0);
	wait_second();
	ck_assert_uint_eq(disk->nr_submitted, 2);
	/* The device works again. */
	disk->fail_all_with = 0;
	activate(dev->features);
	ck_assert(collect(offer(VIRTIO_BLK_T_OUT, 0, DATA, 512, HEADER, STATUS)));
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_OK);
}
END_TEST

/* A retry is with the disk, which fails it once more while the reset waits for it. */
START_TEST(a_reset_during_a_retry_does_not_hold_it_again)
{
	disk->fail_all_with = -EIO;
	offer(VIRTIO_BLK_T_OUT, 0, DATA, 512, HEADER, STATUS);
	disk->hold = true;
	fake_timer_advance(SECOND);
	ck_assert_uint_eq(disk->nr_in_flight, 1);
	disk->hold = false;
	dev->ops->reset(dev);
	ck_assert_uint_eq(disk->nr_in_flight, 0);
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_uint_eq(fake_timer_nr_set(), 0);
}
END_TEST

START_TEST(destroying_the_device_drops_what_is_held)
{
	disk->fail_all_with = -EIO;
	offer(VIRTIO_BLK_T_OUT, 0, DATA, 512, HEADER, STATUS);
	blk_destroy(dev);
	dev = NULL;
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_uint_eq(fake_timer_nr(), 0);
}
END_TEST

START_TEST(without_the_policy_nothing_is_held)
{
	trouble_ops = NULL;
	remake(0);
	disk->fail_all_with = -ENOSPC;
	ck_assert(collect(offer(VIRTIO_BLK_T_OUT, 0, DATA, 512, HEADER, STATUS)));
	ck_assert_uint_eq(*at(STATUS), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(fake_timer_nr(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio blk trouble");
	TCase *tc = tcase_create("trouble");

	tcase_add_checked_fixture(tc, setup_holding, teardown);
	tcase_add_loop_test(tc, a_failed_write_is_held_and_goes_through_later, 0, sizeof(errors) / sizeof(errors[0]));
	tcase_add_test(tc, a_read_that_was_held_brings_all_its_bytes);
	tcase_add_loop_test(tc, errors_that_say_nothing_of_the_disk_are_reported, 0, 3);
	tcase_add_test(tc, none_is_lost_and_none_is_done_twice);
	tcase_add_test(tc, a_request_of_several_steps_goes_on_with_the_one_that_failed);
	tcase_add_test(tc, a_reset_drops_what_is_held_and_ends_the_trouble);
	tcase_add_test(tc, a_reset_during_a_retry_does_not_hold_it_again);
	tcase_add_test(tc, destroying_the_device_drops_what_is_held);
	tcase_add_test(tc, without_the_policy_nothing_is_held);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
