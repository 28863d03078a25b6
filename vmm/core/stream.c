#include "vmm/core/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

#define STREAM_INPUT_BYTES 4096
/* What a terminal's user may paste while the guest doesn't read. Beyond it, input is dropped. */
#define STREAM_INPUT_MAX_BYTES (1024 * 1024)

/* What may be written to a blocking descriptor that poll(2) says is ready, without blocking: a pipe promises that much.
 */
#define STREAM_BLOCKING_CHUNK_BYTES 512

enum stream_output {
	STREAM_OUTPUT_NONE,
	STREAM_OUTPUT_FILE, /* never blocks for long */
	STREAM_OUTPUT_SOCKET,
	STREAM_OUTPUT_OWN, /* a non-blocking descriptor of ours on the same pipe or terminal */
	STREAM_OUTPUT_BLOCKING, /* that could not be had */
};

struct stream {
	struct loop *loop;
	struct stream_config config;
	int out_fd; /* ours */
	enum stream_output output;
	int shutdown_fd; /* eventfd: readable for ever once stream_shutdown() was called */
	atomic_bool out_dead; /* the reader is gone; any writer sets it */
	atomic_bool file_error_logged;

	/* The loop's thread, or the control thread while none runs it. */
	struct stream_user user;
	struct loop_post want_input;
	struct loop_poll in_poll;
	struct loop_poll out_poll; /* after a short stream_write_some() */
	bool in_ended;
	bool in_endless; /* read on for the escape key's sake */
	bool escape_seen;
	uint8_t *input; /* input[start .. end) waits for the device */
	size_t start, end, capacity;
};

/* --- input --- */

static size_t input_pending(const struct stream *stream)
{
	return stream->end - stream->start;
}

static void offer_input(struct stream *stream)
{
	if (input_pending(stream) > 0 && stream->user.readable != NULL)
		stream->user.readable(stream->user.arg);
}

/* Makes room behind `end`: moves what waits to the front, then grows if the stream may. */
static size_t input_room(struct stream *stream)
{
	if (stream->start > 0) {
		memmove(stream->input, stream->input + stream->start, input_pending(stream));
		stream->end -= stream->start;
		stream->start = 0;
	}
	if (stream->end == stream->capacity && stream->in_endless && stream->capacity < STREAM_INPUT_MAX_BYTES) {
		uint8_t *larger = realloc(stream->input, stream->capacity * 2);

		if (larger != NULL) {
			stream->input = larger;
			stream->capacity *= 2;
		}
	}
	return stream->capacity - stream->end;
}

static void update_input_poll(struct stream *stream)
{
	bool wanted = !stream->in_ended && (stream->in_endless || input_pending(stream) < stream->capacity);

	loop_poll_update(stream->loop, &stream->in_poll, wanted ? POLLIN : 0);
}

static void run_command(struct stream *stream, uint8_t key)
{
	enum stream_command command = STREAM_COMMAND_HELP;

	if (key == 'q' || key == 'Q')
		command = STREAM_COMMAND_QUIT;
	else if (key == 'p' || key == 'P')
		command = STREAM_COMMAND_POWER;
	if (stream->config.command != NULL)
		stream->config.command(stream->config.command_arg, command);
}

/* Takes the escape key's sequences out of new input, in place. The number of bytes that are the guest's. */
static size_t filter_escape(struct stream *stream, uint8_t *bytes, size_t len)
{
	uint8_t escape = stream->config.escape;
	size_t kept = 0;

	if (escape == STREAM_ESCAPE_NONE)
		return len;
	for (size_t i = 0; i < len; i++) {
		if (stream->escape_seen) {
			stream->escape_seen = false;
			if (bytes[i] == escape)
				bytes[kept++] = escape;
			else
				run_command(stream, bytes[i]);
		} else if (bytes[i] == escape) {
			stream->escape_seen = true;
		} else {
			bytes[kept++] = bytes[i];
		}
	}
	return kept;
}

