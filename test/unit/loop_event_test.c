#include "vmm/core/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "test/unit/loop_support.h"
#include "vmm/base/fd.h"

struct counted {
	struct loop_event event;
	struct loop *loop;
	unsigned int nr_runs;
	uint64_t nr_signals;
	unsigned int stop_after;
};

static void count_event(struct loop_event *event)
{
	struct counted *counted = owner_of(event, struct counted, event);

	counted->nr_signals += event->count;
	if (++counted->nr_runs == counted->stop_after)
		loop_stop(counted->loop);
}

static void counted_init(struct counted *counted, struct loop *loop, int fd)
{
	*counted = (struct counted){ .event = { .fd = fd, .handler = count_event }, .loop = loop, .stop_after = 1 };
}

START_TEST(many_signals_before_a_turn_run_the_handler_once)
{
	struct loop *loop = make_loop(_i, 8);
	struct counted counted;

	counted_init(&counted, loop, fd_eventfd());
	ck_assert_int_eq(loop_event_add(loop, &counted.event), 0);
	for (int i = 0; i < 3; i++)
		fd_eventfd_signal(counted.event.fd);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(counted.nr_runs, 1);
	ck_assert_uint_eq(counted.nr_signals, 3);
	ck_assert(!fd_eventfd_take(counted.event.fd));
	loop_event_remove(loop, &counted.event);
	close(counted.event.fd);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_blocking_eventfd_works_too)
{
	struct loop *loop = make_loop(_i, 8);
	struct counted counted;

	counted_init(&counted, loop, eventfd(0, EFD_CLOEXEC));
	ck_assert_int_eq(loop_event_add(loop, &counted.event), 0);
	ck_assert_int_eq(loop_start(loop), 0);
	fd_eventfd_signal(counted.event.fd);
	loop_join(loop);
	ck_assert_uint_eq(counted.nr_runs, 1);
	loop_event_remove(loop, &counted.event);
	ck_assert(!(fcntl(counted.event.fd, F_GETFL) & O_NONBLOCK));
	close(counted.event.fd);
	loop_destroy(loop);
}
END_TEST

static int remove_event(void *arg)
{
	struct counted *counted = arg;

	loop_event_remove(counted->loop, &counted->event);
	return 0;
}

static int add_event(void *arg)
{
	struct counted *counted = arg;

	return loop_event_add(counted->loop, &counted->event);
}

START_TEST(a_removed_eventfd_is_as_it_was)
{
	struct loop *loop = make_loop(_i, 8);
	struct counted counted;

	counted_init(&counted, loop, fd_eventfd());
	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, add_event, &counted), 0);
	ck_assert_int_eq(loop_call(loop, remove_event, &counted), 0);
	fd_eventfd_signal(counted.event.fd);
	loop_stop(loop);
	loop_join(loop);
	ck_assert_uint_eq(counted.nr_runs, 0);
	ck_assert(fcntl(counted.event.fd, F_GETFL) & O_NONBLOCK);
	ck_assert_msg(fd_eventfd_take(counted.event.fd), "the loop took a signal after the removal");
	close(counted.event.fd);
	loop_destroy(loop);
}
END_TEST

static void remove_and_free(struct loop_event *event)
{
	struct counted *counted = owner_of(event, struct counted, event);
	struct loop *loop = counted->loop;

	loop_event_remove(loop, event);
	close(event->fd);
	free(counted);
	loop_stop(loop);
}

START_TEST(a_handler_may_remove_and_free_its_event)
{
	struct loop *loop = make_loop(_i, 8);
	struct counted *counted = malloc(sizeof(*counted));

	counted_init(counted, loop, fd_eventfd());
	counted->event.handler = remove_and_free;
	ck_assert_int_eq(loop_event_add(loop, &counted->event), 0);
	fd_eventfd_signal(counted->event.fd);
	ck_assert_int_eq(loop_run(loop), 0);
	loop_destroy(loop);
}
END_TEST

