/* Frames to and from a tap: many a system call where the kernel lets us, else one. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "virtio/backend/net_tap_internal.h"

/* Fewer are no cheaper together. */
#define MIN_BATCH 3

/* The pair's batch, made when it is first wanted, since that must be on the loop's thread; NULL if there is none. */
static struct write_batch *batch_of(struct tap_pair *pair)
{
	if (pair->batch == NULL && !pair->no_batch)
		pair->no_batch = write_batch_create(&pair->batch) < 0;
	return pair->batch;
}

void net_tap_frames_fini(struct tap_pair *pair)
{
	write_batch_destroy(pair->batch);
	pair->batch = NULL;
}

/* --- receive --- */

/* A lone segment spares the kernel an array to copy in and to check. */
int net_tap_receive(struct net_backend *backend, unsigned int pair, const struct iovec *iov, unsigned int nr_iov)
{
	int fd = net_tap_of(backend)->pairs[pair].poll.fd;
	ssize_t len = nr_iov == 1 ? read(fd, iov->iov_base, iov->iov_len) : readv(fd, iov, (int)nr_iov);

	if (len >= 0)
		return (int)len;
	return errno == EINTR ? -EAGAIN : -errno;
}

/* --- transmit --- */

/* Errors but the lack of room are the frame's, or the interface is down: the frame is dropped. EOPNOTSUPP: this
 * descriptor can't promise not to wait, as on older kernels, and takes frames one by one only. */
static bool is_done(int result)
{
	return result != -EAGAIN && result != -EINTR && result != -EOPNOTSUPP;
}

static bool write_one(int fd, const struct net_frame *frame)
{
	ssize_t len;

	do {
		len = frame->nr_iov == 1 ? write(fd, frame->iov->iov_base, frame->iov->iov_len)
					 : writev(fd, frame->iov, (int)frame->nr_iov);
	} while (len < 0 && errno == EINTR);
	return len >= 0 || errno != EAGAIN;
}

/* Sends those of `nr` frames that are not in `before`, a mask; the mask of those that are done with then. Where that is
 * refused, frames go one by one from then on. */
static uint64_t send_batch(struct tap_pair *pair, const struct net_frame *frames, unsigned int nr, uint64_t before)
{
	int results[WRITE_BATCH_MAX], rc;
	unsigned int next = 0;
	uint64_t sent = before;

	for (unsigned int i = 0; i < nr; i++)
		if (!(before >> i & 1))
			write_batch_add(pair->batch, pair->poll.fd, frames[i].iov, frames[i].nr_iov);
	rc = write_batch_run(pair->batch, results);
	pair->no_batch = rc < 0;
	for (unsigned int i = 0; i < nr && rc == 0; i++) {
		int result = before >> i & 1 ? 0 : results[next++];

		if (is_done(result))
			sent |= UINT64_C(1) << i;
		pair->no_batch |= result == -EOPNOTSUPP;
	}
	if (pair->no_batch)
		net_tap_frames_fini(pair);
	return sent;
}

unsigned int net_tap_transmit(struct net_backend *backend, unsigned int index, const struct net_frame *frames,
			      unsigned int nr)
{
	struct tap_pair *pair = &net_tap_of(backend)->pairs[index];
	unsigned int done = 0, part = nr < WRITE_BATCH_MAX ? nr : WRITE_BATCH_MAX;
	uint64_t sent = pair->sent_ahead;

	if (part >= MIN_BATCH && batch_of(pair) != NULL)
		sent = send_batch(pair, frames, part, sent);
	/* What a batch had no room for has it now, or waits. */
	for (; done < part; done++)
		if (!(sent >> done & 1) && !write_one(pair->poll.fd, &frames[done]))
			break;
	/* The caller comes back with what is not done; of that a batch may have sent the later frames. */
	pair->sent_ahead = done < WRITE_BATCH_MAX ? sent >> done : 0;
	if (done < part) {
		pair->no_room = true;
		net_tap_set_events(pair);
		return done;
	}
	return done < nr ? done + net_tap_transmit(backend, index, frames + done, nr - done) : done;
}
