/* The loop over epoll(7), with libaio for reads and writes.
 *
 * libaio is only asynchronous for O_DIRECT, so cached files go the way of the thread engine, as do flushes and
 * fallocate. A turn's requests are submitted together; their completions signal one eventfd, which epoll waits for. */
#include <errno.h>
#include <libaio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"
#include "vmm/core/loop_epoll.h"

#define AIO_REAP_BATCH 32

_Static_assert(sizeof(struct iocb) <= sizeof(((struct loop_io *)0)->engine), "an iocb fits into a request");

struct aio {
	struct loop_epoll epoll; /* first */
	struct loop *loop;
	io_context_t context;
	struct loop_event done; /* signalled by the kernel at each completion */
	unsigned int nr_submitted; /* a completion will come */
	unsigned int nr_prepared;
	unsigned int max; /* of both together */
	struct iocb *prepared[]; /* max */
};

static int aio_probe(void)
{
	/* A NULL context is an error for a kernel that lets us come this far. */
	if (syscall(__NR_io_setup, 0, NULL) >= 0)
		return -EINVAL;
	if (errno == ENOSYS || errno == EPERM || errno == EACCES)
		return -errno;
	return 0;
}

static void aio_reap(struct loop_event *event)
{
	struct aio *aio = container_of(event, struct aio, done);
	struct io_event events[AIO_REAP_BATCH];
	int nr;

	do {
		nr = io_getevents(aio->context, 0, AIO_REAP_BATCH, events, NULL);
		for (int i = 0; i < nr; i++) {
			aio->nr_submitted--;
			loop_io_complete_later(aio->loop, events[i].data, (int)(long)events[i].res);
		}
	} while (nr == AIO_REAP_BATCH || nr == -EINTR);
}

static void aio_submit(struct loop *loop)
{
	struct aio *aio = loop->engine;
	unsigned int at = 0;

	while (at < aio->nr_prepared) {
		int rc = io_submit(aio->context, aio->nr_prepared - at, aio->prepared + at);

		if (rc > 0) {
			aio->nr_submitted += (unsigned int)rc;
			at += (unsigned int)rc;
		} else if (rc == -EINTR) {
			continue;
		} else if (rc == -EAGAIN && aio->nr_submitted > 0) {
			break; /* a completion makes room, and wakes us */
		} else {
			/* It complains about the first: this file or flag isn't for libaio, but may be for a thread. */
			loop_worker_submit(loop, aio->prepared[at++]->data);
		}
	}
	for (unsigned int i = at; i < aio->nr_prepared; i++)
		aio->prepared[i - at] = aio->prepared[i];
	aio->nr_prepared -= at;
}

static void aio_turn(struct loop *loop, bool wait)
{
	aio_submit(loop);
	/* What failed at once must be completed before the loop sleeps. */
	loop_epoll_turn(loop, wait && loop->finished.head == NULL);
}

static bool aio_pending(struct loop *loop)
{
	struct aio *aio = loop->engine;

	return aio->nr_prepared > 0 || loop_epoll_pending(loop);
}

static bool aio_io_start(struct loop *loop, struct loop_io *io)
{
	struct aio *aio = loop->engine;
	struct iocb *iocb = (struct iocb *)io->engine;
	int fd = loop->slots[io->file];

	if (!loop->slot_direct[io->file])
		return loop_epoll_io_start(loop, io);
	switch (io->op) {
	case LOOP_IO_READV:
	case LOOP_IO_WRITEV:
	case LOOP_IO_WRITEV_DSYNC:
		break;
	default:
		return loop_epoll_io_start(loop, io);
	}
	if (aio->nr_prepared + aio->nr_submitted >= aio->max)
		return false;
	if (io->op == LOOP_IO_READV)
		io_prep_preadv(iocb, fd, io->iov, (int)io->nr_iov, (long long)io->offset);
	else
		io_prep_pwritev(iocb, fd, io->iov, (int)io->nr_iov, (long long)io->offset);
	if (io->op == LOOP_IO_WRITEV_DSYNC)
		iocb->aio_rw_flags = RWF_DSYNC;
	io_set_eventfd(iocb, aio->done.fd);
	iocb->data = io;
	aio->prepared[aio->nr_prepared++] = iocb;
	return true;
}

static int aio_up(struct loop *loop)
{
	struct aio *aio = calloc(1, sizeof(*aio) + loop->nr_entries * sizeof(struct iocb *));
	int rc;

	if (aio == NULL)
		return -ENOMEM;
	aio->loop = loop;
	aio->max = loop->nr_entries;
	rc = loop_epoll_init(&aio->epoll);
	if (rc < 0)
		goto free_aio;
	rc = fd_eventfd();
	if (rc < 0)
		goto fini_epoll;
	aio->done.fd = rc;
	aio->done.handler = aio_reap;
	rc = io_setup((int)aio->max, &aio->context);
	if (rc < 0)
		goto close_done;
	loop->engine = aio;
	rc = loop_epoll_event_arm(loop, &aio->done);
	if (rc < 0)
		goto destroy_context;
	return 0;

destroy_context:
	loop->engine = NULL;
	io_destroy(aio->context);
close_done:
	fd_close(&aio->done.fd);
fini_epoll:
	loop_epoll_fini(&aio->epoll);
free_aio:
	free(aio);
	return rc;
}

static void aio_down(struct loop *loop)
{
	struct aio *aio = loop->engine;

	io_destroy(aio->context);
	fd_close(&aio->done.fd);
	loop_epoll_fini(&aio->epoll);
	free(aio);
}

const struct loop_ops loop_aio_ops = {
	.name = "libaio",
	.probe = aio_probe,
	.up = aio_up,
	.down = aio_down,
	.turn = aio_turn,
	.pending = aio_pending,
	.slot_changed = loop_epoll_slot_changed,
	.event_arm = loop_epoll_event_arm,
	.event_disarm = loop_epoll_event_disarm,
	.poll_arm = loop_epoll_poll_arm,
	.poll_disarm = loop_epoll_poll_disarm,
	.io_start = aio_io_start,
};
