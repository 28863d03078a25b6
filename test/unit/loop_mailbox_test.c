#include "vmm/core/loop.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "test/unit/loop_support.h"

#define NR_CALLERS 6
#define NR_CALLS 1000

struct tally {
	struct loop *loop;
	long nr; /* without a lock: only the loop's thread counts */
	pthread_t thread;
};

static int count_call(void *arg)
{
	struct tally *tally = arg;

	ck_assert(pthread_equal(tally->thread, pthread_self()));
	return (int)++tally->nr;
}

static int note_thread(void *arg)
{
	((struct tally *)arg)->thread = pthread_self();
	return 17;
}

static void *call_many_times(void *arg)
{
	struct tally *tally = arg;
	int before = 0;

	for (int i = 0; i < NR_CALLS; i++) {
		int now = loop_call(tally->loop, count_call, tally);

		ck_assert_int_gt(now, before);
		before = now;
	}
	return NULL;
}

START_TEST(calls_from_many_threads_run_one_after_another_on_the_loop)
{
	struct tally tally = { .loop = make_loop(_i, 8) };
	pthread_t callers[NR_CALLERS];

	ck_assert_int_eq(loop_start(tally.loop), 0);
	ck_assert_int_eq(loop_call(tally.loop, note_thread, &tally), 17);
	ck_assert(!pthread_equal(tally.thread, pthread_self()));
	for (int i = 0; i < NR_CALLERS; i++)
		ck_assert_int_eq(pthread_create(&callers[i], NULL, call_many_times, &tally), 0);
	for (int i = 0; i < NR_CALLERS; i++)
		pthread_join(callers[i], NULL);
	loop_stop(tally.loop);
	loop_join(tally.loop);
	ck_assert_int_eq(tally.nr, NR_CALLERS * NR_CALLS);
	loop_destroy(tally.loop);
}
END_TEST

static int call_again(void *arg)
{
	return loop_call(((struct tally *)arg)->loop, count_call, arg);
}

START_TEST(a_call_runs_at_once_on_the_loops_own_thread_and_while_nobody_runs_it)
{
	struct tally tally = { .loop = make_loop(_i, 8), .thread = pthread_self() };

	ck_assert_int_eq(loop_call(tally.loop, count_call, &tally), 1);
	ck_assert_int_eq(loop_start(tally.loop), 0);
	(void)loop_call(tally.loop, note_thread, &tally);
	ck_assert_int_eq(loop_call(tally.loop, call_again, &tally), 2);
	loop_stop(tally.loop);
	loop_join(tally.loop);
	tally.thread = pthread_self();
	ck_assert_int_eq(loop_call(tally.loop, count_call, &tally), 3);
	loop_destroy(tally.loop);
}
END_TEST

static void *call_until_it_runs_here(void *arg)
{
	struct tally *tally = arg;

	/* Whoever calls while the loop ends must get an answer, from one side or the other. */
	for (int i = 0; i < 20000; i++)
		(void)loop_call(tally->loop, note_thread, &(struct tally){ 0 });
	return NULL;
}

START_TEST(no_caller_is_forgotten_when_the_loop_stops)
{
	struct tally tally = { .loop = make_loop(_i, 8) };
	pthread_t caller;

	ck_assert_int_eq(loop_start(tally.loop), 0);
	ck_assert_int_eq(pthread_create(&caller, NULL, call_until_it_runs_here, &tally), 0);
	usleep(2000);
	loop_stop(tally.loop);
	loop_join(tally.loop);
	pthread_join(caller, NULL);
	loop_destroy(tally.loop);
}
END_TEST

struct posted {
	struct loop_post post;
	struct loop *loop;
	unsigned int nr_runs;
	unsigned int again;
};

static void count_post(struct loop_post *post)
{
	struct posted *posted = owner_of(post, struct posted, post);

	posted->nr_runs++;
	if (posted->again > 0) {
		posted->again--;
		loop_post(posted->loop, post);
	} else {
		loop_stop(posted->loop);
	}
}

START_TEST(a_post_that_is_still_queued_is_not_queued_twice)
{
	struct posted posted = { .post.call = count_post, .loop = make_loop(_i, 8) };

	loop_post(posted.loop, &posted.post);
	loop_post(posted.loop, &posted.post);
	ck_assert_int_eq(loop_run(posted.loop), 0);
	ck_assert_uint_eq(posted.nr_runs, 1);
	loop_destroy(posted.loop);
}
END_TEST

START_TEST(a_post_may_post_itself_again)
{
	struct posted posted = { .post.call = count_post, .loop = make_loop(_i, 8), .again = 5 };

	loop_post(posted.loop, &posted.post);
	ck_assert_int_eq(loop_run(posted.loop), 0);
	ck_assert_uint_eq(posted.nr_runs, 6);
	loop_destroy(posted.loop);
}
END_TEST

START_TEST(a_cancelled_post_does_not_run_and_the_others_do)
{
	struct loop *loop = make_loop(_i, 8);
	struct posted posted[3];

	for (int i = 0; i < 3; i++) {
		posted[i] = (struct posted){ .post.call = count_post, .loop = loop };
		loop_post(loop, &posted[i].post);
	}
	loop_post_cancel(loop, &posted[2].post);
	loop_post_cancel(loop, &posted[0].post);
	loop_post_cancel(loop, &posted[0].post);
	loop_post(loop, &posted[2].post);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(posted[0].nr_runs, 0);
	ck_assert_uint_eq(posted[1].nr_runs, 1);
	ck_assert_uint_eq(posted[2].nr_runs, 1);
	loop_destroy(loop);
}
END_TEST

