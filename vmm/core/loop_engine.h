/* Between the loop and its engines: what each engine answers, and what the loop keeps. Nobody else includes this. */
#ifndef VMM_CORE_LOOP_ENGINE_H
#define VMM_CORE_LOOP_ENGINE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>

#include "vmm/base/container_of.h"
#include "vmm/core/loop.h"

/* Descriptors a loop knows at once: events, polls and files. */
#define LOOP_MAX_SLOTS 256

/* All are called on the thread that runs the loop, but for `probe`. Those that return int give 0 or a negative errno.
 */
struct loop_ops {
	const char *name;
	/* Whether this host lets us, cheaply. Control thread. */
	int (*probe)(void);
	/* Makes the engine's kernel objects into loop->engine. Nothing is left on failure. */
	int (*up)(struct loop *loop);
	/* No request is in flight and nothing is armed. */
	void (*down)(struct loop *loop);
	/* Submits, waits for something to happen if `wait`, and runs the handlers of what has. After a wait it calls
	 * loop_woken() first. */
	void (*turn)(struct loop *loop, bool wait);
	/* Whether a turn that doesn't wait would submit or find something. Called over and over while the loop spins.
	 */
	bool (*pending)(struct loop *loop);
	/* loop->slots[slot] has changed. */
	int (*slot_changed)(struct loop *loop, unsigned int slot);
	/* Sets source.armed, which loop.c trusts. disarm is not called for what is not armed. */
	int (*event_arm)(struct loop *loop, struct loop_event *event);
	void (*event_disarm)(struct loop *loop, struct loop_event *event);
	int (*poll_arm)(struct loop *loop, struct loop_poll *poll);
	void (*poll_disarm)(struct loop *loop, struct loop_poll *poll);
	/* Takes a request (neither NOP nor CALL); false if there is no room before another completes. */
	bool (*io_start)(struct loop *loop, struct loop_io *io);
	/* A request on a file that knows RWF_NOWAIT is first tried so, without a system call of its own. */
	bool tries_nowait;
};

extern const struct loop_ops loop_uring_ops;
extern const struct loop_ops loop_aio_ops;
extern const struct loop_ops loop_thread_ops;

/* Requests, first in, first out; linked through `next`. */
struct loop_io_list {
	struct loop_io *head;
	struct loop_io **tail;
	unsigned int nr;
};

struct loop_worker;

/* What spinning before a sleep has earned, in one kind of wait: loop_watch.c. */
struct loop_account {
	int64_t credit_ns;
	uint32_t skip; /* sleeps before the next try */
	uint32_t backoff; /* what `skip` began with; 0 after a success */
};

/* How a file without O_DIRECT takes transfers of one direction: loop_cached.c. */
struct loop_cached {
	enum {
		CACHED_UNKNOWN,
		CACHED_NOWAIT, /* it knows RWF_NOWAIT */
		CACHED_PLAIN,
	} way;
	uint32_t skip; /* transfers that go to the engine before the next is tried */
	uint32_t backoff; /* what `skip` began with; 0 after a success */
};

struct loop {
	char name[16];
	bool automatic; /* another engine may be tried */
	unsigned int nr_entries;
	const struct loop_ops *_Atomic ops; /* changes at most once, before the loop runs */
	pthread_t thread;
	bool started; /* the control thread's: there is a thread to join */

	/* Any thread, under the lock. */
	pthread_mutex_t lock;
	bool running; /* a thread takes posts */
	struct loop_post *posts;
	struct loop_post **posts_tail;
	unsigned int nr_posts;

	/* Written by any thread and by signal handlers, read by the loop's thread. */
	atomic_bool stop;

