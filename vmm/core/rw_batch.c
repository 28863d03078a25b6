#include "vmm/core/rw_batch.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "vmm/core/uring_restrict.h"

struct rw_batch {
	struct io_uring ring;
	unsigned int nr;
	uintptr_t held; /* the memory that the kernel holds on to: where it begins, and its end */
	uintptr_t held_end;
	bool asked; /* to hold some */
};

static const uint8_t operations[] = { IORING_OP_READ, IORING_OP_READ_FIXED, IORING_OP_WRITE, IORING_OP_WRITEV };
static const uint8_t registrations[] = { IORING_REGISTER_BUFFERS, IORING_UNREGISTER_FILES, IORING_UNREGISTER_RING_FDS };
static const struct uring_limits limits = {
	.operations = operations,
	.nr_operations = sizeof(operations),
	.registrations = registrations,
	.nr_registrations = sizeof(registrations),
	.sqe_flags = IOSQE_FIXED_FILE,
};

static int set_up(struct io_uring *ring, int fd)
{
	/* Linux 6.1: completions are queued by who submits. SUBMIT_ALL: what fails doesn't hold up the others. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
	};
	int rc = io_uring_queue_init_params(RW_BATCH_MAX, ring, &params);

	if (rc < 0)
		return rc;
	(void)!io_uring_register_ring_fd(ring);
	/* Spares each call to look the descriptor up. */
	rc = io_uring_register_files(ring, &fd, 1);
	if (rc >= 0)
		rc = uring_restrict(ring, &limits);
	if (rc >= 0)
		rc = io_uring_enable_rings(ring);
	if (rc < 0)
		io_uring_queue_exit(ring);
	return rc;
}

int rw_batch_create(int fd, struct rw_batch **out)
{
	struct rw_batch *batch = calloc(1, sizeof(*batch));
	int rc;

	if (batch == NULL)
		return -ENOMEM;
	rc = fd < 0 ? -EBADF : set_up(&batch->ring, fd);
	if (rc < 0) {
		free(batch);
		return rc;
	}
	*out = batch;
	return 0;
}

void rw_batch_destroy(struct rw_batch *batch)
{
	if (batch == NULL)
		return;
	/* The kernel has closed rings let go of their files when it finds the time. */
	(void)!io_uring_unregister_files(&batch->ring);
	io_uring_queue_exit(&batch->ring);
	free(batch);
}

/* The next submission, on the one file that is registered. */
static struct io_uring_sqe *next(struct rw_batch *batch)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&batch->ring);

	assert(sqe != NULL);
	return sqe;
}

static void finish(struct rw_batch *batch, struct io_uring_sqe *sqe)
{
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->rw_flags = RWF_NOWAIT;
	sqe->user_data = batch->nr++;
}

void rw_batch_add(struct rw_batch *batch, const struct iovec *iov, unsigned int nr_iov)
{
	struct io_uring_sqe *sqe = next(batch);

	/* A lone segment spares the kernel an array to copy in and to check. */
	if (nr_iov == 1)
		io_uring_prep_write(sqe, 0, iov->iov_base, (unsigned int)iov->iov_len, 0);
	else
		io_uring_prep_writev(sqe, 0, iov, nr_iov, 0);
	finish(batch, sqe);
}

void rw_batch_hold(struct rw_batch *batch, void *memory, size_t nr_bytes)
{
	const struct iovec iov = { memory, nr_bytes };

	if (batch->asked)
		return;
	batch->asked = true;
	if (io_uring_register_buffers(&batch->ring, &iov, 1) < 0)
		return;
	batch->held = (uintptr_t)memory;
	batch->held_end = (uintptr_t)memory + nr_bytes;
}

void rw_batch_add_read(struct rw_batch *batch, void *bytes, unsigned int nr_bytes)
{
	struct io_uring_sqe *sqe = next(batch);
	uintptr_t start = (uintptr_t)bytes;

	if (start >= batch->held && start < batch->held_end && nr_bytes <= batch->held_end - start)
		io_uring_prep_read_fixed(sqe, 0, bytes, nr_bytes, 0, 0);
	else
		io_uring_prep_read(sqe, 0, bytes, nr_bytes, 0);
	finish(batch, sqe);
}

static unsigned int reap(struct rw_batch *batch, int *results)
{
	struct io_uring_cqe *cqe;
	unsigned int head, nr = 0;

	io_uring_for_each_cqe(&batch->ring, head, cqe)
	{
		results[cqe->user_data] = cqe->res;
		nr++;
	}
	io_uring_cq_advance(&batch->ring, nr);
	return nr;
}

/* Takes back what was added and not submitted: how many. */
static unsigned int take_back(struct io_uring_sq *sq)
{
	unsigned int nr = sq->sqe_tail - *sq->khead;

	sq->sqe_head = sq->sqe_tail = *sq->khead;
	io_uring_smp_store_release(sq->ktail, *sq->khead);
	return nr;
}

int rw_batch_run(struct rw_batch *batch, int *results)
{
	unsigned int nr = batch->nr, done = 0;
	int rc;

	batch->nr = 0;
	while (done < nr) {
		rc = io_uring_submit_and_wait(&batch->ring, nr - done);
		/* Out of memory for requests: it may stay so for long, and a plain call needs none. */
		if (rc == -EAGAIN || rc == -EBUSY) {
			for (unsigned int left = take_back(&batch->ring.sq); left > 0; left--)
				results[--nr] = -EAGAIN;
		} else if (rc < 0 && rc != -EINTR) {
			/* Another thread than the creator's carries out nothing. */
			(void)take_back(&batch->ring.sq);
			return rc;
		}
		done += reap(batch, results);
	}
	return 0;
}
