/* The event loop: one thread waits in one place for kicks, readiness, completions and calls from other threads.
 *
 * Theory of operation. A loop belongs to one thread. Everything it waits for comes back through a callback on that
 * thread. With io_uring each of these is a completion of one ring, and one io_uring_enter(2) both submits all that the
 * callbacks prepared and waits. Where io_uring is refused, the same calls run over epoll, with libaio for reads and
 * writes, or with a worker thread where even that is missing; the users of this header can't tell. What no engine can
 * do without blocking (ioctl(2) on a block device, fsync under libaio) runs on the loop's worker thread, which is
 * started when first needed.
 *
 * A turn of the loop: run the watches that have work, submit and wait, run the callback of each event and completion,
 * run the deferred tasks once, start over. Before it sleeps the loop may look for work for a while. Devices collect a
 * batch's results in their callbacks and publish them in a deferred task. */
#ifndef VMM_CORE_LOOP_H
#define VMM_CORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct loop;

enum loop_engine {
	LOOP_ENGINE_AUTO, /* the first of the following that this host permits */
	LOOP_ENGINE_URING,
	LOOP_ENGINE_AIO,
	LOOP_ENGINE_THREAD,
};

struct loop_config {
	const char *name; /* the thread's, at most 15 bytes */
	enum loop_engine engine;
	unsigned int nr_entries; /* submissions prepared in one turn before an extra submit; a power of two, 0: 128 */
	/* The longest that the loop looks for work before it sleeps, half of it with requests in flight; 0: not at all.
	 * To find work within that time is taken to be worth as much, see loop_watch.c. */
	unsigned int poll_us;
	bool poll_spare; /* only if this process has a CPU beyond those that others keep busy, as vCPUs do */
	unsigned int nr_busy_cpus;
};

/* Makes the loop and chooses the engine; the ring itself is created by the thread that runs it. On failure nothing is
 * left. -EOPNOTSUPP: the asked engine is refused by this host (logged). Control thread. */
__attribute__((warn_unused_result)) int loop_create(const struct loop_config *config, struct loop **out);
/* After loop_join(), or if the loop never ran. */
void loop_destroy(struct loop *loop);
/* The engine in use: "io_uring", "libaio" or "threads". Any thread. */
const char *loop_engine_name(const struct loop *loop);

/* Runs the loop on a new thread until loop_stop(). -errno if the thread or its ring can't be made. Control thread. */
__attribute__((warn_unused_result)) int loop_start(struct loop *loop);
/* Runs the loop on the calling thread until loop_stop(). */
__attribute__((warn_unused_result)) int loop_run(struct loop *loop);
/* Makes the loop return after this turn, once every request that was submitted before has completed. The events, polls
 * and files stay added: a loop can run again. Any thread, and async-signal-safe. */
void loop_stop(struct loop *loop);
/* Waits for the thread of loop_start() to end. */
void loop_join(struct loop *loop);

/* The mailbox. Runs `call(arg)` on the loop's thread and returns what it returned; runs it at once when the caller is
 * that thread, or when no thread runs the loop yet or any more. Any thread. */
int loop_call(struct loop *loop, int (*call)(void *arg), void *arg);
/* The same without waiting; `call` is run by the next turn. `item` is the caller's and must live until then; posting an
 * item that is still queued does nothing. Any thread. */
struct loop_post {
	void (*call)(struct loop_post *post);
	struct loop_post *next; /* the loop's */
	bool queued; /* the loop's, under its lock */
};
void loop_post(struct loop *loop, struct loop_post *item);
/* Takes the item back if it is still queued; it may then be freed. The loop's own thread, or while none runs it. */
void loop_post_cancel(struct loop *loop, struct loop_post *item);

/* --- What follows is called on the loop's own thread only, or while no thread runs it. --- */

/* What a loop keeps of each descriptor that it waits for. Zero is a valid "not added" state. */
struct loop_source {
	struct loop_source *next;
	struct loop_source **link; /* what points here: NULL when not added */
	int slot; /* in the table of registered files */
	bool armed; /* the engine waits for it */
};

/* An eventfd to wait for. Each signal, however many writes it collects, runs `handler` once; the counter is taken by
 * the loop. Embedded in its owner, which sets `fd` and `handler` and zeroes the rest; `fd` stays the owner's, blocking
 * or not: the loop may switch O_NONBLOCK off while it waits, and puts it back. */
struct loop_event {
	int fd;
	void (*handler)(struct loop_event *event);
	/* the loop's */
	struct loop_source source;
	uint64_t count;
	bool was_nonblocking;
};
/* 0; -ENOSPC if the loop waits for too many descriptors; or what the engine says about the descriptor. */
__attribute__((warn_unused_result)) int loop_event_add(struct loop *loop, struct loop_event *event);
/* When it returns the handler will not run again, and `event` and its fd may be freed. A signal that the handler has
 * not seen stays in the eventfd. Removing what was not added does nothing. */
void loop_event_remove(struct loop *loop, struct loop_event *event);

