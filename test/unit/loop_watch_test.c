/* Watches: found without an eventfd while the loop is awake, never lost when it sleeps, and fair to everything else. */
#include "vmm/core/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "test/unit/loop_support.h"
#include "vmm/base/fd.h"

/* A ring of one number, with the protocol of a virtqueue: the producer adds, and signals if the loop wants that. */
struct ring {
	struct loop_watch watch;
	struct loop_event event;
	struct loop *loop;
	atomic_uint offered; /* the producer's */
	atomic_bool wanted; /* the loop's: signals */
	unsigned int taken;
	unsigned int stop_at; /* `taken` ends the loop */
	unsigned int nr_looks, nr_runs, nr_rests, nr_wakes, nr_events;
	struct loop_watch *victim; /* removed by the next run */
};

static bool ring_ready(struct loop_watch *watch)
{
	struct ring *ring = owner_of(watch, struct ring, watch);

	ring->nr_looks++;
	return atomic_load_explicit(&ring->offered, memory_order_relaxed) != ring->taken;
}

static void ring_run(struct loop_watch *watch)
{
	struct ring *ring = owner_of(watch, struct ring, watch);

	ring->nr_runs++;
	ring->taken = atomic_load(&ring->offered);
	if (ring->victim != NULL)
		loop_watch_remove(ring->loop, ring->victim);
	ring->victim = NULL;
	if (ring->stop_at != 0 && ring->taken >= ring->stop_at)
		loop_stop(ring->loop);
}

static bool ring_rest(struct loop_watch *watch)
{
	struct ring *ring = owner_of(watch, struct ring, watch);

	ring->nr_rests++;
	atomic_store(&ring->wanted, true);
	return atomic_load(&ring->offered) != ring->taken;
}

static void ring_wake(struct loop_watch *watch)
{
	struct ring *ring = owner_of(watch, struct ring, watch);

	ring->nr_wakes++;
	atomic_store(&ring->wanted, false);
}

static void ring_signalled(struct loop_event *event)
{
	struct ring *ring = owner_of(event, struct ring, event);

	ring->nr_events++;
	atomic_store(&ring->wanted, false);
	ring_run(&ring->watch);
	loop_watch_add(ring->loop, &ring->watch);
}

static void ring_init(struct ring *ring, struct loop *loop)
{
	*ring = (struct ring){
		.watch = { .ready = ring_ready, .run = ring_run, .rest = ring_rest, .wake = ring_wake },
		.event = { .fd = fd_eventfd(), .handler = ring_signalled },
		.loop = loop,
		.wanted = true,
	};
	ck_assert_int_eq(loop_event_add(loop, &ring->event), 0);
}

static void ring_fini(struct ring *ring)
{
	loop_watch_remove(ring->loop, &ring->watch);
	loop_event_remove(ring->loop, &ring->event);
	close(ring->event.fd);
}

static void ring_offer(struct ring *ring)
{
	atomic_fetch_add(&ring->offered, 1);
	if (atomic_load(&ring->wanted))
		fd_eventfd_signal(ring->event.fd);
}

/* `nr_busy_cpus` 0: polls in any case. */
static struct loop *make_polling_loop(int engine, unsigned int poll_us, unsigned int nr_busy_cpus)
{
	const struct loop_config config = {
		.name = "test",
		.engine = (enum loop_engine)engine,
		.nr_entries = 8,
		.poll_us = poll_us,
		.poll_spare = nr_busy_cpus > 0,
		.nr_busy_cpus = nr_busy_cpus,
	};
	struct loop *loop = NULL;

	if (loop_create(&config, &loop) < 0)
		loop = make_loop(engine, 8);
	return loop;
}

static int nothing(void *arg)
{
	(void)arg;
	return 7;
}

/* --- one thread --- */

START_TEST(work_that_nobody_signalled_is_found)
{
	struct loop *loop = make_loop(_i, 8);
	struct ring ring;

	ring_init(&ring, loop);
	ring.stop_at = 1;
	ring.wanted = false;
	loop_watch_add(loop, &ring.watch);
	ring_offer(&ring);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(ring.nr_runs, 1);
	ck_assert_uint_eq(ring.nr_events, 0);
	ring_fini(&ring);
	loop_destroy(loop);
}
END_TEST