static void handle_input(struct loop_poll *poll, uint32_t revents)
{
	struct stream *stream = container_of(poll, struct stream, in_poll);
	uint8_t dropped[256];
	size_t room = input_room(stream);
	uint8_t *into = room > 0 ? stream->input + stream->end : dropped;
	ssize_t n = read(stream->config.in_fd, into, room > 0 ? room : sizeof(dropped));

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* The end, or a terminal that was hung up. The guest just gets no more. */
		stream->in_ended = true;
	} else {
		size_t kept = filter_escape(stream, into, (size_t)n);

		if (room > 0)
			stream->end += kept;
	}
	update_input_poll(stream);
	offer_input(stream);
}

size_t stream_read(struct stream *stream, void *buf, size_t len)
{
	size_t n = input_pending(stream) < len ? input_pending(stream) : len;

	memcpy(buf, stream->input + stream->start, n);
	stream->start += n;
	if (stream->start == stream->end)
		stream->start = stream->end = 0;
	update_input_poll(stream);
	return n;
}

static void handle_want_input(struct loop_post *post)
{
	offer_input(container_of(post, struct stream, want_input));
}

void stream_want_input(struct stream *stream)
{
	loop_post(stream->loop, &stream->want_input);
}

/* --- output --- */

/* One attempt: what was taken, or -EAGAIN. A reader that is gone takes everything. */
static ssize_t write_once(struct stream *stream, const void *buf, size_t len)
{
	struct pollfd ready = { .fd = stream->out_fd, .events = POLLOUT };
	ssize_t n = -1;

	if (atomic_load_explicit(&stream->out_dead, memory_order_relaxed))
		return (ssize_t)len;
	do {
		switch (stream->output) {
		case STREAM_OUTPUT_NONE:
			n = (ssize_t)len;
			break;
		case STREAM_OUTPUT_SOCKET:
			n = send(stream->out_fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
			break;
		case STREAM_OUTPUT_FILE:
		case STREAM_OUTPUT_OWN:
			n = write(stream->out_fd, buf, len);
			break;
		case STREAM_OUTPUT_BLOCKING:
			n = poll(&ready, 1, 0);
			if (n > 0)
				n = write(stream->out_fd, buf,
					  len < STREAM_BLOCKING_CHUNK_BYTES ? len : STREAM_BLOCKING_CHUNK_BYTES);
			else if (n == 0)
				return -EAGAIN;
			break;
		}
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return -EAGAIN;
	/* A file on a full disk may find room again; a pipe's reader doesn't come back. */
	if (stream->output != STREAM_OUTPUT_FILE)
		atomic_store(&stream->out_dead, true);
	else if (!atomic_exchange(&stream->file_error_logged, true))
		log_warn("console output is lost: %s", strerror(errno));
	return (ssize_t)len;
}

static bool is_shut_down(const struct stream *stream)
{
	struct pollfd shut = { .fd = stream->shutdown_fd, .events = POLLIN };

	return poll(&shut, 1, 0) > 0;
}

void stream_write(struct stream *stream, const void *buf, size_t len)
{
	const char *at = buf;

	while (len > 0) {
		struct pollfd wait[] = {
			{ .fd = stream->out_fd, .events = POLLOUT },
			{ .fd = stream->shutdown_fd, .events = POLLIN },
		};
		ssize_t n = write_once(stream, at, len);

		if (n >= 0) {
			at += n;
			len -= (size_t)n;
			continue;
		}
		/* EINTR is the vCPU being asked out of KVM_RUN, which it is not in: the byte comes first. */
		if (poll(wait, 2, -1) > 0 && (wait[1].revents & POLLIN))
			return;
	}
}

size_t stream_write_some(struct stream *stream, const void *buf, size_t len)
{
	const char *at = buf;
	size_t taken = 0;

	while (taken < len) {
		ssize_t n = write_once(stream, at + taken, len - taken);

		if (n < 0) {
			if (is_shut_down(stream))
				return len;
			loop_poll_update(stream->loop, &stream->out_poll, POLLOUT);
			break;
		}
		taken += (size_t)n;
	}
	return taken;
}

static void handle_output(struct loop_poll *poll, uint32_t revents)
{
	struct stream *stream = container_of(poll, struct stream, out_poll);

	(void)revents;
	loop_poll_update(stream->loop, poll, 0);
	if (stream->user.writable != NULL)
		stream->user.writable(stream->user.arg);
}

void stream_shutdown(struct stream *stream)
{
	fd_eventfd_signal(stream->shutdown_fd);
}

/* --- creation --- */

static int duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

/* A descriptor of our own for output. Opening a pipe or terminal anew gives it file status flags of its own. */
static int open_output(struct stream *stream)
{
	int fd = stream->config.out_fd;
	struct stat st;
	char path[32];

	stream->output = STREAM_OUTPUT_NONE;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	stream->output = STREAM_OUTPUT_BLOCKING;
	if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(fd))) {
		stream->output = STREAM_OUTPUT_FILE;
	} else if (S_ISSOCK(st.st_mode)) {
		stream->output = STREAM_OUTPUT_SOCKET;
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		stream->out_fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (stream->out_fd >= 0) {
			stream->output = STREAM_OUTPUT_OWN;
			return 0;
		}
	}
	stream->out_fd = duplicate(fd);
	return stream->out_fd < 0 ? stream->out_fd : 0;
}

