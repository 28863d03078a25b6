/* A long batch of a driver that waits for its interrupt is carried out in parts, so that it waits less. */
#include "test/unit/virtio_blk_rows.h"

#define PART 16
#define LONG 40

static const uint16_t never = 0x8000; /* an event that no test comes to */

/* Adds reads that are no neighbours. */
static void offer_apart(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		offer((struct offered){ VIRTIO_BLK_T_IN, 2 * i, 512, 0 });
}

/* One turn of the loop, in which the disk ends all that it gets: what had been submitted then, shown to the driver, and
 * interrupts for it. */
static void check_turn(unsigned int nr_submitted, unsigned int nr_shown, unsigned int nr_interrupts)
{
	fake_loop_turn(loop);
	ck_assert_uint_eq(disk->nr_submitted, nr_submitted);
	ck_assert_uint_eq(driver.ring.used->idx, nr_shown);
	ck_assert_uint_eq(transport.nr_interrupts[0], nr_interrupts);
}

static void check_end(void)
{
	fake_loop_settle(loop, 100);
	ck_assert_uint_eq(disk->nr_submitted, nr_offered);
	check_all_good();
}

START_TEST(a_driver_that_waits_is_woken_by_the_first_part)
{
	offer_apart(LONG);
	kick();
	check_turn(PART, PART, 1);
	/* It has not come yet: the rest is no better in parts. */
	check_turn(LONG, LONG, 1);
	check_end();
}
END_TEST

START_TEST(a_driver_that_waits_again_is_woken_again)
{
	offer_apart(LONG);
	kick();
	check_turn(PART, PART, 1);
	driver_set_used_event(&driver, PART);
	check_turn(2 * PART, 2 * PART, 2);
	driver_set_used_event(&driver, 2 * PART);
	check_turn(LONG, LONG, 3);
	check_end();
}
END_TEST

START_TEST(a_driver_that_polls_is_shown_all_at_once)
{
	driver_set_used_event(&driver, never);
	offer_apart(LONG);
	kick();
	check_turn(LONG, LONG, 0);
	check_end();
}
END_TEST

START_TEST(a_driver_that_wants_no_interrupt_before_the_last_is_shown_all_at_once)
{
	driver_set_used_event(&driver, LONG - 1);
	offer_apart(LONG);
	kick();
	check_turn(LONG, LONG, 1);
	check_end();
}
END_TEST

START_TEST(flags_say_the_same_without_event_index)
{
	bool waits = _i == 0;

	remake(CORE);
	driver.ring.avail->flags = waits ? 0 : VRING_AVAIL_F_NO_INTERRUPT;
	offer_apart(LONG);
	kick();
	if (waits) {
		check_turn(PART, PART, 1);
		check_turn(2 * PART, 2 * PART, 2);
		check_turn(LONG, LONG, 3);
	} else {
		check_turn(LONG, LONG, 0);
	}
	check_end();
}
END_TEST

START_TEST(a_part_is_transfers_and_not_requests)
{
	offer_row(VIRTIO_BLK_T_OUT, 0, LONG, 512);
	kick();
	check_turn(1, LONG, 1);
	ck_assert_uint_eq(disk->submissions[0].length, LONG * 512);
	check_all_good();
}
END_TEST

START_TEST(what_is_in_flight_meanwhile_waits_for_nothing)
{
	disk->hold = true;
	offer_apart(LONG);
	kick();
	check_turn(PART, 0, 0);
	check_turn(2 * PART, 0, 0);
	check_turn(LONG, 0, 0);
	disk->hold = false;
	check_turn(LONG, LONG, 1);
	check_end();
}
END_TEST

START_TEST(batches_around_one_part)
{
	offer_apart((unsigned int)_i);
	kick();
	check_turn(_i > PART ? PART : (unsigned int)_i, _i > PART ? PART : (unsigned int)_i, 1);
	check_end();
}
END_TEST

static Suite *parts_suite(void)
{
	Suite *suite = suite_create("virtio blk parts");
	TCase *tc = tcase_create("parts");

	tcase_add_checked_fixture(tc, setup_merging, teardown);
	tcase_add_test(tc, a_driver_that_waits_is_woken_by_the_first_part);
	tcase_add_test(tc, a_driver_that_waits_again_is_woken_again);
	tcase_add_test(tc, a_driver_that_polls_is_shown_all_at_once);
	tcase_add_test(tc, a_driver_that_wants_no_interrupt_before_the_last_is_shown_all_at_once);
	tcase_add_loop_test(tc, flags_say_the_same_without_event_index, 0, 2);
	tcase_add_test(tc, a_part_is_transfers_and_not_requests);
	tcase_add_test(tc, what_is_in_flight_meanwhile_waits_for_nothing);
	tcase_add_loop_test(tc, batches_around_one_part, PART - 1, PART + 2);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(parts_suite());
}
