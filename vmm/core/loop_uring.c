/* The loop over io_uring.
 *
 * Theory of operation. Each armed event is a READ of its eventfd, each armed poll a POLL_ADD, each request one
 * operation; a completion's user_data is the pointer with its kind in the low bits. One io_uring_enter(2) a turn
 * submits what was prepared and waits; a turn that doesn't wait enters only if it has something to submit, or the ring
 * says that completions wait to be put into it. The ring is made by the thread that runs the loop: loop_uring_setup.c.
 *
 * Two rules keep the completion queue from overflowing, so that its entries can be scanned in place: requests beyond
 * max_io wait in the loop's backlog, and the number of armed sources is bounded. */
#include "vmm/core/loop_uring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/log.h"

enum uring_tag {
	TAG_IO,
	TAG_EVENT,
	TAG_POLL,
	TAG_IGNORE,
	TAG_MASK = 7,
};

/* What the kernel itself transfers at most (MAX_RW_COUNT with 4 KiB pages). */
#define URING_MAX_TRANSFER 0x7ffff000u

/* --- submission --- */

/* io_uring_enter(2) on our own ring may be interrupted, or put off for lack of memory; the next one goes on. */
static void uring_check(int rc)
{
	assert(rc >= 0 || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY);
	(void)rc;
}

/* Room for one more operation; a full queue is submitted first. Waits only where the kernel is out of memory. */
static struct io_uring_sqe *uring_sqe(struct uring *u)
{
	struct io_uring_sqe *sqe;

	while ((sqe = io_uring_get_sqe(&u->ring)) == NULL)
		uring_check(io_uring_submit(&u->ring));
	return sqe;
}

static void uring_tag(struct io_uring_sqe *sqe, const void *ptr, enum uring_tag tag)
{
	sqe->user_data = (uintptr_t)ptr | tag;
	sqe->flags |= IOSQE_FIXED_FILE;
}

/* A transfer's length is 32 bits wide; the caller goes on after a short one. */
static unsigned int uring_length(const struct iovec *iov)
{
	return iov->iov_len < URING_MAX_TRANSFER ? (unsigned int)iov->iov_len : URING_MAX_TRANSFER;
}

static void uring_prepare(struct uring *u, struct loop_io *io)
{
	struct io_uring_sqe *sqe = uring_sqe(u);

	switch (io->op) {
	case LOOP_IO_READV:
		/* One buffer: no iovec to copy in. */
		if (io->nr_iov == 1)
			io_uring_prep_read(sqe, io->file, io->iov->iov_base, uring_length(io->iov), io->offset);
		else
			io_uring_prep_readv(sqe, io->file, io->iov, io->nr_iov, io->offset);
		break;
	case LOOP_IO_WRITEV:
	case LOOP_IO_WRITEV_DSYNC:
		if (io->nr_iov == 1)
			io_uring_prep_write(sqe, io->file, io->iov->iov_base, uring_length(io->iov), io->offset);
		else
			io_uring_prep_writev(sqe, io->file, io->iov, io->nr_iov, io->offset);
		if (io->op == LOOP_IO_WRITEV_DSYNC)
			sqe->rw_flags = RWF_DSYNC;
		break;
	case LOOP_IO_FDATASYNC:
		io_uring_prep_fsync(sqe, io->file, IORING_FSYNC_DATASYNC);
		break;
	case LOOP_IO_PUNCH_HOLE:
		io_uring_prep_fallocate(sqe, io->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, io->offset,
					io->length);
		break;
	case LOOP_IO_ZERO_RANGE:
		io_uring_prep_fallocate(sqe, io->file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, io->offset,
					io->length);
		break;
	case LOOP_IO_NOP:
	case LOOP_IO_CALL:
		assert(false);
		break;
	}
	uring_tag(sqe, io, TAG_IO);
}

static bool uring_io_start(struct loop *loop, struct loop_io *io)
{
	struct uring *u = loop->engine;

	if (u->nr_io >= u->max_io)
		return false;
	u->nr_io++;
	if (u->lone != NULL) {
		uring_prepare(u, u->lone);
		u->lone = NULL;
	} else if (io->op == LOOP_IO_READV && !loop->slot_direct[io->file] && io_uring_sq_ready(&u->ring) == 0) {
		u->lone = io;
		return true;
	}
	uring_prepare(u, io);
	return true;
}

