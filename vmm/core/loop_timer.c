#include "vmm/core/loop_timer.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"

#define SECOND_NS 1000000000

/* Polled rather than read by the loop as an eventfd is: a timer that is set again is no longer readable, and the kernel
 * has no asynchronous read of one. */
static void on_ready(struct loop_poll *poll, uint32_t revents)
{
	struct loop_timer *timer = container_of(poll, struct loop_timer, poll);
	uint64_t expirations;

	(void)revents;
	if (read(poll->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations))
		timer->handler(timer);
}

int loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*handler)(struct loop_timer *timer))
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc;

	if (fd < 0)
		return -errno;
	*timer = (struct loop_timer){
		.poll = { .fd = fd, .events = POLLIN, .handler = on_ready },
		.loop = loop,
		.handler = handler,
	};
	rc = loop_poll_add(loop, &timer->poll);
	if (rc < 0) {
		fd_close(&timer->poll.fd);
		*timer = (struct loop_timer){ 0 };
	}
	return rc;
}

void loop_timer_fini(struct loop_timer *timer)
{
	if (!timer->loop)
		return;
	loop_poll_remove(timer->loop, &timer->poll);
	fd_close(&timer->poll.fd);
	*timer = (struct loop_timer){ 0 };
}

static void set(struct loop_timer *timer, uint64_t delay_ns)
{
	const struct itimerspec spec = { .it_value = { .tv_sec = (time_t)(delay_ns / SECOND_NS),
						       .tv_nsec = (long)(delay_ns % SECOND_NS) } };

	/* Its own descriptor and a valid time: there is no way to fail. */
	(void)timerfd_settime(timer->poll.fd, 0, &spec, NULL);
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ns)
{
	/* Zero would cancel it. */
	set(timer, delay_ns > 0 ? delay_ns : 1);
}

void loop_timer_cancel(struct loop_timer *timer)
{
	set(timer, 0);
}

uint64_t loop_timer_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}