static struct counted pair[2];

static void remove_the_other(struct loop_event *event)
{
	struct counted *other = event == &pair[0].event ? &pair[1] : &pair[0];

	count_event(event);
	loop_event_remove(other->loop, &other->event);
}

START_TEST(an_event_removed_in_the_turn_in_which_it_fired_does_not_run_and_keeps_its_signal)
{
	struct loop *loop = make_loop(_i, 8);

	for (int i = 0; i < 2; i++) {
		counted_init(&pair[i], loop, fd_eventfd());
		pair[i].event.handler = remove_the_other;
		ck_assert_int_eq(loop_event_add(loop, &pair[i].event), 0);
		fd_eventfd_signal(pair[i].event.fd);
	}
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(pair[0].nr_runs + pair[1].nr_runs, 1);
	ck_assert(fd_eventfd_take(pair[pair[0].nr_runs].event.fd));
	for (int i = 0; i < 2; i++) {
		loop_event_remove(loop, &pair[i].event);
		close(pair[i].event.fd);
	}
	loop_destroy(loop);
}
END_TEST

#define NR_WRITERS 3
#define NR_WRITES 2000

static void *write_signals(void *arg)
{
	for (int i = 0; i < NR_WRITES; i++)
		fd_eventfd_signal(*(int *)arg);
	return NULL;
}

START_TEST(no_signal_is_lost_while_an_event_is_removed_and_added_again)
{
	struct loop *loop = make_loop(_i, 8);
	pthread_t writers[NR_WRITERS];
	struct counted counted;
	uint64_t rest = 0;

	counted_init(&counted, loop, fd_eventfd());
	counted.stop_after = 0;
	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, add_event, &counted), 0);
	for (int i = 0; i < NR_WRITERS; i++)
		ck_assert_int_eq(pthread_create(&writers[i], NULL, write_signals, &counted.event.fd), 0);
	for (int i = 0; i < 500; i++) {
		ck_assert_int_eq(loop_call(loop, remove_event, &counted), 0);
		ck_assert_int_eq(loop_call(loop, add_event, &counted), 0);
	}
	for (int i = 0; i < NR_WRITERS; i++)
		pthread_join(writers[i], NULL);
	ck_assert_int_eq(loop_call(loop, remove_event, &counted), 0);
	loop_stop(loop);
	loop_join(loop);
	(void)!read(counted.event.fd, &rest, sizeof(rest));
	ck_assert_uint_eq(counted.nr_signals + rest, NR_WRITERS * NR_WRITES);
	close(counted.event.fd);
	loop_destroy(loop);
}
END_TEST

#define NR_MANY 200

static unsigned int nr_fired;

static void count_many(struct loop_event *event)
{
	struct counted *counted = owner_of(event, struct counted, event);

	if (++nr_fired == NR_MANY)
		loop_stop(counted->loop);
}

START_TEST(more_events_than_the_ring_has_entries_all_fire)
{
	static struct counted many[NR_MANY];
	struct loop *loop = make_loop(_i, 8);

	nr_fired = 0;
	for (int i = 0; i < NR_MANY; i++) {
		counted_init(&many[i], loop, fd_eventfd());
		many[i].event.handler = count_many;
		ck_assert_int_eq(loop_event_add(loop, &many[i].event), 0);
		fd_eventfd_signal(many[i].event.fd);
	}
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(nr_fired, NR_MANY);
	for (int i = 0; i < NR_MANY; i++) {
		loop_event_remove(loop, &many[i].event);
		close(many[i].event.fd);
	}
	loop_destroy(loop);
}
END_TEST

static int add_until_refused(void *arg)
{
	static struct counted many[1000];
	struct loop *loop = arg;
	int fd = fd_eventfd();
	int nr = 0, rc = 0;

	for (nr = 0; nr < 1000; nr++) {
		counted_init(&many[nr], loop, dup(fd));
		rc = loop_event_add(loop, &many[nr].event);
		if (rc < 0)
			break;
	}
	close(many[nr].event.fd);
	close(fd);
	/* As many can be removed, at once. */
	while (nr-- > 0) {
		loop_event_remove(loop, &many[nr].event);
		close(many[nr].event.fd);
	}
	return rc;
}