/* Comes between the loop's last look and its sleep. */
static bool late_rest(struct loop_watch *watch)
{
	struct ring *ring = owner_of(watch, struct ring, watch);

	if (ring->nr_rests == 0)
		atomic_fetch_add(&ring->offered, 1);
	return ring_rest(watch);
}

START_TEST(work_that_comes_as_the_loop_falls_asleep_is_found)
{
	struct loop *loop = make_loop(_i, 8);
	struct ring ring;

	ring_init(&ring, loop);
	ring.watch.rest = late_rest;
	ring.stop_at = 1;
	loop_watch_add(loop, &ring.watch);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(ring.nr_runs, 1);
	ck_assert_uint_eq(ring.nr_rests, 1);
	ck_assert(!ring.wanted);
	ring_fini(&ring);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_run_may_remove_itself_and_others)
{
	struct loop *loop = make_loop(_i, 8);
	struct ring rings[4];

	for (unsigned int i = 0; i < 4; i++) {
		ring_init(&rings[i], loop);
		loop_watch_add(loop, &rings[i].watch);
		atomic_store(&rings[i].offered, 1);
	}
	rings[3].victim = &rings[3].watch; /* the last added is looked at first */
	rings[2].victim = &rings[1].watch;
	rings[0].stop_at = 1;
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(rings[3].nr_runs, 1);
	ck_assert_uint_eq(rings[2].nr_runs, 1);
	ck_assert_uint_eq(rings[1].nr_runs, 0);
	ck_assert_uint_eq(rings[0].nr_runs, 1);
	ck_assert_ptr_null(rings[3].watch.link);
	for (unsigned int i = 0; i < 4; i++)
		ring_fini(&rings[i]);
	loop_destroy(loop);
}
END_TEST

static bool always_ready(struct loop_watch *watch)
{
	(void)watch;
	return true;
}

static void count_run(struct loop_watch *watch)
{
	owner_of(watch, struct ring, watch)->nr_runs++;
}

static void stop_loop(struct loop_event *event)
{
	loop_stop(owner_of(event, struct ring, event)->loop);
}

START_TEST(a_watch_that_always_has_work_runs_once_a_turn_and_leaves_the_rest_their_share)
{
	struct loop *loop = make_polling_loop(_i, 1000, 0);
	struct ring greedy, polite, other;

	ring_init(&greedy, loop);
	ring_init(&polite, loop);
	ring_init(&other, loop);
	greedy.watch.ready = always_ready;
	greedy.watch.run = count_run;
	loop_watch_add(loop, &greedy.watch);
	loop_watch_add(loop, &polite.watch);
	other.event.handler = stop_loop;
	atomic_store(&polite.offered, 1);
	fd_eventfd_signal(other.event.fd);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(polite.nr_runs, 1);
	ck_assert_uint_ge(greedy.nr_runs, 1);
	ring_fini(&greedy);
	ring_fini(&polite);
	ring_fini(&other);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_watch_without_work_is_forgotten_with_its_signals_wanted)
{
	struct loop *loop = make_loop(_i, 8);
	struct ring idle, busy;
	unsigned int nr_rests;

	ring_init(&idle, loop);
	ring_init(&busy, loop);
	loop_watch_add(loop, &idle.watch);
	ck_assert_int_eq(loop_start(loop), 0);
	for (unsigned int i = 0; i < 100; i++) {
		/* Sleeps each time: the answer to a call is the end of a turn. */
		ck_assert_int_eq(loop_call(loop, nothing, NULL), 7);
		usleep(200);
	}
	loop_stop(loop);
	loop_join(loop);
	nr_rests = idle.nr_rests;
	ck_assert_uint_gt(nr_rests, 0);
	ck_assert_uint_lt(nr_rests, 100);
	ck_assert(idle.wanted);
	ck_assert_ptr_null(idle.watch.link);
	/* Its eventfd brings it back. */
	idle.stop_at = 1;
	ring_offer(&idle);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(idle.nr_events, 1);
	ck_assert_ptr_nonnull(idle.watch.link);
	ring_fini(&idle);
	ring_fini(&busy);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_loop_that_stops_runs_no_watch_and_finds_its_work_when_it_runs_again)
{
	struct loop *loop = make_loop(_i, 8);
	struct ring ring;

	ring_init(&ring, loop);
	loop_watch_add(loop, &ring.watch);
	loop_stop(loop);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(ring.nr_runs, 0);
	atomic_store(&ring.offered, 1);
	ring.stop_at = 1;
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(ring.nr_runs, 1);
	ring_fini(&ring);
	loop_destroy(loop);
}
END_TEST

