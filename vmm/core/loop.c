#include "vmm/core/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/core/loop_engine.h"

#define LOOP_DEFAULT_ENTRIES 128
#define LOOP_MIN_ENTRIES 8
#define LOOP_MAX_ENTRIES 4096

/* In the order in which LOOP_ENGINE_AUTO tries them. */
static const struct loop_ops *const loop_engines[] = {
	&loop_uring_ops,
	&loop_aio_ops,
	&loop_thread_ops,
};
#define LOOP_NR_ENGINES (sizeof(loop_engines) / sizeof(loop_engines[0]))

/* The loop that the calling thread is running. */
static _Thread_local struct loop *loop_current;

bool loop_is_current(const struct loop *loop)
{
	return loop_current == loop;
}

/* --- creation --- */

static int choose_engine(struct loop *loop, enum loop_engine asked)
{
	int rc = -EOPNOTSUPP;

	if (asked != LOOP_ENGINE_AUTO) {
		const struct loop_ops *ops = loop_engines[asked - LOOP_ENGINE_URING];

		rc = ops->probe();
		if (rc < 0) {
			log_error("engine '%s' was asked for, but this host refuses it (%s): leave the choice to mote, "
				  "or %s",
				  ops->name, strerror(-rc),
				  asked == LOOP_ENGINE_URING
					  ? "allow io_uring (sysctl kernel.io_uring_disabled=0, seccomp)"
					  : "allow the io_setup system call");
			return -EOPNOTSUPP;
		}
		loop->ops = ops;
		return 0;
	}
	for (unsigned int i = 0; i < LOOP_NR_ENGINES; i++) {
		rc = loop_engines[i]->probe();
		if (rc == 0) {
			loop->ops = loop_engines[i];
			return 0;
		}
		log_debug("%s is refused: %s", loop_engines[i]->name, strerror(-rc));
	}
	return rc;
}

static void handle_wake(struct loop_event *event)
{
	struct loop *loop = container_of(event, struct loop, wake);

	loop_worker_reap(loop);
	loop_run_posts(loop);
}

int loop_create(const struct loop_config *config, struct loop **out)
{
	struct rlimit nofile;
	struct loop *loop;
	int rc;

	if ((unsigned int)config->engine > LOOP_ENGINE_THREAD)
		return -EINVAL;
	loop = calloc(1, sizeof(*loop));
	if (loop == NULL)
		return -ENOMEM;
	strncpy(loop->name, config->name != NULL ? config->name : "loop", sizeof(loop->name) - 1);
	loop->automatic = config->engine == LOOP_ENGINE_AUTO;
	loop->nr_entries = config->nr_entries != 0 ? config->nr_entries : LOOP_DEFAULT_ENTRIES;
	if (loop->nr_entries < LOOP_MIN_ENTRIES)
		loop->nr_entries = LOOP_MIN_ENTRIES;
	if (loop->nr_entries > LOOP_MAX_ENTRIES)
		loop->nr_entries = LOOP_MAX_ENTRIES;
	loop_spin_init(loop, config);
	loop->posts_tail = &loop->posts;
	loop->deferred_tail = &loop->deferred;
	loop_io_list_init(&loop->backlog);
	loop_io_list_init(&loop->finished);
	/* io_uring refuses a table larger than RLIMIT_NOFILE. */
	loop->nr_slots = LOOP_MAX_SLOTS;
	if (getrlimit(RLIMIT_NOFILE, &nofile) == 0 && nofile.rlim_cur < loop->nr_slots)
		loop->nr_slots = (unsigned int)nofile.rlim_cur;
	for (unsigned int i = 0; i < LOOP_MAX_SLOTS; i++)
		loop->slots[i] = -1;

	rc = choose_engine(loop, config->engine);
	if (rc < 0)
		goto free_loop;
	rc = fd_eventfd();
	if (rc < 0)
		goto free_loop;
	loop->wake.fd = rc;
	loop->wake.handler = handle_wake;
	rc = pthread_mutex_init(&loop->lock, NULL);
	if (rc != 0) {
		rc = -rc;
		goto close_wake;
	}
	rc = loop_event_add(loop, &loop->wake);
	if (rc < 0)
		goto destroy_lock;
	*out = loop;
	return 0;

destroy_lock:
	pthread_mutex_destroy(&loop->lock);
close_wake:
	fd_close(&loop->wake.fd);
free_loop:
	free(loop);
	return rc;
}

void loop_destroy(struct loop *loop)
{
	if (loop == NULL)
		return;
	assert(!loop->running && !loop->started);
	pthread_mutex_destroy(&loop->lock);
	fd_close(&loop->wake.fd);
	free(loop);
}

const char *loop_engine_name(const struct loop *loop)
{
	return loop->ops->name;
}

/* --- running --- */

static bool has_leftovers(const struct loop *loop)
{
	return loop->finished.head != NULL || loop->deferred != NULL || loop->due != NULL;
}

static void loop_turn(struct loop *loop)
{
	bool busy;

	loop_cached_refill(loop);
	loop_start_backlog(loop);
	busy = loop_look(loop);
	if (busy || has_leftovers(loop) || loop_spin(loop)) {
		loop->ops->turn(loop, false);
	} else if (loop_rest(loop)) {
		loop_woken(loop);
		loop->ops->turn(loop, false);
	} else {
		loop->ops->turn(loop, true);
	}
	loop_complete_finished(loop);
	loop_run_deferred(loop);
}

