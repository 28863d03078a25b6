/* A queue on a loop: batches, one interrupt decision a turn, bounded turns, and what a broken queue does. */
#include "virtio/core/queue.h"

#include <errno.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fakes.h"
#include "vmm/base/fd.h"

#define SIZE 16
#define RINGS 0x10000
#define DATA 0x80000

static struct guest_memory memory;
static struct driver_queue driver;
static struct loop *loop;
static struct fake_transport transport;
static struct virtio_device dev = { .name = "test", .nr_queues = 1, .queue_max_size = SIZE };
static struct virtio_queue queue;
static struct virtio_queue_setup queue_setup;
static struct iovec iov[SIZE];
static unsigned int nr_handled, nr_calls;
static enum virtio_queue_next answer;
static bool refill; /* the driver offers a chain for each that the device takes */
static bool keep; /* chains stay in flight */

static const struct driver_buffer buffer = { DATA, 8, true };

static enum virtio_queue_next handle(struct virtio_queue *q)
{
	struct virtq_chain chain = { .iov = iov, .max_iov = SIZE };

	nr_calls++;
	while (virtio_queue_pop(q, &chain)) {
		nr_handled++;
		if (!keep)
			virtio_queue_push(q, chain.head, 8);
		if (refill)
			driver_offer(&driver, chain.head);
	}
	return answer;
}

static void start_queue(uint64_t features)
{
	driver_queue_init(&driver, &memory, RINGS, SIZE, features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT));
	queue_setup.config = driver.config;
	ck_assert_int_eq(virtio_queue_start(&queue, &dev, 0, loop, &queue_setup, features, handle), 0);
}

static void setup(void)
{
	const struct guest_region region = { .base = 0, .size_bytes = 1 << 20 };

	driver_memory_init(&memory, &region, 1);
	loop = fake_loop_create();
	fake_transport_connect(&transport, &dev, &memory);
	queue_setup = (struct virtio_queue_setup){ .enabled = true, .kick_fd = fd_eventfd() };
	nr_handled = nr_calls = 0;
	answer = VIRTIO_QUEUE_DRY;
	refill = keep = false;
	start_queue(0);
}

static void teardown(void)
{
	virtio_queue_stop(&queue);
	fake_loop_destroy(loop);
	fd_close(&queue_setup.kick_fd);
	driver_memory_fini(&memory);
}

static void kick(void)
{
	fd_eventfd_signal(queue_setup.kick_fd);
}

START_TEST(chains_offered_before_the_start_are_found_without_a_kick)
{
	driver_add(&driver, &buffer, 1);
	fake_loop_turn(loop);
	ck_assert_uint_eq(nr_handled, 1);
	ck_assert_uint_eq(driver.ring.used->idx, 1);
}
END_TEST

START_TEST(a_batch_is_published_with_one_interrupt)
{
	fake_loop_settle(loop, 10);
	for (unsigned int i = 0; i < SIZE - 1; i++)
		driver_add(&driver, &buffer, 1);
	kick();
	fake_loop_turn(loop);
	ck_assert_uint_eq(nr_handled, SIZE - 1);
	ck_assert_uint_eq(driver.ring.used->idx, SIZE - 1);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
}
END_TEST

START_TEST(kicks_are_wanted_only_while_the_loop_sleeps)
{
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(driver.ring.used->flags, 0);
	virtio_queue_run(&queue);
	ck_assert_uint_eq(driver.ring.used->flags, VRING_USED_F_NO_NOTIFY);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(driver.ring.used->flags, 0);
}
END_TEST

START_TEST(a_blocked_queue_wants_no_kicks_and_is_not_looked_at)
{
	answer = VIRTIO_QUEUE_BLOCKED;
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(nr_calls, 1);
	driver_add(&driver, &buffer, 1);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(nr_calls, 1);
	ck_assert_uint_eq(driver.ring.used->flags, VRING_USED_F_NO_NOTIFY);
	answer = VIRTIO_QUEUE_DRY;
	virtio_queue_run(&queue);
	ck_assert_uint_eq(nr_handled, 1);
}
END_TEST