START_TEST(too_many_events_are_refused_and_as_many_as_fit_are_removed_in_one_turn)
{
	struct loop *loop = make_loop(_i, 8);

	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, add_until_refused, loop), -ENOSPC);
	loop_stop(loop);
	loop_join(loop);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_closed_descriptor_is_refused)
{
	struct loop *loop = make_loop(_i, 8);
	struct counted counted;

	counted_init(&counted, loop, 9999);
	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, add_event, &counted), -EBADF);
	loop_stop(loop);
	loop_join(loop);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_loop_that_was_stopped_runs_again_with_its_events)
{
	struct loop *loop = make_loop(_i, 8);
	struct counted counted;

	counted_init(&counted, loop, fd_eventfd());
	ck_assert_int_eq(loop_event_add(loop, &counted.event), 0);
	for (unsigned int round = 1; round <= 3; round++) {
		counted.stop_after = round;
		fd_eventfd_signal(counted.event.fd);
		if (round == 2) {
			ck_assert_int_eq(loop_start(loop), 0);
			loop_join(loop);
		} else {
			ck_assert_int_eq(loop_run(loop), 0);
		}
		ck_assert_uint_eq(counted.nr_runs, round);
	}
	loop_event_remove(loop, &counted.event);
	close(counted.event.fd);
	loop_destroy(loop);
}
END_TEST

/* --- polls --- */

struct polled {
	struct loop_poll poll;
	struct loop *loop;
	unsigned int nr_runs;
	uint32_t revents;
	unsigned int stop_after;
};

static void count_poll(struct loop_poll *poll, uint32_t revents)
{
	struct polled *polled = owner_of(poll, struct polled, poll);

	polled->revents = revents;
	if (++polled->nr_runs == polled->stop_after)
		loop_stop(polled->loop);
}

static void read_one_byte(struct loop_poll *poll, uint32_t revents)
{
	char byte;

	ck_assert_uint_eq(revents & POLLIN, POLLIN);
	ck_assert_int_eq(read(poll->fd, &byte, 1), 1);
	count_poll(poll, revents);
}

