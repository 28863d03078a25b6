/* The loop over epoll(7), and with it the engine of last resort: requests run on worker threads. */
#include "vmm/core/loop_epoll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"

#define EPOLL_BATCH 32

/* epoll_event.data.u64: the pointer, and this bit for polls. */
#define EPOLL_TAG_POLL 1

_Static_assert(EPOLLIN == 0x001 && EPOLLOUT == 0x004 && EPOLLERR == 0x008 && EPOLLHUP == 0x010,
	       "epoll's events are poll's");

/* One epoll_wait(2)'s harvest. Disarming blanks its entry; turns nest, so there may be an outer one. */
struct loop_epoll_batch {
	struct loop_epoll_batch *outer;
	int nr;
	struct epoll_event events[EPOLL_BATCH];
};

int loop_epoll_init(struct loop_epoll *epoll)
{
	epoll->nr_always_ready = 0;
	epoll->batch = NULL;
	epoll->fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll->fd < 0 ? -errno : 0;
}

void loop_epoll_fini(struct loop_epoll *epoll)
{
	fd_close(&epoll->fd);
}

static void blank_batches(struct loop_epoll *epoll, uint64_t data)
{
	for (struct loop_epoll_batch *batch = epoll->batch; batch != NULL; batch = batch->outer)
		for (int i = 0; i < batch->nr; i++)
			if (batch->events[i].data.u64 == data)
				batch->events[i].data.u64 = 0;
}

int loop_epoll_slot_changed(struct loop *loop, unsigned int slot)
{
	(void)loop;
	(void)slot;
	return 0;
}

int loop_epoll_event_arm(struct loop *loop, struct loop_event *event)
{
	struct loop_epoll *epoll = loop->engine;
	struct epoll_event wanted = { .events = EPOLLIN, .data.u64 = (uintptr_t)event };

	if (epoll_ctl(epoll->fd, EPOLL_CTL_ADD, event->fd, &wanted) < 0)
		return -errno;
	event->source.armed = true;
	return 0;
}

void loop_epoll_event_disarm(struct loop *loop, struct loop_event *event)
{
	struct loop_epoll *epoll = loop->engine;

	(void)!epoll_ctl(epoll->fd, EPOLL_CTL_DEL, event->fd, NULL);
	blank_batches(epoll, (uintptr_t)event);
	event->source.armed = false;
}

int loop_epoll_poll_arm(struct loop *loop, struct loop_poll *poll)
{
	struct loop_epoll *epoll = loop->engine;
	struct epoll_event wanted = { .events = poll->events, .data.u64 = (uintptr_t)poll | EPOLL_TAG_POLL };

	poll->always_ready = false;
	if (epoll_ctl(epoll->fd, EPOLL_CTL_ADD, poll->fd, &wanted) < 0) {
		if (errno != EPERM)
			return -errno;
		poll->always_ready = true;
		epoll->nr_always_ready++;
	}
	poll->source.armed = true;
	return 0;
}

void loop_epoll_poll_disarm(struct loop *loop, struct loop_poll *poll)
{
	struct loop_epoll *epoll = loop->engine;

	if (poll->always_ready)
		epoll->nr_always_ready--;
	else
		(void)!epoll_ctl(epoll->fd, EPOLL_CTL_DEL, poll->fd, NULL);
	blank_batches(epoll, (uintptr_t)poll | EPOLL_TAG_POLL);
	poll->source.armed = false;
}

/* Appends the polls that epoll refuses to those that it found ready, as far as there is room; the others' turn comes.
 */
static void add_always_ready(struct loop *loop, struct loop_epoll_batch *batch)
{
	for (struct loop_source *s = loop->polls; s != NULL && batch->nr < EPOLL_BATCH; s = s->next) {
		struct loop_poll *poll = container_of(s, struct loop_poll, source);

		if (!s->armed || !poll->always_ready)
			continue;
		batch->events[batch->nr].events = poll->events & (EPOLLIN | EPOLLOUT);
		batch->events[batch->nr++].data.u64 = (uintptr_t)poll | EPOLL_TAG_POLL;
	}
}

static void dispatch(const struct epoll_event *found)
{
	void *owner = (void *)(uintptr_t)(found->data.u64 & ~(uint64_t)EPOLL_TAG_POLL);
	struct loop_event *event = owner;
	struct loop_poll *poll = owner;

	if (owner == NULL)
		return;
	if (found->data.u64 & EPOLL_TAG_POLL)
		poll->handler(poll, found->events);
	else if (read(event->fd, &event->count, sizeof(event->count)) == (ssize_t)sizeof(event->count))
		event->handler(event);
}

void loop_epoll_turn(struct loop *loop, bool wait)
{
	struct loop_epoll *epoll = loop->engine;
	struct loop_epoll_batch batch;
	bool ready = !wait || epoll->nr_always_ready > 0;

	batch.nr = epoll_wait(epoll->fd, batch.events, EPOLL_BATCH, ready ? 0 : -1);
	if (wait)
		loop_woken(loop);
	if (batch.nr < 0) /* EINTR: a turn in which nothing happened */
		batch.nr = 0;
	if (epoll->nr_always_ready > 0)
		add_always_ready(loop, &batch);
	batch.outer = epoll->batch;
	epoll->batch = &batch;
	for (int i = 0; i < batch.nr; i++)
		dispatch(&batch.events[i]);
	epoll->batch = batch.outer;
}

bool loop_epoll_pending(struct loop *loop)
{
	struct loop_epoll *epoll = loop->engine;
	struct epoll_event event;

	return epoll->nr_always_ready > 0 || epoll_wait(epoll->fd, &event, 1, 0) > 0;
}

bool loop_epoll_io_start(struct loop *loop, struct loop_io *io)
{
	loop_worker_submit(loop, io);
	return true;
}

/* --- the engine of last resort --- */

static int thread_probe(void)
{
	return 0;
}

static int thread_up(struct loop *loop)
{
	struct loop_epoll *epoll = malloc(sizeof(*epoll));
	int rc;

	if (epoll == NULL)
		return -ENOMEM;
	rc = loop_epoll_init(epoll);
	if (rc < 0) {
		free(epoll);
		return rc;
	}
	loop->engine = epoll;
	return 0;
}

static void thread_down(struct loop *loop)
{
	struct loop_epoll *epoll = loop->engine;

	loop_epoll_fini(epoll);
	free(epoll);
}

const struct loop_ops loop_thread_ops = {
	.name = "threads",
	.probe = thread_probe,
	.up = thread_up,
	.down = thread_down,
	.turn = loop_epoll_turn,
	.pending = loop_epoll_pending,
	.slot_changed = loop_epoll_slot_changed,
	.event_arm = loop_epoll_event_arm,
	.event_disarm = loop_epoll_event_disarm,
	.poll_arm = loop_epoll_poll_arm,
	.poll_disarm = loop_epoll_poll_disarm,
	.io_start = loop_epoll_io_start,
};
