/* A one-shot timer of a loop (timerfd(2)).
 *
 * All on the loop's own thread, or while no thread runs it. */
#ifndef VMM_CORE_LOOP_TIMER_H
#define VMM_CORE_LOOP_TIMER_H

#include <stdint.h>

#include "vmm/core/loop.h"

/* Embedded in its owner; zero is a valid "not there" state. */
struct loop_timer {
	struct loop_poll poll;
	struct loop *loop; /* NULL: not there */
	void (*handler)(struct loop_timer *timer);
};

/* Makes a timer that is not set. 0, or the errno of timerfd_create(2) or of loop_poll_add(). */
__attribute__((warn_unused_result)) int loop_timer_init(struct loop_timer *timer, struct loop *loop,
							void (*handler)(struct loop_timer *timer));
/* The handler will not run again. Takes a zeroed timer too. */
void loop_timer_fini(struct loop_timer *timer);

/* `handler` runs once, `delay_ns` from now or soon after, unless the timer is set again or cancelled before. */
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ns);
void loop_timer_cancel(struct loop_timer *timer);

/* The clock that timers go by, in nanoseconds (CLOCK_MONOTONIC). Any thread. */
uint64_t loop_timer_now_ns(void);

#endif
