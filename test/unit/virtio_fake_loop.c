#include <stdlib.h>

#include "test/unit/virtio_fakes.h"
#include "vmm/base/fd.h"

#define MAX_EVENTS 80

struct loop {
	struct loop_event *events[MAX_EVENTS];
	unsigned int nr_events;
	struct loop_watch *watches;
	struct loop_task *tasks;
	struct loop_post *posts;
	bool (*source)(void *arg);
	void *source_arg;
	bool busy; /* this turn did something */
};

struct loop *fake_loop_create(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		abort();
	return loop;
}

void fake_loop_destroy(struct loop *loop)
{
	if (loop->nr_events > 0 || loop->tasks || loop->watches || loop->posts)
		abort(); /* a device left something behind */
	free(loop);
}

unsigned int fake_loop_nr_events(const struct loop *loop)
{
	return loop->nr_events;
}

void fake_loop_set_source(struct loop *loop, bool (*source)(void *arg), void *arg)
{
	loop->source = source;
	loop->source_arg = arg;
}

/* Runs those that have work, each once. */
static void run_watches(struct loop *loop)
{
	struct loop_watch *ready[MAX_EVENTS];
	unsigned int nr = 0;

	for (struct loop_watch *w = loop->watches; w; w = w->next)
		if (w->ready(w))
			ready[nr++] = w;
	for (unsigned int i = 0; i < nr; i++) {
		loop->busy = true;
		if (ready[i]->link)
			ready[i]->run(ready[i]);
	}
}

/* As before a sleep: kicks are wanted again. */
static void rest_watches(struct loop *loop)
{
	struct loop_watch *w = loop->watches;

	while (w && !w->rest(w))
		w = w->next;
	if (w) {
		loop->busy = true;
		w->run(w);
	}
}

static void run_posts(struct loop *loop)
{
	struct loop_post *post;

	while ((post = loop->posts)) {
		loop->posts = post->next;
		post->queued = false;
		loop->busy = true;
		post->call(post);
	}
}

void fake_loop_turn(struct loop *loop)
{
	struct loop_task *task;

	loop->busy = false;
	for (unsigned int i = 0; i < loop->nr_events; i++) {
		struct loop_event *event = loop->events[i];

		if (fd_eventfd_take(event->fd)) {
			loop->busy = true;
			event->handler(event);
		}
	}
	run_posts(loop);
	run_watches(loop);
	if (loop->source && loop->source(loop->source_arg))
		loop->busy = true;
	if (!loop->busy)
		rest_watches(loop);
	while ((task = loop->tasks)) {
		loop->tasks = task->next;
		task->queued = false;
		loop->busy = true;
		task->run(task);
	}
}

unsigned int fake_loop_settle(struct loop *loop, unsigned int limit)
{
	unsigned int turns = 0;

	do {
		fake_loop_turn(loop);
		turns++;
	} while (loop->busy && turns < limit);
	return turns;
}

int loop_call(struct loop *loop, int (*call)(void *arg), void *arg)
{
	(void)loop;
	return call(arg);
}

void loop_post(struct loop *loop, struct loop_post *item)
{
	if (item->queued)
		return;
	item->queued = true;
	item->next = loop->posts;
	loop->posts = item;
}

void loop_post_cancel(struct loop *loop, struct loop_post *item)
{
	for (struct loop_post **link = &loop->posts; *link; link = &(*link)->next) {
		if (*link == item) {
			*link = item->next;
			item->queued = false;
			return;
		}
	}
}

int loop_event_add(struct loop *loop, struct loop_event *event)
{
	if (loop->nr_events == MAX_EVENTS)
		abort();
	loop->events[loop->nr_events++] = event;
	return 0;
}

void loop_event_remove(struct loop *loop, struct loop_event *event)
{
	for (unsigned int i = 0; i < loop->nr_events; i++) {
		if (loop->events[i] == event) {
			loop->events[i] = loop->events[--loop->nr_events];
			return;
		}
	}
	abort(); /* was never added */
}

void loop_watch_add(struct loop *loop, struct loop_watch *watch)
{
	if (watch->link)
		return;
	watch->next = loop->watches;
	if (watch->next)
		watch->next->link = &watch->next;
	watch->link = &loop->watches;
	loop->watches = watch;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
	(void)loop;
	if (!watch->link)
		return;
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->link = NULL;
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
	if (task->queued)
		return;
	task->queued = true;
	task->next = loop->tasks;
	loop->tasks = task;
}

void loop_defer_cancel(struct loop *loop, struct loop_task *task)
{
	for (struct loop_task **link = &loop->tasks; *link; link = &(*link)->next) {
		if (*link == task) {
			*link = task->next;
			task->queued = false;
			return;
		}
	}
}

void loop_drain(struct loop *loop, bool (*finished)(void *arg), void *arg)
{
	while (!finished(arg))
		fake_loop_turn(loop);
}
