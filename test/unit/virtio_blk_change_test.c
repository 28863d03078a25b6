/* virtio-blk: a disk that grows, secure erase, and requests that wait under a limit when the driver resets. */
#include <errno.h>
#include <string.h>

#include "test/unit/fake_timer.h"
#include "test/unit/virtio_blk_fixture.h"
#include "vmm/base/endian.h"

static const struct virtio_blk_config *config(void)
{
	return dev->config;
}

static void refresh(void)
{
	blk_refresh(dev);
	fake_loop_settle(loop, 10);
}

START_TEST(a_disk_that_has_grown_is_announced_and_usable)
{
	uint32_t len;

	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, DISK_SECTORS, 512, true, &len), VIRTIO_BLK_S_IOERR);
	disk->grown_bytes = 2 * DISK_BYTES;
	/* Whoever asks twice is answered once. */
	blk_refresh(dev);
	refresh();
	ck_assert_uint_eq(config()->capacity, 2 * DISK_SECTORS);
	ck_assert_uint_eq(transport.nr_config, 1);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, DISK_SECTORS, 512, true, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 2 * DISK_SECTORS - 8, 4096, false, &len), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_OUT, 2 * DISK_SECTORS - 7, 4096, false, &len), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(transport.nr_needs_reset, 0);
}
END_TEST

START_TEST(a_disk_that_has_not_grown_disturbs_nobody)
{
	refresh();
	disk->grown_bytes = DISK_BYTES / 2;
	refresh();
	disk->refresh_rc = -EIO;
	refresh();
	ck_assert_uint_eq(config()->capacity, DISK_SECTORS);
	ck_assert_uint_eq(transport.nr_config, 0);
}
END_TEST

START_TEST(growth_while_no_driver_is_there_is_seen_by_the_next)
{
	uint32_t len;

	dev->ops->reset(dev);
	disk->grown_bytes = DISK_BYTES + 4096;
	refresh();
	ck_assert_uint_eq(config()->capacity, DISK_SECTORS + 8);
	activate(dev->features);
	ck_assert_uint_eq(run_request(VIRTIO_BLK_T_IN, DISK_SECTORS, 4096, true, &len), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(a_question_that_is_still_open_does_not_outlive_the_device)
{
	blk_refresh(dev);
	blk_destroy(dev);
	dev = NULL;
	fake_loop_turn(loop);
}
END_TEST

START_TEST(a_reset_asks_the_disk_to_let_go_of_what_waits)
{
	unsigned int before = disk->nr_cancels;

	dev->ops->reset(dev);
	ck_assert_uint_eq(disk->nr_cancels, before + 1);
}
END_TEST

/* --- secure erase --- */

static void make_erasable(void)
{
	disk->geometry.can_secure_erase = true;
	disk->geometry.max_secure_erase_bytes = 64 << 10;
	remake(0);
}

START_TEST(secure_erase_is_offered_only_by_a_disk_that_can)
{
	const unsigned int at_max = offsetof(struct virtio_blk_config, max_secure_erase_sectors);
	le32 fields[3];

	ck_assert(!(dev->features & BIT(VIRTIO_BLK_F_SECURE_ERASE)));
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, 0, 8, 0), VIRTIO_BLK_S_UNSUPP);
	make_erasable();
	ck_assert(dev->features & BIT(VIRTIO_BLK_F_SECURE_ERASE));
	ck_assert_uint_ge(dev->config_size, at_max + sizeof(fields));
	memcpy(fields, (const uint8_t *)dev->config + at_max, sizeof(fields));
	ck_assert_uint_eq(le32_get(fields[0]), 128);
	ck_assert_uint_eq(le32_get(fields[1]), 8);
	ck_assert_uint_eq(le32_get(fields[2]), 8);
	disk->geometry.read_only = true;
	remake(0);
	ck_assert(!(dev->features & BIT(VIRTIO_BLK_F_SECURE_ERASE)));
}
END_TEST

START_TEST(secure_erase_touches_exactly_its_range)
{
	uint8_t before[512];

	make_erasable();
	memcpy(before, disk->data + 24 * 512, sizeof(before));
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, 8, 16, 0), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(disk->nr_of[BLOCK_SECURE_ERASE], 1);
	ck_assert_uint_eq(disk->nr_submitted, 1);
	ck_assert_uint_eq(disk->data[8 * 512], 0);
	ck_assert_uint_eq(disk->data[24 * 512 - 1], 0);
	ck_assert_mem_eq(disk->data + 24 * 512, before, sizeof(before));
}
END_TEST

START_TEST(secure_erase_has_its_own_limit_and_no_flags)
{
	make_erasable();
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, 0, 128, 0), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, 0, 129, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, 0, 8, 1), VIRTIO_BLK_S_UNSUPP);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, DISK_SECTORS - 8, 16, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(disk->nr_submitted, 1);
	remake(CORE);
	ck_assert_uint_eq(run_range(VIRTIO_BLK_T_SECURE_ERASE, 0, 8, 0), VIRTIO_BLK_S_UNSUPP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio blk change");
	TCase *tc = tcase_create("change");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_disk_that_has_grown_is_announced_and_usable);
	tcase_add_test(tc, a_disk_that_has_not_grown_disturbs_nobody);
	tcase_add_test(tc, growth_while_no_driver_is_there_is_seen_by_the_next);
	tcase_add_test(tc, a_question_that_is_still_open_does_not_outlive_the_device);
	tcase_add_test(tc, a_reset_asks_the_disk_to_let_go_of_what_waits);
	tcase_add_test(tc, secure_erase_is_offered_only_by_a_disk_that_can);
	tcase_add_test(tc, secure_erase_touches_exactly_its_range);
	tcase_add_test(tc, secure_erase_has_its_own_limit_and_no_flags);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
