/* Making the ring of the io_uring engine: with the cheapest task work that the kernel has (completions only when we
 * enter), and restricted, before it is enabled, to what the engine does, on registered files. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/core/loop_uring.h"
#include "vmm/core/uring_restrict.h"

/* Completions that are neither of requests nor of sources: cancellations. */
#define URING_CQ_SPARE 8

int loop_uring_probe(void)
{
	/* The kernel looks at its permissions before it looks at the arguments. */
	if (syscall(__NR_io_uring_setup, 0, NULL) >= 0)
		return -EINVAL;
	if (errno == ENOSYS || errno == EPERM || errno == EACCES)
		return -errno;
	return 0;
}

static const uint8_t operations[] = {
	IORING_OP_READ,	 IORING_OP_READV,     IORING_OP_WRITE,	  IORING_OP_WRITEV,
	IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
};
static const uint8_t registrations[] = {
	IORING_REGISTER_FILES_UPDATE,
	IORING_UNREGISTER_FILES,
	IORING_UNREGISTER_RING_FDS,
};
static const struct uring_limits limits = {
	.operations = operations,
	.nr_operations = sizeof(operations),
	.registrations = registrations,
	.nr_registrations = sizeof(registrations),
	.sqe_flags = IOSQE_FIXED_FILE,
};

static int uring_setup(struct loop *loop, struct io_uring *ring)
{
	/* Linux 6.1; 5.19; 5.10, which is the oldest with restrictions. */
	static const unsigned int flags[] = {
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SINGLE_ISSUER |
			IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_COOP_TASKRUN,
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

int loop_uring_up(struct loop *loop)
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
	rc = uring_restrict(&u->ring, &limits);
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

void loop_uring_down(struct loop *loop)
{
	struct uring *u = loop->engine;

	assert(u->nr_io == 0 && u->nr_armed == 0);
	/* Waits until the ring has let go of its files. Left to the kernel that happens some time after the ring is
	 * closed, and a disk would be in use for as long after the VM is gone. */
	(void)!io_uring_unregister_files(&u->ring);
	io_uring_queue_exit(&u->ring);
	free(u);
}