/* --- a producer on another thread --- */

#define NR_OFFERS 20000

static void *produce(void *arg)
{
	struct ring *ring = arg;
	unsigned int seed = 1;

	for (unsigned int i = 0; i < NR_OFFERS; i++) {
		ring_offer(ring);
		seed = seed * 1103515245 + 12345;
		/* Bursts, short pauses, and some that let the loop sleep. */
		if (seed >> 24 < 16)
			usleep(seed >> 20 & 63);
		else
			for (volatile unsigned int n = seed >> 21; n > 0; n--)
				;
	}
	return NULL;
}

static void no_work_is_lost(int engine, unsigned int poll_us)
{
	struct loop *loop = make_polling_loop(engine, poll_us, 0);
	struct ring ring;
	pthread_t thread;

	ring_init(&ring, loop);
	ring.stop_at = NR_OFFERS;
	ck_assert_int_eq(pthread_create(&thread, NULL, produce, &ring), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(ring.taken, NR_OFFERS);
	ring_fini(&ring);
	loop_destroy(loop);
}

START_TEST(no_work_is_lost_without_polling)
{
	no_work_is_lost(_i, 0);
}
END_TEST

START_TEST(no_work_is_lost_with_polling)
{
	no_work_is_lost(_i, 50);
}
END_TEST

START_TEST(no_work_is_lost_with_endless_polling)
{
	no_work_is_lost(_i, 1000000000);
}
END_TEST

START_TEST(a_call_reaches_a_loop_that_polls)
{
	struct loop *loop = make_polling_loop(_i, 10000, 0);
	struct ring ring;

	ring_init(&ring, loop);
	loop_watch_add(loop, &ring.watch);
	ck_assert_int_eq(loop_start(loop), 0);
	for (unsigned int i = 0; i < 2000; i++)
		ck_assert_int_eq(loop_call(loop, nothing, NULL), 7);
	loop_stop(loop);
	loop_join(loop);
	ring_fini(&ring);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_loop_whose_cpus_are_wanted_by_others_does_not_poll)
{
	struct loop *loop = make_polling_loop(_i, 50, 1000000);
	struct ring ring;

	ring_init(&ring, loop);
	ck_assert_int_eq(loop_start(loop), 0);
	for (unsigned int i = 0; i < 500; i++) {
		ring_offer(&ring);
		ck_assert_int_eq(loop_call(loop, nothing, NULL), 7);
	}
	loop_stop(loop);
	loop_join(loop);
	ck_assert_uint_eq(ring.taken, 500);
	/* One look a turn; a spin would be thousands. The two things that can happen each take a few turns at most. */
	ck_assert_uint_le(ring.nr_looks, 500 * 8);
	ring_fini(&ring);
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop_watch");
	TCase *one = tcase_create("one thread");
	TCase *two = tcase_create("two threads");

	add_engine_test(one, work_that_nobody_signalled_is_found);
	add_engine_test(one, work_that_comes_as_the_loop_falls_asleep_is_found);
	add_engine_test(one, a_run_may_remove_itself_and_others);
	add_engine_test(one, a_watch_that_always_has_work_runs_once_a_turn_and_leaves_the_rest_their_share);
	add_engine_test(one, a_watch_without_work_is_forgotten_with_its_signals_wanted);
	add_engine_test(one, a_loop_that_stops_runs_no_watch_and_finds_its_work_when_it_runs_again);
	suite_add_tcase(suite, one);
	tcase_set_timeout(two, 60);
	add_engine_test(two, no_work_is_lost_without_polling);
	add_engine_test(two, no_work_is_lost_with_polling);
	add_engine_test(two, no_work_is_lost_with_endless_polling);
	add_engine_test(two, a_call_reaches_a_loop_that_polls);
	add_engine_test(two, a_loop_whose_cpus_are_wanted_by_others_does_not_poll);
	suite_add_tcase(suite, two);
	return unit_main(suite);
}