/* Whether the lone read is done. */
static bool uring_read_lone(struct loop *loop)
{
	struct uring *u = loop->engine;
	struct loop_io *io = u->lone;

	if (io == NULL)
		return false;
	u->lone = NULL;
	if (io_uring_sq_ready(&u->ring) == 0 && loop_cached_read_now(loop, io)) {
		u->nr_io--;
		return true;
	}
	uring_prepare(u, io);
	return false;
}

/* --- sources --- */

static int uring_slot_changed(struct loop *loop, unsigned int slot)
{
	struct uring *u = loop->engine;
	int rc = io_uring_register_files_update(&u->ring, slot, &loop->slots[slot], 1);

	return rc < 0 ? rc : 0;
}

static void uring_event_prepare(struct uring *u, struct loop_event *event)
{
	struct io_uring_sqe *sqe = uring_sqe(u);

	io_uring_prep_read(sqe, event->source.slot, &event->count, sizeof(event->count), (uint64_t)-1);
	uring_tag(sqe, event, TAG_EVENT);
	event->source.armed = true;
	u->nr_armed++;
}

static int uring_event_arm(struct loop *loop, struct loop_event *event)
{
	/* A READ of a non-blocking file doesn't wait: it completes with -EAGAIN. */
	int flags = fcntl(event->fd, F_GETFL);

	if (flags < 0)
		return -errno;
	event->was_nonblocking = (flags & O_NONBLOCK) != 0;
	if (event->was_nonblocking && fcntl(event->fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	uring_event_prepare(loop->engine, event);
	return 0;
}

static int uring_poll_arm(struct loop *loop, struct loop_poll *poll)
{
	struct uring *u = loop->engine;
	struct io_uring_sqe *sqe = uring_sqe(u);

	/* One shot, armed anew each time: that looks at the state again, which makes it level-triggered. */
	io_uring_prep_poll_add(sqe, poll->source.slot, poll->events);
	uring_tag(sqe, poll, TAG_POLL);
	poll->source.armed = true;
	u->nr_armed++;
	return 0;
}

/* Takes the completion with this user_data out of the queue, wherever in it, and drops those of cancellations. The
 * first entry moves into the hole: the kernel doesn't look at entries that it has written. */
static bool uring_take_completion(struct uring *u, uint64_t user_data, int *res)
{
	struct io_uring_cq *cq = &u->ring.cq;
	unsigned int nr = io_uring_cq_ready(&u->ring);
	unsigned int head = *cq->khead;
	bool found = false;

	for (unsigned int i = 0; i < nr; i++) {
		struct io_uring_cqe *cqe = &cq->cqes[(head + i) & *cq->kring_mask];

		if (cqe->user_data == user_data) {
			*res = cqe->res;
			found = true;
		} else if (cqe->user_data != TAG_IGNORE) {
			continue;
		}
		*cqe = cq->cqes[*cq->khead & *cq->kring_mask];
		io_uring_cq_advance(&u->ring, 1);
		if (found)
			break;
	}
	return found;
}

/* Cancels what waits under this user_data. Returns its result, without running any handler. */
static int uring_cancel(struct uring *u, uint64_t user_data)
{
	struct io_uring_sqe *sqe;
	int res;

	if (uring_take_completion(u, user_data, &res))
		return res;
	sqe = uring_sqe(u);
	io_uring_prep_cancel64(sqe, user_data, 0);
	uring_tag(sqe, NULL, TAG_IGNORE);
	do {
		uring_check(io_uring_submit_and_wait(&u->ring, io_uring_cq_ready(&u->ring) + 1));
	} while (!uring_take_completion(u, user_data, &res));
	return res;
}

static void uring_event_disarm(struct loop *loop, struct loop_event *event)
{
	struct uring *u = loop->engine;
	int res = uring_cancel(u, (uintptr_t)event | TAG_EVENT);

	u->nr_armed--;
	event->source.armed = false;
	/* A signal that came before the cancellation goes back for whoever waits next. */
	if (res == (int)sizeof(event->count))
		(void)!write(event->fd, &event->count, sizeof(event->count));
	if (event->was_nonblocking)
		(void)!fcntl(event->fd, F_SETFL, fcntl(event->fd, F_GETFL) | O_NONBLOCK);
}

static void uring_poll_disarm(struct loop *loop, struct loop_poll *poll)
{
	struct uring *u = loop->engine;

	(void)uring_cancel(u, (uintptr_t)poll | TAG_POLL);
	u->nr_armed--;
	poll->source.armed = false;
}

/* --- completion --- */

static void uring_event_completed(struct loop *loop, struct loop_event *event, int res)
{
	struct uring *u = loop->engine;

	u->nr_armed--;
	event->source.armed = false;
	if (res != (int)sizeof(event->count) && res != -EINTR && res != -EAGAIN) {
		log_error("%s: an eventfd can't be read any more: %s", loop->name, strerror(res < 0 ? -res : EIO));
		return;
	}
	/* Armed first: the handler may remove and free it. */
	if (res == -EAGAIN) {
		/* Somebody made it non-blocking again. */
		if (uring_event_arm(loop, event) < 0)
			log_error("%s: an eventfd was closed while it was waited for", loop->name);
		return;
	}
	uring_event_prepare(u, event);
	if (res > 0)
		event->handler(event);
}

static void uring_poll_completed(struct loop *loop, struct loop_poll *poll, int res)
{
	struct uring *u = loop->engine;

	u->nr_armed--;
	poll->source.armed = false;
	if (res < 0 && res != -EINTR) {
		log_error("%s: a descriptor can't be polled any more: %s", loop->name, strerror(-res));
		return;
	}
	(void)!uring_poll_arm(loop, poll);
	if (res > 0)
		poll->handler(poll, (uint32_t)res);
}

static void uring_dispatch(struct loop *loop, uint64_t user_data, int res)
{
	struct uring *u = loop->engine;
	void *owner = (void *)(uintptr_t)(user_data & ~(uint64_t)TAG_MASK);

	switch ((enum uring_tag)(user_data & TAG_MASK)) {
	case TAG_IO:
		u->nr_io--;
		loop_io_complete(loop, owner, res);
		break;
	case TAG_EVENT:
		uring_event_completed(loop, owner, res);
		break;
	case TAG_POLL:
		uring_poll_completed(loop, owner, res);
		break;
	case TAG_IGNORE:
	case TAG_MASK:
		break;
	}
}

/* Completions that the kernel can put into the queue only when we enter. */
static bool uring_has_task_work(const struct uring *u)
{
	return __atomic_load_n(u->ring.sq.kflags, __ATOMIC_RELAXED) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

static bool uring_pending(struct loop *loop)
{
	const struct uring *u = loop->engine;

	return u->lone != NULL || io_uring_cq_ready(&u->ring) > 0 || uring_has_task_work(u) ||
	       io_uring_sq_ready(&u->ring) > 0;
}

static void uring_turn(struct loop *loop, bool wait)
{
	struct uring *u = loop->engine;
	struct io_uring_cqe *cqe;
	unsigned int nr;

	if (uring_read_lone(loop) && wait) {
		loop_woken(loop);
		wait = false;
	}
	if (wait) {
		uring_check(io_uring_submit_and_wait(&u->ring, 1));
		loop_woken(loop);
	} else if (io_uring_sq_ready(&u->ring) > 0 || uring_has_task_work(u)) {
		uring_check(io_uring_submit_and_get_events(&u->ring));
	}

	/* A handler may take completions itself: by cancelling, or by a nested turn. */
	for (nr = io_uring_cq_ready(&u->ring); nr > 0 && io_uring_cq_ready(&u->ring) > 0; nr--) {
		uint64_t user_data;
		int res;

		cqe = &u->ring.cq.cqes[*u->ring.cq.khead & *u->ring.cq.kring_mask];
		user_data = cqe->user_data;
		res = cqe->res;
		io_uring_cq_advance(&u->ring, 1);
		uring_dispatch(loop, user_data, res);
	}
}

const struct loop_ops loop_uring_ops = {
	.name = "io_uring",
	.probe = loop_uring_probe,
	.up = loop_uring_up,
	.down = loop_uring_down,
	.turn = uring_turn,
	.pending = uring_pending,
	.slot_changed = uring_slot_changed,
	.event_arm = uring_event_arm,
	.event_disarm = uring_event_disarm,
	.poll_arm = uring_poll_arm,
	.poll_disarm = uring_poll_disarm,
	.io_start = uring_io_start,
	.tries_nowait = true,
};
