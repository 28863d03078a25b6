/* Threads for what would block the loop: requests as plain system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/core/loop_engine.h"

/* Enough to keep a disk busy where threads are all there is; one is started only when no other is idle. */
#define WORKER_MAX_THREADS 4

struct loop_worker {
	struct loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t wanted; /* `queue` has grown, or `ending` */
	struct loop_io_list queue;
	struct loop_io_list results;
	unsigned int nr_idle;
	bool ending;
	/* The loop's thread only. */
	unsigned int nr_threads;
	pthread_t threads[WORKER_MAX_THREADS];
};

/* Where the request's descriptor waits: the table of slots is the loop's thread's. */
static int *worker_fd(struct loop_io *io)
{
	return (int *)io->engine;
}

int loop_io_perform(struct loop_io *io, int fd)
{
	ssize_t n = -1;

	do {
		switch (io->op) {
		case LOOP_IO_READV:
			n = preadv(fd, io->iov, (int)io->nr_iov, (off_t)io->offset);
			break;
		case LOOP_IO_WRITEV:
			n = pwritev(fd, io->iov, (int)io->nr_iov, (off_t)io->offset);
			break;
		case LOOP_IO_WRITEV_DSYNC:
			n = pwritev2(fd, io->iov, (int)io->nr_iov, (off_t)io->offset, RWF_DSYNC);
			break;
		case LOOP_IO_FDATASYNC:
			n = fdatasync(fd);
			break;
		case LOOP_IO_PUNCH_HOLE:
			n = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)io->offset,
				      (off_t)io->length);
			break;
		case LOOP_IO_ZERO_RANGE:
			n = fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)io->offset,
				      (off_t)io->length);
			break;
		case LOOP_IO_NOP:
			n = 0;
			break;
		case LOOP_IO_CALL:
			return io->call(io);
		}
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

static void *worker_thread(void *arg)
{
	struct loop_worker *worker = arg;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		struct loop_io *io = loop_io_list_pop(&worker->queue);

		if (io == NULL) {
			if (worker->ending)
				break;
			worker->nr_idle++;
			pthread_cond_wait(&worker->wanted, &worker->lock);
			worker->nr_idle--;
			continue;
		}
		pthread_mutex_unlock(&worker->lock);
		io->result = loop_io_perform(io, *worker_fd(io));
		pthread_mutex_lock(&worker->lock);
		/* The first of a batch wakes the loop, which takes them all. */
		if (worker->results.head == NULL)
			fd_eventfd_signal(worker->loop->wake.fd);
		loop_io_list_push(&worker->results, io);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static int worker_create(struct loop *loop)
{
	struct loop_worker *worker = calloc(1, sizeof(*worker));
	int rc;

	if (worker == NULL)
		return -ENOMEM;
	worker->loop = loop;
	loop_io_list_init(&worker->queue);
	loop_io_list_init(&worker->results);
	rc = pthread_mutex_init(&worker->lock, NULL);
	if (rc == 0)
		rc = pthread_cond_init(&worker->wanted, NULL);
	if (rc != 0) {
		free(worker);
		return -rc;
	}
	loop->worker = worker;
	return 0;
}

void loop_worker_submit(struct loop *loop, struct loop_io *io)
{
	struct loop_worker *worker;
	int rc = loop->worker != NULL ? 0 : worker_create(loop);

	if (rc < 0) {
		loop_io_complete_later(loop, io, rc);
		return;
	}
	worker = loop->worker;
	*worker_fd(io) = io->op == LOOP_IO_CALL ? -1 : loop->slots[io->file];
	pthread_mutex_lock(&worker->lock);
	loop_io_list_push(&worker->queue, io);
	if (worker->queue.nr > worker->nr_idle && worker->nr_threads < WORKER_MAX_THREADS) {
		rc = thread_start(&worker->threads[worker->nr_threads], "mote-io", worker_thread, worker);
		if (rc == 0)
			worker->nr_threads++;
	}
	if (worker->nr_threads == 0)
		(void)!loop_io_list_pop(&worker->queue); /* no thread, so it is the only one */
	else
		pthread_cond_signal(&worker->wanted);
	pthread_mutex_unlock(&worker->lock);
	if (worker->nr_threads == 0) {
		log_error("%s: no thread for a blocking request: %s", loop->name, strerror(-rc));
		loop_io_complete_later(loop, io, rc);
	}
}

void loop_worker_reap(struct loop *loop)
{
	struct loop_worker *worker = loop->worker;
	struct loop_io *io;

	if (worker == NULL)
		return;
	pthread_mutex_lock(&worker->lock);
	while ((io = loop_io_list_pop(&worker->results)) != NULL)
		loop_io_complete_later(loop, io, io->result);
	pthread_mutex_unlock(&worker->lock);
}

void loop_worker_destroy(struct loop *loop)
{
	struct loop_worker *worker = loop->worker;

	if (worker == NULL)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->ending = true;
	pthread_cond_broadcast(&worker->wanted);
	pthread_mutex_unlock(&worker->lock);
	for (unsigned int i = 0; i < worker->nr_threads; i++)
		pthread_join(worker->threads[i], NULL);
	pthread_cond_destroy(&worker->wanted);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
	loop->worker = NULL;
}
