/* The loop over io_uring.
 *
 * Theory of operation. Each armed event is a READ of its eventfd, each armed poll a POLL_ADD, each request one
 * operation; a completion's user_data is the pointer with its kind in the low bits. One io_uring_enter(2) a turn
 * submits what was prepared and waits. The ring is made by the thread that runs the loop, with the cheapest task work
 * that the kernel has (completions only when we enter), and is restricted, before it is enabled, to the operations
 * below on registered files.
 *
 * Two rules keep the completion queue from overflowing, so that its entries can be scanned in place: requests beyond
 * max_io wait in the loop's backlog, and the number of armed sources is bounded. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/core/loop_engine.h"

enum uring_tag {
	TAG_IO,
	TAG_EVENT,
	TAG_POLL,
	TAG_IGNORE,
	TAG_MASK = 7,
};

/* Completions that are neither of requests nor of sources: cancellations. */
#define URING_CQ_SPARE 8

/* What the kernel itself transfers at most (MAX_RW_COUNT with 4 KiB pages). */
#define URING_MAX_TRANSFER 0x7ffff000u

struct uring {
	struct io_uring ring;
	unsigned int nr_io; /* requests that a completion will come for */
	unsigned int max_io;
	unsigned int nr_armed;
};

static int uring_probe(void)
{
	/* The kernel looks at its permissions before it looks at the arguments. */
	if (syscall(__NR_io_uring_setup, 0, NULL) >= 0)
		return -EINVAL;
	if (errno == ENOSYS || errno == EPERM || errno == EACCES)
		return -errno;
	return 0;
}

/* --- set-up --- */

static int uring_restrict(struct io_uring *ring)
{
	static const uint8_t operations[] = {
		IORING_OP_READ,	 IORING_OP_READV,     IORING_OP_WRITE,	  IORING_OP_WRITEV,
		IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
	};
	static const uint8_t registrations[] = {
		IORING_REGISTER_FILES_UPDATE,
		IORING_UNREGISTER_FILES,
		IORING_UNREGISTER_RING_FDS,
	};
	struct io_uring_restriction res[sizeof(operations) + sizeof(registrations) + 2] = { 0 };
	unsigned int nr = 0;

	for (unsigned int i = 0; i < sizeof(operations); i++) {
		res[nr].opcode = IORING_RESTRICTION_SQE_OP;
		res[nr++].sqe_op = operations[i];
	}
	for (unsigned int i = 0; i < sizeof(registrations); i++) {
		res[nr].opcode = IORING_RESTRICTION_REGISTER_OP;
		res[nr++].register_op = registrations[i];
	}
	res[nr].opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED;
	res[nr++].sqe_flags = IOSQE_FIXED_FILE;
	res[nr].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	res[nr++].sqe_flags = IOSQE_FIXED_FILE;
	return io_uring_register_restrictions(ring, res, nr);
}

static int uring_setup(struct loop *loop, struct io_uring *ring)
{
	/* Linux 6.1; 5.19; 5.10, which is the oldest with restrictions. */
	static const unsigned int flags[] = {
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN,
		0,
	};
	int rc = -EINVAL;

	for (unsigned int i = 0; rc == -EINVAL && i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct io_uring_params params = {
			.flags = flags[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
			.cq_entries = loop->nr_entries * 2 + 2 * LOOP_MAX_SLOTS,
		};

		rc = io_uring_queue_init_params(loop->nr_entries, ring, &params);
		if (rc == 0 && !(params.features & IORING_FEAT_NODROP)) {
			io_uring_queue_exit(ring);
			return -EOPNOTSUPP;
		}
	}
	return rc;
}

static int uring_up(struct loop *loop)
{
	struct uring *u = calloc(1, sizeof(*u));
	int rc;

	if (u == NULL)
		return -ENOMEM;
	rc = uring_setup(loop, &u->ring);
	if (rc < 0)
		goto free_uring;
	u->max_io = *u->ring.cq.kring_entries - LOOP_MAX_SLOTS - URING_CQ_SPARE;
	rc = io_uring_register_files(&u->ring, loop->slots, loop->nr_slots);
	if (rc < 0)
		goto exit_ring;
	/* Spares the kernel a look-up per enter; kernels before 5.18 don't have it. */
	(void)!io_uring_register_ring_fd(&u->ring);
	rc = uring_restrict(&u->ring);
	if (rc < 0)
		goto exit_ring;
	rc = io_uring_enable_rings(&u->ring);
	if (rc < 0)
		goto exit_ring;
	loop->engine = u;
	return 0;

exit_ring:
	io_uring_queue_exit(&u->ring);
free_uring:
	free(u);
	return rc;
}

static void uring_down(struct loop *loop)
{
	struct uring *u = loop->engine;

	assert(u->nr_io == 0 && u->nr_armed == 0);
	/* Waits until the ring has let go of its files. Left to the kernel that happens some time after the ring is
	 * closed, and a disk would be in use for as long after the VM is gone. */
	(void)!io_uring_unregister_files(&u->ring);
	io_uring_queue_exit(&u->ring);
	free(u);
}

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

static bool uring_io_start(struct loop *loop, struct loop_io *io)
{
	struct uring *u = loop->engine;
	struct io_uring_sqe *sqe;

	if (u->nr_io >= u->max_io)
		return false;
	sqe = uring_sqe(u);
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
	u->nr_io++;
	return true;
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

static void uring_turn(struct loop *loop, bool wait)
{
	struct uring *u = loop->engine;
	struct io_uring_cqe *cqe;
	unsigned int nr;

	uring_check(wait ? io_uring_submit_and_wait(&u->ring, 1) : io_uring_submit_and_get_events(&u->ring));

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
	.probe = uring_probe,
	.up = uring_up,
	.down = uring_down,
	.turn = uring_turn,
	.slot_changed = uring_slot_changed,
	.event_arm = uring_event_arm,
	.event_disarm = uring_event_disarm,
	.poll_arm = uring_poll_arm,
	.poll_disarm = uring_poll_disarm,
	.io_start = uring_io_start,
};
