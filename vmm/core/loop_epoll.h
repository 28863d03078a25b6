/* The readiness half of the engines that don't use io_uring: eventfds and polls over epoll(7). */
#ifndef VMM_CORE_LOOP_EPOLL_H
#define VMM_CORE_LOOP_EPOLL_H

#include "vmm/core/loop_engine.h"

struct loop_epoll_batch;

/* Embedded first in the state of the engine that builds on it. */
struct loop_epoll {
	int fd;
	unsigned int nr_always_ready; /* polls that are armed and that epoll refuses */
	struct loop_epoll_batch *batch; /* what the running turn has yet to dispatch */
};

__attribute__((warn_unused_result)) int loop_epoll_init(struct loop_epoll *epoll);
void loop_epoll_fini(struct loop_epoll *epoll);

/* These have the shape of struct loop_ops, for an engine whose state begins with struct loop_epoll. */
void loop_epoll_turn(struct loop *loop, bool wait);
bool loop_epoll_pending(struct loop *loop);
int loop_epoll_slot_changed(struct loop *loop, unsigned int slot);
int loop_epoll_event_arm(struct loop *loop, struct loop_event *event);
void loop_epoll_event_disarm(struct loop *loop, struct loop_event *event);
int loop_epoll_poll_arm(struct loop *loop, struct loop_poll *poll);
void loop_epoll_poll_disarm(struct loop *loop, struct loop_poll *poll);

/* Hands the request to the worker. */
bool loop_epoll_io_start(struct loop *loop, struct loop_io *io);

#endif