START_TEST(a_poll_fires_as_long_as_the_descriptor_is_ready)
{
	struct loop *loop = make_loop(_i, 8);
	struct polled polled = { .poll.handler = read_one_byte, .poll.events = POLLIN, .loop = loop, .stop_after = 3 };
	struct pollfd rest;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	polled.poll.fd = fds[0];
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
	ck_assert_int_eq(loop_poll_add(loop, &polled.poll), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(polled.nr_runs, 3);
	rest = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	ck_assert_int_eq(poll(&rest, 1, 0), 0);
	loop_poll_remove(loop, &polled.poll);
	close(fds[0]);
	close(fds[1]);
	loop_destroy(loop);
}
END_TEST

static int pause_poll(void *arg)
{
	struct polled *polled = arg;

	loop_poll_update(polled->loop, &polled->poll, 0);
	return (int)polled->nr_runs;
}

static int resume_poll(void *arg)
{
	struct polled *polled = arg;

	loop_poll_update(polled->loop, &polled->poll, POLLIN);
	return (int)polled->nr_runs;
}

static int count_runs(void *arg)
{
	return (int)((struct polled *)arg)->nr_runs;
}

START_TEST(a_paused_poll_is_silent_until_resumed)
{
	struct loop *loop = make_loop(_i, 8);
	struct polled polled = { .poll.handler = read_one_byte, .poll.events = POLLIN, .loop = loop, .stop_after = 1 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	polled.poll.fd = fds[0];
	ck_assert_int_eq(loop_poll_add(loop, &polled.poll), 0);
	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, pause_poll, &polled), 0);
	ck_assert_int_eq(write(fds[1], "a", 1), 1);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_call(loop, count_runs, &polled), 0);
	ck_assert_int_eq(loop_call(loop, resume_poll, &polled), 0);
	loop_join(loop);
	ck_assert_uint_eq(polled.nr_runs, 1);
	loop_poll_remove(loop, &polled.poll);
	close(fds[0]);
	close(fds[1]);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_hung_up_pipe_says_so)
{
	struct loop *loop = make_loop(_i, 8);
	struct polled polled = { .poll.handler = count_poll, .poll.events = POLLIN, .loop = loop, .stop_after = 1 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[1]);
	polled.poll.fd = fds[0];
	ck_assert_int_eq(loop_poll_add(loop, &polled.poll), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(polled.revents & POLLHUP, POLLHUP);
	loop_poll_remove(loop, &polled.poll);
	close(fds[0]);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_regular_file_is_always_ready)
{
	struct loop *loop = make_loop(_i, 8);
	struct polled polled = { .poll = { .fd = make_file(0), .events = POLLIN, .handler = count_poll },
				 .loop = loop,
				 .stop_after = 5 };

	ck_assert_int_eq(loop_poll_add(loop, &polled.poll), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_ge(polled.nr_runs, 5);
	ck_assert_uint_eq(polled.revents & POLLIN, POLLIN);
	loop_poll_remove(loop, &polled.poll);
	close(polled.poll.fd);
	loop_destroy(loop);
}
END_TEST

static void remove_poll_and_free(struct loop_poll *poll, uint32_t revents)
{
	struct polled *polled = owner_of(poll, struct polled, poll);
	struct loop *loop = polled->loop;

	(void)revents;
	loop_poll_remove(loop, poll);
	close(poll->fd);
	free(polled);
	loop_stop(loop);
}

START_TEST(a_handler_may_remove_and_free_its_poll)
{
	struct loop *loop = make_loop(_i, 8);
	struct polled *polled = calloc(1, sizeof(*polled));
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	*polled = (struct polled){ .poll = { .fd = fds[0], .events = POLLIN, .handler = remove_poll_and_free },
				   .loop = loop };
	ck_assert_int_eq(loop_poll_add(loop, &polled->poll), 0);
	ck_assert_int_eq(write(fds[1], "a", 1), 1);
	ck_assert_int_eq(loop_run(loop), 0);
	close(fds[1]);
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop_event");
	TCase *events = tcase_create("events");
	TCase *polls = tcase_create("polls");

	tcase_set_timeout(events, 60);
	add_engine_test(events, many_signals_before_a_turn_run_the_handler_once);
	add_engine_test(events, a_blocking_eventfd_works_too);
	add_engine_test(events, a_removed_eventfd_is_as_it_was);
	add_engine_test(events, a_handler_may_remove_and_free_its_event);
	add_engine_test(events, an_event_removed_in_the_turn_in_which_it_fired_does_not_run_and_keeps_its_signal);
	add_engine_test(events, no_signal_is_lost_while_an_event_is_removed_and_added_again);
	add_engine_test(events, more_events_than_the_ring_has_entries_all_fire);
	add_engine_test(events, too_many_events_are_refused_and_as_many_as_fit_are_removed_in_one_turn);
	add_engine_test(events, a_closed_descriptor_is_refused);
	add_engine_test(events, a_loop_that_was_stopped_runs_again_with_its_events);
	add_engine_test(polls, a_poll_fires_as_long_as_the_descriptor_is_ready);
	add_engine_test(polls, a_paused_poll_is_silent_until_resumed);
	add_engine_test(polls, a_hung_up_pipe_says_so);
	add_engine_test(polls, a_regular_file_is_always_ready);
	add_engine_test(polls, a_handler_may_remove_and_free_its_poll);
	suite_add_tcase(suite, events);
	suite_add_tcase(suite, polls);
	return unit_main(suite);
}
