#include "vmm/core/write_batch.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "vmm/core/uring_restrict.h"

struct write_batch {
	struct io_uring ring;
	unsigned int nr;
};

static const uint8_t operations[] = { IORING_OP_WRITE, IORING_OP_WRITEV };
static const uint8_t registrations[] = { IORING_UNREGISTER_RING_FDS };
static const struct uring_limits limits = {
	.operations = operations,
	.nr_operations = sizeof(operations),
	.registrations = registrations,
	.nr_registrations = sizeof(registrations),
};

static int set_up(struct io_uring *ring)
{
	/* Linux 6.1: completions are queued by who submits. SUBMIT_ALL: what fails doesn't hold up the others. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
	};
	int rc = io_uring_queue_init_params(WRITE_BATCH_MAX, ring, &params);

	if (rc < 0)
		return rc;
	(void)!io_uring_register_ring_fd(ring);
	rc = uring_restrict(ring, &limits);
	if (rc >= 0)
		rc = io_uring_enable_rings(ring);
	if (rc < 0)
		io_uring_queue_exit(ring);
	return rc;
}

int write_batch_create(struct write_batch **out)
{
	struct write_batch *batch = calloc(1, sizeof(*batch));
	int rc;

	if (batch == NULL)
		return -ENOMEM;
	rc = set_up(&batch->ring);
	if (rc < 0) {
		free(batch);
		return rc;
	}
	*out = batch;
	return 0;
}

void write_batch_destroy(struct write_batch *batch)
{
	if (batch == NULL)
		return;
	io_uring_queue_exit(&batch->ring);
	free(batch);
}

void write_batch_add(struct write_batch *batch, int fd, const struct iovec *iov, unsigned int nr_iov)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&batch->ring);

	assert(sqe != NULL);
	/* A lone segment spares the kernel an array to copy in and to check. */
	if (nr_iov == 1)
		io_uring_prep_write(sqe, fd, iov->iov_base, (unsigned int)iov->iov_len, 0);
	else
		io_uring_prep_writev(sqe, fd, iov, nr_iov, 0);
	sqe->rw_flags = RWF_NOWAIT;
	sqe->user_data = batch->nr++;
}

static unsigned int reap(struct write_batch *batch, int *results)
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

/* Takes back what was added and not submitted. */
static void forget(struct io_uring_sq *sq)
{
	sq->sqe_head = sq->sqe_tail = *sq->khead;
	io_uring_smp_store_release(sq->ktail, *sq->khead);
}

int write_batch_run(struct write_batch *batch, int *results)
{
	unsigned int nr = batch->nr, done = 0;
	int rc;

	batch->nr = 0;
	while (done < nr) {
		rc = io_uring_submit_and_wait(&batch->ring, nr - done);
		/* Interrupted, or out of memory for now, it may have done a part; another thread than the creator's
		 * does none. */
		if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY) {
			forget(&batch->ring.sq);
			return rc;
		}
		done += reap(batch, results);
	}
	return 0;
}
