#include "vmm/machine/firmware_keys.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "vmm/base/fd.h"
#include "vmm/core/loop_timer.h"

#define NS_PER_MS 1000000

static void readable(void *arg)
{
	struct firmware_keys *keys = arg;

	fd_eventfd_signal(keys->ready_fd);
}

int firmware_keys_init(struct firmware_keys *keys, struct loop *loop, struct stream *stream)
{
	const struct stream_user user = { .readable = readable, .arg = keys };

	*keys = (struct firmware_keys){ .loop = loop, .ready_fd = -1 };
	if (!stream)
		return 0;
	keys->ready_fd = fd_eventfd();
	if (keys->ready_fd < 0)
		return keys->ready_fd;
	keys->stream = stream;
	keys->device = stream_attached(stream);
	stream_attach(stream, &user);
	return 0;
}

void firmware_keys_fini(struct firmware_keys *keys)
{
	if (!keys->stream)
		return;
	stream_attach(keys->stream, &keys->device);
	keys->stream = NULL;
	fd_close(&keys->ready_fd);
}

/* On the stream's loop. */
static int take(void *arg)
{
	struct firmware_keys *keys = arg;
	uint8_t byte;

	return stream_read(keys->stream, &byte, 1) == 1 ? byte : -EAGAIN;
}

static int64_t now_ms(void)
{
	return (int64_t)(loop_timer_now_ns() / NS_PER_MS);
}

/* What poll(2) is to wait at most: a wait that was too long for it is begun again. */
static int poll_timeout(int64_t left_ms)
{
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

int firmware_keys_wait(struct firmware_keys *keys, uint32_t timeout_ms, const atomic_bool *cancel)
{
	struct pollfd ready = { .fd = keys->ready_fd, .events = POLLIN };
	int64_t left_ms = timeout_ms == UINT32_MAX ? INT64_MAX / 2 : timeout_ms, end_ms = now_ms() + left_ms;

	for (;;) {
		int key = -EAGAIN;

		if (keys->stream) {
			(void)fd_eventfd_take(keys->ready_fd);
			key = loop_call(keys->loop, take, keys);
		}
		left_ms = end_ms - now_ms();
		if (key >= 0 || left_ms <= 0 || atomic_load(cancel))
			return key;
		(void)poll(&ready, 1, poll_timeout(left_ms));
	}
}
