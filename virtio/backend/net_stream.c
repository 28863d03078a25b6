#include "virtio/backend/net_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "virtio/backend/net_stream_internal.h"
#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

void net_stream_set_events(struct net_stream *stream)
{
	/* Always: a peer that is gone takes the link down, whether there is a driver or not. */
	uint32_t events = POLLRDHUP;

	if (stream->active && stream->reading)
		events |= POLLIN;
	if (stream->no_room || stream->out_end > 0)
		events |= POLLOUT;
	loop_poll_update(stream->backend.loops[0], &stream->poll, stream->lost ? 0 : events);
}

void net_stream_lose(struct net_stream *stream, const char *why)
{
	if (stream->lost)
		return;
	stream->lost = true;
	log_warn("%s: %s; the link is down", stream->backend.description, why);
	net_stream_set_events(stream);
	loop_post(stream->backend.loops[0], &stream->lost_post);
}

static void on_lost_post(struct loop_post *post)
{
	struct net_stream *stream = container_of(post, struct net_stream, lost_post);

	net_backend_lost(&stream->backend);
}

/* --- readiness --- */

static void on_ready(struct loop_poll *poll, uint32_t revents)
{
	struct net_stream *stream = container_of(poll, struct net_stream, poll);
	struct net_backend *backend = &stream->backend;

	if ((revents & POLLOUT) && net_stream_send_rest(stream)) {
		bool owed = stream->no_room;

		stream->no_room = false;
		net_stream_set_events(stream);
		if (owed)
			backend->user_ops->writable(backend->user_arg, 0);
	}
	if (stream->lost)
		return;
	if (stream->active && stream->reading) {
		/* What the peer sent before it went is read first; then its end is seen. */
		stream->drained = false;
		if (revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR))
			backend->user_ops->readable(backend->user_arg, 0);
	} else if (revents & (POLLRDHUP | POLLHUP | POLLERR)) {
		net_stream_lose(stream, "the peer has closed its end");
	} else if (revents & POLLIN) {
		net_stream_set_events(stream);
	}
}

static void stream_set_reading(struct net_backend *backend, unsigned int pair, bool on)
{
	struct net_stream *stream = net_stream_of(backend);

	(void)pair;
	stream->reading = on;
	/* Turned off when it next has something, which saves system calls if that is wanted by then. */
	if (on)
		net_stream_set_events(stream);
}

static int stream_set_active(struct net_backend *backend, unsigned int pair, bool active)
{
	struct net_stream *stream = net_stream_of(backend);

	(void)pair;
	stream->active = active;
	stream->reading = false;
	stream->no_room = false;
	net_stream_set_events(stream);
	return 0;
}

/* --- attaching, on the loop --- */

static int attach(void *arg)
{
	struct net_stream *stream = arg;

	stream->poll.events = POLLRDHUP;
	return loop_poll_add(stream->backend.loops[0], &stream->poll);
}

static int detach(void *arg)
{
	struct net_stream *stream = arg;

	loop_poll_remove(stream->backend.loops[0], &stream->poll);
	loop_post_cancel(stream->backend.loops[0], &stream->lost_post);
	return 0;
}

static int stream_attach(struct net_backend *backend)
{
	return loop_call(backend->loops[0], attach, backend);
}

static void stream_detach(struct net_backend *backend)
{
	loop_call(backend->loops[0], detach, backend);
}

static void stream_close(struct net_backend *backend)
{
	struct net_stream *stream = net_stream_of(backend);

	fd_close(&stream->poll.fd);
	free(stream->in);
	free(stream->out);
	free(stream);
}

static const struct net_backend_ops stream_ops = {
	.attach = stream_attach,
	.detach = stream_detach,
	.set_active = stream_set_active,
	.flush = net_stream_flush,
	.set_reading = stream_set_reading,
	.receive = net_stream_receive,
	.transmit = net_stream_transmit,
	.close = stream_close,
};

static int check_socket(int fd, const char *description)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM)
		return 0;
	log_error("%s: descriptor %d is not a stream socket", description, fd);
	return -EINVAL;
}

int net_stream_open(int fd, const char *description, struct net_backend **out)
{
	struct net_stream *stream;
	int rc = check_socket(fd, description);

	if (rc < 0)
		return rc;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->in = malloc(NET_STREAM_IN_BYTES);
	stream->out = malloc(NET_STREAM_OUT_BYTES);
	if (!stream->in || !stream->out) {
		free(stream->in);
		free(stream->out);
		free(stream);
		return -ENOMEM;
	}
	stream->backend.ops = &stream_ops;
	stream->backend.nr_pairs = 1;
	stream->backend.link_up = true;
	snprintf(stream->backend.description, sizeof(stream->backend.description), "%s", description);
	stream->poll.fd = fd;
	stream->poll.handler = on_ready;
	stream->lost_post.call = on_lost_post;
	*out = &stream->backend;
	return 0;
}

struct replacement {
	struct net_stream *stream;
	int fd;
};

/* On the loop, or wherever if there is none. */
static int replace(void *arg)
{
	const struct replacement *r = arg;
	struct net_stream *stream = r->stream;
	struct net_backend *backend = &stream->backend;
	bool owed = stream->no_room;
	int rc = 0;

	if (backend->user_ops)
		detach(stream);
	fd_close(&stream->poll.fd);
	stream->poll.fd = r->fd;
	stream->lost = false;
	stream->no_room = false;
	stream->drained = false;
	stream->in_at = 0;
	stream->in_end = 0;
	stream->out_at = 0;
	stream->out_end = 0;
	if (!backend->user_ops)
		return 0;
	/* Its place in the loop has just been given back. */
	rc = attach(stream);
	if (rc < 0)
		return rc;
	net_stream_set_events(stream);
	/* Down first, in case it was up: what is behind the link is another, to which the driver is to announce itself.
	 */
	net_backend_set_link(backend, false);
	net_backend_set_link(backend, true);
	if (owed)
		backend->user_ops->writable(backend->user_arg, 0);
	return 0;
}

int net_stream_reconnect(struct net_backend *backend, int fd)
{
	struct replacement replacement = { net_stream_of(backend), fd };
	int rc = check_socket(fd, backend->description);

	if (rc < 0)
		return rc;
	rc = backend->user_ops ? loop_call(backend->loops[0], replace, &replacement) : replace(&replacement);
	if (rc < 0)
		log_error("%s: the new socket can't be waited for: %s", backend->description, strerror(-rc));
	return 0;
}