static int add_polls(void *arg)
{
	struct stream *stream = arg;
	int rc = 0;

	stream->in_poll = (struct loop_poll){ .fd = stream->config.in_fd, .events = POLLIN, .handler = handle_input };
	stream->out_poll = (struct loop_poll){ .fd = stream->out_fd, .events = 0, .handler = handle_output };
	if (stream->config.in_fd >= 0)
		rc = loop_poll_add(stream->loop, &stream->in_poll);
	if (rc == 0 && stream->out_fd >= 0) {
		rc = loop_poll_add(stream->loop, &stream->out_poll);
		if (rc < 0)
			loop_poll_remove(stream->loop, &stream->in_poll);
	}
	return rc;
}

static int remove_polls(void *arg)
{
	struct stream *stream = arg;

	loop_post_cancel(stream->loop, &stream->want_input);
	loop_poll_remove(stream->loop, &stream->in_poll);
	loop_poll_remove(stream->loop, &stream->out_poll);
	return 0;
}

int stream_create(struct loop *loop, const struct stream_config *config, struct stream **out)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int rc;

	if (stream == NULL)
		return -ENOMEM;
	stream->loop = loop;
	stream->config = *config;
	stream->out_fd = -1;
	stream->want_input.call = handle_want_input;
	stream->in_ended = config->in_fd < 0;
	stream->in_endless = config->escape != STREAM_ESCAPE_NONE && config->in_fd >= 0 && isatty(config->in_fd);
	stream->capacity = STREAM_INPUT_BYTES;
	stream->input = malloc(stream->capacity);
	if (stream->input == NULL) {
		rc = -ENOMEM;
		goto free_stream;
	}
	rc = fd_eventfd();
	if (rc < 0)
		goto free_input;
	stream->shutdown_fd = rc;
	rc = open_output(stream);
	if (rc < 0)
		goto close_shutdown;
	rc = loop_call(loop, add_polls, stream);
	if (rc < 0)
		goto close_output;
	*out = stream;
	return 0;

close_output:
	fd_close(&stream->out_fd);
close_shutdown:
	fd_close(&stream->shutdown_fd);
free_input:
	free(stream->input);
free_stream:
	free(stream);
	return rc;
}

void stream_destroy(struct stream *stream)
{
	if (stream == NULL)
		return;
	(void)loop_call(stream->loop, remove_polls, stream);
	fd_close(&stream->out_fd);
	fd_close(&stream->shutdown_fd);
	free(stream->input);
	free(stream);
}

struct stream_user stream_attached(const struct stream *stream)
{
	return stream->user;
}

struct stream_attachment {
	struct stream *stream;
	const struct stream_user *user;
};

static int attach_user(void *arg)
{
	struct stream_attachment *attachment = arg;
	struct stream *stream = attachment->stream;

	stream->user = attachment->user != NULL ? *attachment->user : (struct stream_user){ 0 };
	if (input_pending(stream) > 0)
		stream_want_input(stream);
	return 0;
}

void stream_attach(struct stream *stream, const struct stream_user *user)
{
	struct stream_attachment attachment = { .stream = stream, .user = user };

	(void)loop_call(stream->loop, attach_user, &attachment);
}