static void engine_down(struct loop *loop)
{
	loop_disarm_sources(loop);
	if (loop->wake.source.armed)
		loop->ops->event_disarm(loop, &loop->wake);
	loop_worker_destroy(loop);
	loop->ops->down(loop);
	loop->engine = NULL;
	loop->up = false;
}

static int engine_try(struct loop *loop)
{
	int rc = loop->ops->up(loop);

	if (rc < 0)
		return rc;
	loop->up = true;
	rc = loop_arm_sources(loop);
	if (rc < 0)
		engine_down(loop);
	return rc;
}

/* The probe said yes, but the real thing can still fail, for one when locked memory is short. */
static int engine_up(struct loop *loop)
{
	int rc = engine_try(loop);
	unsigned int i = 0;

	if (rc < 0 && loop->automatic) {
		while (i < LOOP_NR_ENGINES && loop_engines[i] != loop->ops)
			i++;
		while (rc < 0 && ++i < LOOP_NR_ENGINES) {
			log_info("%s: %s failed (%s), trying %s", loop->name, loop->ops->name, strerror(-rc),
				 loop_engines[i]->name);
			loop->ops = loop_engines[i];
			rc = engine_try(loop);
		}
	}
	if (rc < 0)
		log_error("cannot start the event loop '%s' on %s: %s", loop->name, loop->ops->name, strerror(-rc));
	return rc;
}

static void set_running(struct loop *loop, bool running)
{
	pthread_mutex_lock(&loop->lock);
	loop->running = running;
	pthread_mutex_unlock(&loop->lock);
}

/* Runs what is left without an engine. From then on, calls run where they are made. */
static void close_mailbox(struct loop *loop)
{
	bool closed;

	do {
		loop_complete_finished(loop);
		loop_run_deferred(loop);
		loop_run_posts(loop);
		pthread_mutex_lock(&loop->lock);
		closed = loop->posts == NULL && loop->finished.head == NULL && loop->deferred == NULL;
		if (closed) {
			loop->stopping = false;
			loop->running = false; /* from here on the loop is the caller's */
		}
		pthread_mutex_unlock(&loop->lock);
	} while (!closed);
}

/* Everything that was submitted completes, nothing new begins, then the mailbox closes. */
static void finish(struct loop *loop)
{
	loop->stopping = true;
	loop_disarm_sources(loop);
	while (loop->in_flight > 0)
		loop_turn(loop);
	engine_down(loop);
	close_mailbox(loop);
}

static void run_until_stopped(struct loop *loop)
{
	while (!atomic_load(&loop->stop))
		loop_turn(loop);
	atomic_store(&loop->stop, false);
	finish(loop);
}

int loop_run(struct loop *loop)
{
	struct loop *outer = loop_current;
	int rc;

	assert(!loop->up);
	set_running(loop, true);
	loop_current = loop;
	rc = engine_up(loop);
	if (rc == 0)
		run_until_stopped(loop);
	else
		close_mailbox(loop);
	loop_current = outer;
	return rc;
}

struct loop_start {
	struct loop *loop;
	int result;
	sem_t ready;
};

static void *loop_thread(void *arg)
{
	struct loop_start *start = arg;
	struct loop *loop = start->loop;
	int rc;

	loop_current = loop;
	rc = engine_up(loop);
	start->result = rc;
	sem_post(&start->ready); /* `start` is gone from here on */
	if (rc == 0)
		run_until_stopped(loop);
	else
		close_mailbox(loop);
	return NULL;
}

int loop_start(struct loop *loop)
{
	struct loop_start start = { .loop = loop };
	int rc;

	assert(!loop->started && !loop->up);
	sem_init(&start.ready, 0, 0);
	set_running(loop, true);
	rc = thread_start(&loop->thread, loop->name, loop_thread, &start);
	if (rc < 0) {
		set_running(loop, false);
	} else {
		loop_wait_for(&start.ready);
		rc = start.result;
		if (rc < 0)
			pthread_join(loop->thread, NULL);
		loop->started = rc == 0;
	}
	sem_destroy(&start.ready);
	return rc;
}

void loop_stop(struct loop *loop)
{
	int saved = errno;

	atomic_store(&loop->stop, true);
	fd_eventfd_signal(loop->wake.fd);
	errno = saved;
}

void loop_join(struct loop *loop)
{
	if (!loop->started)
		return;
	pthread_join(loop->thread, NULL);
	loop->started = false;
}

void loop_drain(struct loop *loop, bool (*finished)(void *arg), void *arg)
{
	struct loop *outer = loop_current;

	if (finished(arg))
		return;
	if (loop->up) {
		while (!finished(arg))
			loop_turn(loop);
		return;
	}
	/* Nobody runs it: the caller does, for as long as this takes. */
	set_running(loop, true);
	loop_current = loop;
	if (engine_up(loop) == 0) {
		while (!finished(arg))
			loop_turn(loop);
		finish(loop);
	} else {
		close_mailbox(loop);
	}
	loop_current = outer;
}
