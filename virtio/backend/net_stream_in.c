/* Frames from the stream. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "virtio/backend/net_stream_internal.h"

/* Fetches more. 0 or -EAGAIN. */
static int fill(struct net_stream *stream)
{
	ssize_t len;

	if (stream->lost || stream->drained)
		return -EAGAIN;
	memmove(stream->in, stream->in + stream->in_at, stream->in_end - stream->in_at);
	stream->in_end -= stream->in_at;
	stream->in_at = 0;
	len = recv(stream->poll.fd, stream->in + stream->in_end, NET_STREAM_IN_BYTES - stream->in_end, MSG_DONTWAIT);
	if (len > 0) {
		stream->drained = (size_t)len < NET_STREAM_IN_BYTES - stream->in_end;
		stream->in_end += (uint32_t)len;
		return 0;
	}
	if (len == 0)
		net_stream_lose(stream, "the peer has closed its end");
	else if (errno != EAGAIN && errno != EINTR)
		net_stream_lose(stream, strerror(errno));
	return -EAGAIN;
}

static void scatter(const struct iovec *iov, unsigned int nr_iov, const uint8_t *frame, size_t len)
{
	static const uint8_t header[NET_HEADER_BYTES];
	size_t skip = sizeof(header), total = sizeof(header) + len, at = 0;

	for (unsigned int i = 0; i < nr_iov && at < total; i++) {
		uint8_t *dst = iov[i].iov_base;
		size_t room = iov[i].iov_len < total - at ? iov[i].iov_len : total - at;

		at += room;
		if (skip > 0) {
			size_t part = room < skip ? room : skip;

			memcpy(dst, header, part);
			skip -= part;
			dst += part;
			room -= part;
		}
		memcpy(dst, frame, room);
		frame += room;
	}
}

int net_stream_receive(struct net_backend *backend, unsigned int pair, const struct iovec *iov, unsigned int nr_iov)
{
	struct net_stream *stream = net_stream_of(backend);

	(void)pair;
	for (;;) {
		uint32_t there = stream->in_end - stream->in_at, len;

		if (there >= NET_STREAM_LENGTH_BYTES) {
			memcpy(&len, stream->in + stream->in_at, sizeof(len));
			len = ntohl(len);
			if (len > NET_MAX_FRAME_BYTES) {
				net_stream_lose(stream, "the peer sends what is not a frame");
				return -EAGAIN;
			}
			if (there - NET_STREAM_LENGTH_BYTES >= len) {
				scatter(iov, nr_iov, stream->in + stream->in_at + NET_STREAM_LENGTH_BYTES, len);
				stream->in_at += (uint32_t)NET_STREAM_LENGTH_BYTES + len;
				return (int)(NET_HEADER_BYTES + len);
			}
		}
		if (fill(stream) < 0)
			return -EAGAIN;
	}
}

void net_stream_flush(struct net_backend *backend, unsigned int pair)
{
	struct net_stream *stream = net_stream_of(backend);
	uint8_t header[NET_HEADER_BYTES];
	const struct iovec iov = { header, sizeof(header) };

	/* Frame by frame, or the rest would begin within one. */
	stream->drained = false;
	while (net_stream_receive(backend, pair, &iov, 1) >= 0)
		;
}
