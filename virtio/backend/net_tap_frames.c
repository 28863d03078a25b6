/* Frames to and from a tap: many a system call where the kernel lets us, else one. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "virtio/backend/net_tap_internal.h"

/* Fewer are no cheaper together. */
#define MIN_BATCH 3
#define FRAME_BYTES (NET_HEADER_BYTES + NET_MAX_FRAME_BYTES)

_Static_assert(NET_MAX_SLOTS <= RW_BATCH_MAX, "they are one batch");

/* The pair's batch, made when it is first wanted, since that must be on the loop's thread; NULL if there is none. */
static struct rw_batch *batch_of(struct tap_pair *pair)
{
	if (pair->batch == NULL && !pair->no_batch)
		pair->no_batch = rw_batch_create(pair->poll.fd, &pair->batch) < 0;
	return pair->batch;
}

void net_tap_frames_fini(struct tap_pair *pair)
{
	rw_batch_destroy(pair->batch);
	pair->batch = NULL;
}

/* Carries out the `nr` calls that were added; false if not one was. Where that is refused there will be no other batch.
 * EOPNOTSUPP: this descriptor can't promise not to wait, as on older kernels. */
static bool run_batch(struct tap_pair *pair, int *results, unsigned int nr)
{
	int rc = rw_batch_run(pair->batch, results);

	pair->no_batch = rc < 0;
	for (unsigned int i = 0; i < nr && rc == 0; i++)
		pair->no_batch |= results[i] == -EOPNOTSUPP;
	if (pair->no_batch)
		net_tap_frames_fini(pair);
	return rc == 0;
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

void net_tap_hold_slots(struct net_backend *backend, unsigned int index, void *memory, size_t nr_bytes)
{
	struct rw_batch *batch = batch_of(&net_tap_of(backend)->pairs[index]);

	if (batch != NULL)
		rw_batch_hold(batch, memory, nr_bytes);
}

unsigned int net_tap_receive_many(struct net_backend *backend, unsigned int index, struct net_slot *slots,
				  unsigned int nr)
{
	struct tap_pair *pair = &net_tap_of(backend)->pairs[index];
	int results[RW_BATCH_MAX];
	unsigned int received = 0;

	if (nr < MIN_BATCH || batch_of(pair) == NULL)
		return net_receive_singly(backend, index, slots, nr);
	for (unsigned int i = 0; i < nr; i++)
		rw_batch_add_read(pair->batch, slots[i].bytes, FRAME_BYTES);
	if (!run_batch(pair, results, nr))
		return net_receive_singly(backend, index, slots, nr);
	for (unsigned int i = 0; i < nr; i++) {
		slots[i].nr_bytes = results[i] > 0 ? (uint32_t)results[i] : 0;
		received += results[i] > 0;
	}
	return received;
}

/* --- transmit --- */

/* Errors but the lack of room are the frame's, or the interface is down: the frame is dropped. */
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
	int results[RW_BATCH_MAX];
	unsigned int nr_added = 0, next = 0;
	uint64_t sent = before;

	for (unsigned int i = 0; i < nr; i++) {
		if (before >> i & 1)
			continue;
		rw_batch_add(pair->batch, frames[i].iov, frames[i].nr_iov);
		nr_added++;
	}
	if (!run_batch(pair, results, nr_added))
		return before;
	for (unsigned int i = 0; i < nr; i++) {
		if (!(before >> i & 1) && is_done(results[next++]))
			sent |= UINT64_C(1) << i;
	}
	return sent;
}

unsigned int net_tap_transmit(struct net_backend *backend, unsigned int index, const struct net_frame *frames,
			      unsigned int nr)
{
	struct tap_pair *pair = &net_tap_of(backend)->pairs[index];
	unsigned int done = 0, part = nr < RW_BATCH_MAX ? nr : RW_BATCH_MAX;
	uint64_t sent = pair->sent_ahead;

	if (part >= MIN_BATCH && batch_of(pair) != NULL)
		sent = send_batch(pair, frames, part, sent);
	/* What a batch had no room for has it now, or waits. */
	for (; done < part; done++)
		if (!(sent >> done & 1) && !write_one(pair->poll.fd, &frames[done]))
			break;
	/* The caller comes back with what is not done; of that a batch may have sent the later frames. */
	pair->sent_ahead = done < RW_BATCH_MAX ? sent >> done : 0;
	if (done < part) {
		pair->no_room = true;
		net_tap_set_events(pair);
		return done;
	}
	return done < nr ? done + net_tap_transmit(backend, index, frames + done, nr - done) : done;
}
