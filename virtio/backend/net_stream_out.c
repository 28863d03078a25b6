/* Frames to the stream. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "virtio/backend/net_stream_internal.h"

/* Frames of one sendmsg(2). */
#define MAX_BATCH 64
#define MAX_BATCH_SEGMENTS (NET_MAX_SEGMENTS + 1)

bool net_stream_send_rest(struct net_stream *stream)
{
	while (stream->out_at < stream->out_end) {
		ssize_t len = send(stream->poll.fd, stream->out + stream->out_at, stream->out_end - stream->out_at,
				   MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != EAGAIN)
			net_stream_lose(stream, strerror(errno));
		if (len < 0)
			return false;
		stream->out_at += (uint32_t)len;
	}
	stream->out_at = 0;
	stream->out_end = 0;
	return true;
}

/* Keeps the frame's bytes from `from` on, its length counted in. */
static void keep_rest(struct net_stream *stream, const struct iovec *iov, unsigned int nr_iov, size_t from)
{
	for (unsigned int i = 0; i < nr_iov; i++) {
		size_t skip = from < iov[i].iov_len ? from : iov[i].iov_len;

		memcpy(stream->out + stream->out_end, (const uint8_t *)iov[i].iov_base + skip, iov[i].iov_len - skip);
		stream->out_end += (uint32_t)(iov[i].iov_len - skip);
		from -= skip;
	}
}

/* Frames side by side, as the socket takes them. */
struct batch {
	unsigned int nr, nr_iov;
	uint32_t lengths[MAX_BATCH];
	unsigned int first_iov[MAX_BATCH]; /* of each frame */
	size_t nr_bytes[MAX_BATCH]; /* of each frame, with its length */
	struct iovec iov[MAX_BATCH_SEGMENTS];
};

_Static_assert(MAX_BATCH_SEGMENTS <= IOV_MAX, "sendmsg(2) takes a full batch");

static void gather(struct batch *batch, const struct net_frame *frames, unsigned int nr)
{
	batch->nr_iov = 0;
	for (batch->nr = 0; batch->nr < nr && batch->nr < MAX_BATCH; batch->nr++) {
		const struct net_frame *frame = &frames[batch->nr];
		unsigned int i = batch->nr;

		if (batch->nr_iov + 1 + frame->nr_iov > MAX_BATCH_SEGMENTS)
			break;
		batch->first_iov[i] = batch->nr_iov;
		batch->lengths[i] = htonl(frame->nr_bytes - NET_HEADER_BYTES);
		batch->nr_bytes[i] = NET_STREAM_LENGTH_BYTES + frame->nr_bytes - NET_HEADER_BYTES;
		batch->iov[batch->nr_iov++] = (struct iovec){ &batch->lengths[i], NET_STREAM_LENGTH_BYTES };
		/* The length takes the place of the header, which leaves the first segment empty if it is alone there:
		 * the socket doesn't mind. */
		memcpy(&batch->iov[batch->nr_iov], frame->iov, frame->nr_iov * sizeof(frame->iov[0]));
		batch->iov[batch->nr_iov].iov_base = (uint8_t *)frame->iov->iov_base + NET_HEADER_BYTES;
		batch->iov[batch->nr_iov].iov_len -= NET_HEADER_BYTES;
		batch->nr_iov += frame->nr_iov;
	}
}

/* Sends a batch. How many of its frames are done with; what is missing of one is kept. */
static unsigned int send_batch(struct net_stream *stream, struct batch *batch)
{
	struct msghdr message = { .msg_iov = batch->iov, .msg_iovlen = batch->nr_iov };
	ssize_t len;
	size_t left;

	do {
		len = sendmsg(stream->poll.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	if (len < 0 && errno != EAGAIN) {
		net_stream_lose(stream, strerror(errno));
		return batch->nr;
	}
	left = len < 0 ? 0 : (size_t)len;
	for (unsigned int i = 0; i < batch->nr; i++) {
		unsigned int end = i + 1 < batch->nr ? batch->first_iov[i + 1] : batch->nr_iov;

		if (left == 0)
			return i;
		if (left < batch->nr_bytes[i]) {
			keep_rest(stream, &batch->iov[batch->first_iov[i]], end - batch->first_iov[i], left);
			return i + 1;
		}
		left -= batch->nr_bytes[i];
	}
	return batch->nr;
}

unsigned int net_stream_transmit(struct net_backend *backend, unsigned int pair, const struct net_frame *frames,
				 unsigned int nr)
{
	struct net_stream *stream = net_stream_of(backend);
	struct batch batch;
	unsigned int done = 0;

	(void)pair;
	while (done < nr && !stream->lost) {
		unsigned int sent;

		if (!net_stream_send_rest(stream))
			break;
		gather(&batch, frames + done, nr - done);
		sent = send_batch(stream, &batch);
		done += sent;
		if (sent < batch.nr || stream->out_end > 0)
			break;
	}
	if (stream->lost)
		return nr;
	stream->no_room = done < nr;
	if (stream->no_room || stream->out_end > 0)
		net_stream_set_events(stream);
	return done;
}