	/* The loop's thread. */
	bool up; /* the engine runs */
	bool stopping; /* last turns */
	void *engine;
	struct loop_worker *worker; /* NULL until needed */
	struct loop_event wake; /* posts, finished work of the worker, and loop_stop() */
	struct loop_source *events;
	struct loop_source *polls;
	struct loop_watch *watches;
	uint64_t nr_looks;
	uint32_t poll_max_ns; /* the longest spin; 0: none */
	struct loop_account accounts[2]; /* waits for a driver, waits with requests in flight */
	struct loop_task *deferred; /* for the end of this turn */
	struct loop_task **deferred_tail;
	struct loop_task *due; /* being run */
	struct loop_io_list backlog; /* the engine had no room, or is not up */
	struct loop_io_list finished; /* `done` is to be called */
	unsigned int in_flight;
	unsigned int nr_slots; /* usable: LOOP_MAX_SLOTS, or fewer if RLIMIT_NOFILE is tiny */
	int slots[LOOP_MAX_SLOTS]; /* -1: free */
	bool slot_direct[LOOP_MAX_SLOTS]; /* opened with O_DIRECT */
	struct loop_cached cached[LOOP_MAX_SLOTS][2]; /* reads, writes */
	int64_t cached_budget; /* of this turn */
};

/* Makes the list empty. */
void loop_io_list_init(struct loop_io_list *list);
/* Appends. */
void loop_io_list_push(struct loop_io_list *list, struct loop_io *io);
/* Takes the first out, or NULL. */
struct loop_io *loop_io_list_pop(struct loop_io_list *list);

/* Calls the request's `done`. From the engine's turn only. */
void loop_io_complete(struct loop *loop, struct loop_io *io, int result);
/* Has it called at the end of this turn or in the next. */
void loop_io_complete_later(struct loop *loop, struct loop_io *io, int result);

enum loop_cached_result {
	CACHED_NOT, /* it is the engine's */
	CACHED_DONE, /* loop_io_complete_later() was called */
	CACHED_LATER, /* next turn */
};
/* Carries the request out at once if that is cheaper than the engine and hardly ever blocks. */
enum loop_cached_result loop_cached_try(struct loop *loop, struct loop_io *io);
/* Whether a read on such a file was done from the cache, and loop_io_complete_later() called. For an engine that tries
 * by itself, but finds a single read dearer than this. */
bool loop_cached_read_now(struct loop *loop, struct loop_io *io);
/* A turn begins. */
void loop_cached_refill(struct loop *loop);

/* CLOCK_MONOTONIC. */
uint64_t loop_now_ns(void);

/* The parts of a turn, each in the file of its name. Loop's thread.
 * Offers the engine what it had no room for. */
void loop_start_backlog(struct loop *loop);
/* Calls `done` of what is finished now; what that finishes waits for the next turn. */
void loop_complete_finished(struct loop *loop);
/* Runs the tasks; those deferred meanwhile wait for the next turn. */
void loop_run_deferred(struct loop *loop);
/* Runs the posts that are queued now. */
void loop_run_posts(struct loop *loop);

/* Runs the watches that have work; whether one had. */
bool loop_look(struct loop *loop);
/* Looks for work for a while; whether there is some, in a watch or for a turn that doesn't wait. */
bool loop_spin(struct loop *loop);
/* Has the watches signalled from now on, and runs those that have work after all; whether one had. loop_woken() comes
 * after it. */
bool loop_rest(struct loop *loop);
/* The loop looks at its watches again. */
void loop_woken(struct loop *loop);
void loop_spin_init(struct loop *loop, const struct loop_config *config);

/* Has the engine wait for all that was added, or for none of it but the wake event. */
__attribute__((warn_unused_result)) int loop_arm_sources(struct loop *loop);
void loop_disarm_sources(struct loop *loop);

/* Whether the calling thread is the one that runs the loop. */
bool loop_is_current(const struct loop *loop);
/* sem_wait(3) that goes on after a signal. */
void loop_wait_for(sem_t *sem);

/* Hands a request to the worker, which is started if need be. Its result comes back through loop_worker_reap(), which
 * the wake event calls. Loop's thread. */
void loop_worker_submit(struct loop *loop, struct loop_io *io);
void loop_worker_reap(struct loop *loop);
/* Ends the worker's threads. None of its requests is in flight. */
void loop_worker_destroy(struct loop *loop);

/* Runs a request (not NOP) with plain system calls on the calling thread: bytes, 0 or a negative errno. */
int loop_io_perform(struct loop_io *io, int fd);

#endif