START_TEST(what_a_driver_offers_without_a_kick_is_found_by_a_loop_that_is_awake)
{
	fake_loop_settle(loop, 10);
	kick();
	fake_loop_turn(loop);
	driver_add(&driver, &buffer, 1);
	fake_loop_turn(loop);
	ck_assert_uint_eq(nr_handled, 1);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
}
END_TEST

START_TEST(with_event_idx_a_driver_must_kick_a_sleeping_loop_only)
{
	uint16_t old;

	virtio_queue_stop(&queue);
	start_queue(VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT));
	fake_loop_settle(loop, 10);
	for (unsigned int i = 0; i < 3; i++) {
		old = driver.avail_idx;
		driver_add(&driver, &buffer, 1);
		ck_assert(driver_must_kick(&driver, old));
		kick();
		fake_loop_turn(loop);
		old = driver.avail_idx;
		driver_add(&driver, &buffer, 1);
		ck_assert(!driver_must_kick(&driver, old));
		fake_loop_settle(loop, 10);
		ck_assert_uint_eq(nr_handled, 2 * i + 2);
	}
	/* and one that was woken by something else */
	queue.watch.wake(&queue.watch);
	old = driver.avail_idx;
	driver_add(&driver, &buffer, 1);
	ck_assert(!driver_must_kick(&driver, old));
	ck_assert(queue.watch.ready(&queue.watch));
	ck_assert(queue.watch.rest(&queue.watch));
}
END_TEST

START_TEST(an_index_that_jumps_while_the_loop_falls_asleep_is_reported)
{
	fake_loop_settle(loop, 10);
	kick();
	fake_loop_turn(loop);
	driver.ring.avail->idx = 1000;
	ck_assert(queue.watch.rest(&queue.watch));
	queue.watch.run(&queue.watch);
	ck_assert_uint_lt(fake_loop_settle(loop, 10), 10);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
}
END_TEST

START_TEST(a_driver_that_never_stops_offering_does_not_hold_the_loop)
{
	refill = true;
	driver_add(&driver, &buffer, 1);
	fake_loop_turn(loop);
	ck_assert_uint_le(nr_handled, SIZE);
	ck_assert_uint_gt(nr_handled, 0);
	/* and is served again in the next turn, without a kick of its own */
	fake_loop_turn(loop);
	ck_assert_uint_gt(nr_handled, SIZE);
	refill = false;
	ck_assert_uint_lt(fake_loop_settle(loop, 10), 10);
}
END_TEST

START_TEST(a_handler_that_wants_another_turn_gets_it)
{
	unsigned int before;

	fake_loop_settle(loop, 10);
	answer = VIRTIO_QUEUE_AGAIN;
	kick();
	fake_loop_turn(loop);
	before = nr_calls;
	answer = VIRTIO_QUEUE_DRY;
	fake_loop_turn(loop);
	ck_assert_uint_eq(nr_calls, before + 1);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(nr_calls, before + 1);
}
END_TEST

START_TEST(a_broken_ring_is_reported_once_and_popped_no_more)
{
	driver_offer(&driver, SIZE + 5);
	for (unsigned int i = 0; i < 5; i++) {
		kick();
		fake_loop_settle(loop, 10);
	}
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	ck_assert_uint_eq(nr_calls, 1);
	ck_assert_uint_eq(nr_handled, 0);
}
END_TEST

START_TEST(a_device_that_finds_its_rules_broken_twice_is_reported_once)
{
	virtio_queue_break(&queue, "first");
	virtio_queue_break(&queue, "second");
	driver_add(&driver, &buffer, 1);
	kick();
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	ck_assert_uint_eq(nr_handled, 0);
}
END_TEST

START_TEST(an_index_jump_during_the_run_is_reported)
{
	keep = true;
	fake_loop_settle(loop, 10);
	driver.ring.avail->idx = 1000;
	kick();
	ck_assert_uint_lt(fake_loop_settle(loop, 10), 10);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
}
END_TEST

