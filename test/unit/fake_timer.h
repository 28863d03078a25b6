/* vmm/core/loop_timer.h on a clock that stands still until the test moves it. One test, one clock. */
#ifndef TEST_UNIT_FAKE_TIMER_H
#define TEST_UNIT_FAKE_TIMER_H

#include <stdint.h>

/* Lets time pass, and runs the handlers of the timers that come due, each at its time. */
void fake_timer_advance(uint64_t ns);
/* Moves the clock without running a handler, as when the host is busy: what came due runs with the next advance. */
void fake_timer_stall(uint64_t ns);
/* Timers that exist, and those that are set. */
unsigned int fake_timer_nr(void);
unsigned int fake_timer_nr_set(void);

#endif