/* --- deferred tasks --- */

struct recorded {
	struct loop_task task;
	struct loop *loop;
	char name;
	unsigned int again;
	struct recorded *cancels;
};

static char record[64];
static unsigned int record_len;

static void record_task(struct loop_task *task)
{
	struct recorded *recorded = owner_of(task, struct recorded, task);

	record[record_len++] = recorded->name;
	if (recorded->cancels != NULL)
		loop_defer_cancel(recorded->loop, &recorded->cancels->task);
	if (recorded->again > 0) {
		recorded->again--;
		loop_defer(recorded->loop, task);
	}
}

static void stop_task(struct loop_task *task)
{
	loop_stop(owner_of(task, struct recorded, task)->loop);
}

START_TEST(tasks_run_once_a_turn_in_the_order_in_which_they_were_deferred)
{
	struct loop *loop = make_loop(_i, 8);
	struct recorded a = { .task.run = record_task, .loop = loop, .name = 'a', .again = 1 };
	struct recorded b = { .task.run = record_task, .loop = loop, .name = 'b' };
	struct recorded c = { .task.run = record_task, .loop = loop, .name = 'c' };
	struct recorded end = { .task.run = stop_task, .loop = loop };

	loop_defer(loop, &a.task);
	loop_defer(loop, &b.task);
	loop_defer(loop, &a.task);
	loop_defer(loop, &c.task);
	loop_defer(loop, &end.task);
	ck_assert_int_eq(loop_run(loop), 0);
	/* a's second run comes after everything of the first turn; nothing is left behind by the stop. */
	ck_assert_str_eq(record, "abca");
	loop_destroy(loop);
}
END_TEST

START_TEST(a_cancelled_task_does_not_run_even_if_its_turn_has_come)
{
	struct loop *loop = make_loop(_i, 8);
	struct recorded d = { .task.run = record_task, .loop = loop, .name = 'd' };
	struct recorded c = { .task.run = record_task, .loop = loop, .name = 'c' };
	struct recorded b = { .task.run = record_task, .loop = loop, .name = 'b', .cancels = &c };
	struct recorded a = { .task.run = record_task, .loop = loop, .name = 'a' };
	struct recorded end = { .task.run = stop_task, .loop = loop };

	loop_defer(loop, &a.task);
	loop_defer(loop, &b.task);
	loop_defer(loop, &c.task);
	loop_defer(loop, &end.task);
	loop_defer(loop, &d.task);
	loop_defer_cancel(loop, &a.task);
	loop_defer_cancel(loop, &d.task);
	loop_defer(loop, &d.task);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_str_eq(record, "bd");
	loop_destroy(loop);
}
END_TEST

/* --- stopping --- */

static struct loop *signalled_loop;

static void stop_from_signal(int number)
{
	(void)number;
	loop_stop(signalled_loop);
}

static void *send_signal(void *arg)
{
	usleep(20000);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

START_TEST(a_signal_handler_may_stop_the_loop)
{
	struct sigaction action = { .sa_handler = stop_from_signal };
	pthread_t self = pthread_self();
	pthread_t sender;

	signalled_loop = make_loop(_i, 8);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_create(&sender, NULL, send_signal, &self), 0);
	ck_assert_int_eq(loop_run(signalled_loop), 0);
	pthread_join(sender, NULL);
	loop_destroy(signalled_loop);
}
END_TEST

START_TEST(a_stop_before_the_start_is_not_lost)
{
	struct loop *loop = make_loop(_i, 8);

	loop_stop(loop);
	ck_assert_int_eq(loop_start(loop), 0);
	loop_join(loop);
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop_mailbox");
	TCase *mailbox = tcase_create("mailbox");
	TCase *tasks = tcase_create("tasks");
	TCase *stopping = tcase_create("stopping");

	tcase_set_timeout(mailbox, 60);
	add_engine_test(mailbox, calls_from_many_threads_run_one_after_another_on_the_loop);
	add_engine_test(mailbox, a_call_runs_at_once_on_the_loops_own_thread_and_while_nobody_runs_it);
	add_engine_test(mailbox, no_caller_is_forgotten_when_the_loop_stops);
	add_engine_test(mailbox, a_post_that_is_still_queued_is_not_queued_twice);
	add_engine_test(mailbox, a_post_may_post_itself_again);
	add_engine_test(mailbox, a_cancelled_post_does_not_run_and_the_others_do);
	add_engine_test(tasks, tasks_run_once_a_turn_in_the_order_in_which_they_were_deferred);
	add_engine_test(tasks, a_cancelled_task_does_not_run_even_if_its_turn_has_come);
	add_engine_test(stopping, a_signal_handler_may_stop_the_loop);
	add_engine_test(stopping, a_stop_before_the_start_is_not_lost);
	suite_add_tcase(suite, mailbox);
	suite_add_tcase(suite, tasks);
	suite_add_tcase(suite, stopping);
	return unit_main(suite);
}