/* A place in memory that another thread fills, such as a virtqueue, and that has an eventfd for when the loop sleeps.
 * Embedded in its owner, which sets the functions and zeroes the rest. The loop looks at it in each turn, and while it
 * looks for work before it sleeps (loop_config.poll_us). */
struct loop_watch {
	/* Whether there is something to do. Looks at memory only. */
	bool (*ready)(struct loop_watch *watch);
	/* Does it, or as much of it as is fair for one turn. May remove the watch. */
	void (*run)(struct loop_watch *watch);
	/* The loop is about to sleep: from now on the eventfd must be signalled. True if there is something to do after
	 * all; then `run` is called. */
	bool (*rest)(struct loop_watch *watch);
	/* The loop is awake and looks by itself: no more signals are needed. */
	void (*wake)(struct loop_watch *watch);
	/* the loop's */
	struct loop_watch *next;
	struct loop_watch **link; /* what points here: NULL when not added */
	uint64_t looked_at;
	unsigned int nr_idle;
};
/* Looks at the watch from now on: in the state after `wake`. The loop forgets one that has nothing for some sleeps, in
 * the state after `rest`; so the handler of the eventfd adds it again. Adding one that is there prolongs its time. */
void loop_watch_add(struct loop *loop, struct loop_watch *watch);
/* When it returns none of its functions is called again. Removing what was not added does nothing. */
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* A descriptor to poll. `handler` runs with the ready events (POLLIN, POLLOUT, POLLHUP, POLLERR), level-triggered.
 * `events` is changed with loop_poll_update(); 0 pauses. */
struct loop_poll {
	int fd;
	uint32_t events;
	void (*handler)(struct loop_poll *poll, uint32_t revents);
	/* the loop's */
	struct loop_source source;
	bool always_ready; /* a file that can't be polled, under epoll */
};
/* As loop_event_add(). What has no readiness, such as a regular file, is always ready. */
__attribute__((warn_unused_result)) int loop_poll_add(struct loop *loop, struct loop_poll *poll);
void loop_poll_update(struct loop *loop, struct loop_poll *poll, uint32_t events);
void loop_poll_remove(struct loop *loop, struct loop_poll *poll);

/* Runs once at the end of this turn, before the loop sleeps. Embedded; deferring twice in one turn runs it once. */
struct loop_task {
	void (*run)(struct loop_task *task);
	struct loop_task *next; /* the loop's */
	bool queued; /* the loop's */
};
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_defer_cancel(struct loop *loop, struct loop_task *task);

/* A file that I/O goes to. Registered files spare the kernel a look-up per request. The descriptor stays the caller's
 * and stays open until it is unregistered; it must not be O_NONBLOCK. The index, or -ENOSPC, or the engine's errno. */
__attribute__((warn_unused_result)) int loop_file_register(struct loop *loop, int fd);
/* No request on it is in flight. */
void loop_file_unregister(struct loop *loop, int index);

enum loop_io_op {
	LOOP_IO_READV,
	LOOP_IO_WRITEV,
	LOOP_IO_WRITEV_DSYNC, /* durable when it completes (RWF_DSYNC) */
	LOOP_IO_FDATASYNC,
	LOOP_IO_PUNCH_HOLE, /* fallocate: the range reads as zeros, space is given back */
	LOOP_IO_ZERO_RANGE, /* fallocate: the range reads as zeros, space is kept */
	LOOP_IO_NOP, /* completes with 0 in the next turn, without the engine */
	LOOP_IO_CALL, /* `call` runs on the worker thread and its result is the completion's */
};

/* One request. Embedded in its owner, which fills the upper part, and must leave it and the iovecs alone until `done`.
 * `done` runs on the loop's thread, never from inside loop_io_submit(); `result` is bytes, 0, or a negative errno.
 * A short transfer is passed on as it is: the caller goes on from there. */
struct loop_io {
	enum loop_io_op op;
	int file; /* from loop_file_register() */
	const struct iovec *iov;
	unsigned int nr_iov; /* at most IOV_MAX */
	uint64_t offset;
	uint64_t length; /* PUNCH_HOLE, ZERO_RANGE */
	int (*call)(struct loop_io *io); /* CALL */
	void (*done)(struct loop_io *io, int result);
	/* the loop's */
	struct loop_io *next;
	int result;
	uint64_t engine[8]; /* room for a struct iocb */
};

/* Prepares the request; it is submitted with the rest of this turn's batch. Never fails: what the engine refuses comes
 * back through `done`. While the loop runs its last turns after loop_stop(), new requests come back with -ECANCELED. */
void loop_io_submit(struct loop *loop, struct loop_io *io);

/* How many requests are between submit and done. */
unsigned int loop_io_in_flight(const struct loop *loop);

/* Runs turns of the loop from inside a call until `finished(arg)`; for draining before a reset. Everything that a turn
 * runs may run inside it, so it is called from a loop_call() or loop_post(), not from the handler of what it drains.
 * Also works while no thread runs the loop. */
void loop_drain(struct loop *loop, bool (*finished)(void *arg), void *arg);

#endif
