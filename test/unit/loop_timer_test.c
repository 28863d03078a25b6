/* vmm/core/loop_timer, on each engine. Order and number only: when something runs is the host's affair. */
#include "vmm/core/loop_timer.h"

#include <stddef.h>

#include "test/unit/loop_support.h"

#define MS UINT64_C(1000000)
#define NEVER (UINT64_C(3600) * 1000 * MS)

struct alarm {
	struct loop_timer timer;
	unsigned int nr_runs;
	unsigned int stop_after;
	uint64_t again_ns; /* sets itself again */
};

static unsigned int order[8], nr_order;

static void ring(struct loop_timer *timer)
{
	struct alarm *alarm = owner_of(timer, struct alarm, timer);

	alarm->nr_runs++;
	if (nr_order < 8)
		order[nr_order++] = alarm->stop_after;
	if (alarm->nr_runs == alarm->stop_after)
		loop_stop(timer->loop);
	else if (alarm->again_ns > 0)
		loop_timer_set(timer, alarm->again_ns);
}

static void alarm_init(struct alarm *alarm, struct loop *loop, unsigned int stop_after)
{
	*alarm = (struct alarm){ .stop_after = stop_after };
	ck_assert_int_eq(loop_timer_init(&alarm->timer, loop, ring), 0);
}

START_TEST(a_timer_runs_once_and_not_before_its_time)
{
	struct loop *loop = make_loop(_i, 8);
	uint64_t start = loop_timer_now_ns();
	struct alarm alarm;

	alarm_init(&alarm, loop, 1);
	loop_timer_set(&alarm.timer, 3 * MS);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(alarm.nr_runs, 1);
	ck_assert_uint_ge(loop_timer_now_ns() - start, 3 * MS);
	loop_timer_fini(&alarm.timer);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_delay_of_nothing_runs_too)
{
	struct loop *loop = make_loop(_i, 8);
	struct alarm alarm;

	alarm_init(&alarm, loop, 1);
	loop_timer_set(&alarm.timer, 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(alarm.nr_runs, 1);
	loop_timer_fini(&alarm.timer);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_timer_can_set_itself_again)
{
	struct loop *loop = make_loop(_i, 8);
	struct alarm alarm;

	alarm_init(&alarm, loop, 5);
	alarm.again_ns = MS / 10;
	loop_timer_set(&alarm.timer, MS / 10);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(alarm.nr_runs, 5);
	loop_timer_fini(&alarm.timer);
	loop_destroy(loop);
}
END_TEST

START_TEST(setting_it_again_moves_it_and_cancelling_stops_it)
{
	struct loop *loop = make_loop(_i, 8);
	struct alarm first, moved, cancelled;

	alarm_init(&first, loop, 2);
	alarm_init(&moved, loop, 1);
	alarm_init(&cancelled, loop, 3);
	loop_timer_set(&moved.timer, NEVER);
	loop_timer_set(&cancelled.timer, MS);
	loop_timer_cancel(&cancelled.timer);
	loop_timer_set(&first.timer, MS);
	loop_timer_set(&moved.timer, 20 * MS);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(first.nr_runs, 1);
	ck_assert_uint_eq(moved.nr_runs, 1);
	ck_assert_uint_eq(cancelled.nr_runs, 0);
	ck_assert_uint_eq(order[0], 2);
	loop_timer_fini(&first.timer);
	loop_timer_fini(&moved.timer);
	loop_timer_fini(&cancelled.timer);
	loop_destroy(loop);
}
END_TEST

struct rival {
	struct loop_timer timer;
	struct loop_timer *other;
	struct loop *loop;
};

static void silence_other(struct loop_timer *timer)
{
	struct rival *rival = owner_of(timer, struct rival, timer);

	loop_timer_cancel(rival->other);
	loop_stop(rival->loop);
}

/* Both are due in the same turn: whichever runs first, the other does not run after it. */
START_TEST(cancelling_one_that_is_due_stops_it_too)
{
	struct loop *loop = make_loop(_i, 8);
	struct rival a = { .loop = loop }, b = { .loop = loop };
	uint64_t start;

	ck_assert_int_eq(loop_timer_init(&a.timer, loop, silence_other), 0);
	ck_assert_int_eq(loop_timer_init(&b.timer, loop, silence_other), 0);
	a.other = &b.timer;
	b.other = &a.timer;
	start = loop_timer_now_ns();
	loop_timer_set(&a.timer, 1);
	loop_timer_set(&b.timer, 1);
	while (loop_timer_now_ns() - start < MS)
		;
	ck_assert_int_eq(loop_run(loop), 0);
	/* A timer that is cancelled has nothing to run in further turns; finishing one that is due is safe as well. */
	loop_timer_set(&a.timer, 1);
	loop_timer_fini(&a.timer);
	loop_timer_fini(&b.timer);
	loop_timer_fini(&b.timer);
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/loop_timer");
	TCase *tcase = tcase_create("loop_timer");

	add_engine_test(tcase, a_timer_runs_once_and_not_before_its_time);
	add_engine_test(tcase, a_delay_of_nothing_runs_too);
	add_engine_test(tcase, a_timer_can_set_itself_again);
	add_engine_test(tcase, setting_it_again_moves_it_and_cancelling_stops_it);
	add_engine_test(tcase, cancelling_one_that_is_due_stops_it_too);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