START_TEST(a_restart_after_a_broken_queue_works)
{
	driver_offer(&driver, SIZE + 5);
	fake_loop_settle(loop, 10);
	virtio_queue_stop(&queue);
	start_queue(VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT));
	driver_add(&driver, &buffer, 1);
	kick();
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(nr_handled, 1);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
}
END_TEST

START_TEST(a_quiesced_queue_takes_nothing_but_gives_back)
{
	struct virtq_chain chain = { .iov = iov, .max_iov = SIZE };
	uint16_t head;

	keep = true;
	driver_add(&driver, &buffer, 1);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(queue.vq.in_flight, 1);
	head = driver.ring.avail->ring[0];
	virtio_queue_quiesce(&queue);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	driver_add(&driver, &buffer, 1);
	kick();
	fake_loop_settle(loop, 10);
	virtio_queue_run(&queue);
	ck_assert(!virtio_queue_pop(&queue, &chain));
	ck_assert_uint_eq(nr_handled, 1);
	virtio_queue_push(&queue, head, 8);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(driver.ring.used->idx, 1);
}
END_TEST

START_TEST(stopping_forgets_a_batch_that_was_not_published)
{
	driver_add(&driver, &buffer, 1);
	fd_eventfd_take(queue_setup.kick_fd);
	virtio_queue_run(&queue);
	ck_assert_uint_eq(nr_handled, 1);
	virtio_queue_stop(&queue);
	fake_loop_settle(loop, 10);
	ck_assert_uint_eq(driver.ring.used->idx, 0);
	ck_assert_uint_eq(transport.nr_interrupts[0], 0);
}
END_TEST

START_TEST(a_queue_longer_than_the_device_allows_or_outside_memory_does_not_start)
{
	struct virtio_queue other = { 0 };
	struct virtio_queue_setup bad = queue_setup;

	bad.config.size = SIZE * 2;
	ck_assert_int_eq(virtio_queue_start(&other, &dev, 0, loop, &bad, 0, handle), -EINVAL);
	bad = queue_setup;
	bad.config.used = UINT64_MAX - 3;
	ck_assert_int_eq(virtio_queue_start(&other, &dev, 0, loop, &bad, 0, handle), -EFAULT);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 1);
	virtio_queue_stop(&other);
}
END_TEST

static Suite *queue_suite(void)
{
	Suite *suite = suite_create("virtio queue");
	TCase *tc = tcase_create("queue");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, chains_offered_before_the_start_are_found_without_a_kick);
	tcase_add_test(tc, a_batch_is_published_with_one_interrupt);
	tcase_add_test(tc, kicks_are_wanted_only_while_the_loop_sleeps);
	tcase_add_test(tc, a_blocked_queue_wants_no_kicks_and_is_not_looked_at);
	tcase_add_test(tc, what_a_driver_offers_without_a_kick_is_found_by_a_loop_that_is_awake);
	tcase_add_test(tc, with_event_idx_a_driver_must_kick_a_sleeping_loop_only);
	tcase_add_test(tc, an_index_that_jumps_while_the_loop_falls_asleep_is_reported);
	tcase_add_test(tc, a_driver_that_never_stops_offering_does_not_hold_the_loop);
	tcase_add_test(tc, a_handler_that_wants_another_turn_gets_it);
	tcase_add_test(tc, a_broken_ring_is_reported_once_and_popped_no_more);
	tcase_add_test(tc, a_device_that_finds_its_rules_broken_twice_is_reported_once);
	tcase_add_test(tc, an_index_jump_during_the_run_is_reported);
	tcase_add_test(tc, a_restart_after_a_broken_queue_works);
	tcase_add_test(tc, a_quiesced_queue_takes_nothing_but_gives_back);
	tcase_add_test(tc, stopping_forgets_a_batch_that_was_not_published);
	tcase_add_test(tc, a_queue_longer_than_the_device_allows_or_outside_memory_does_not_start);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(queue_suite());
}
