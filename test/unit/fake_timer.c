#include "test/unit/fake_timer.h"

#include <stdbool.h>
#include <stdlib.h>

#include "vmm/core/loop_timer.h"

#define MAX_TIMERS 8

static struct {
	struct loop_timer *timer;
	bool set;
	uint64_t due_ns;
} timers[MAX_TIMERS];

/* Not 0, and not round: nothing may depend on it. */
static uint64_t now_ns = 123456789012345;

static unsigned int slot_of(const struct loop_timer *timer)
{
	for (unsigned int i = 0; i < MAX_TIMERS; i++) {
		if (timers[i].timer == timer)
			return i;
	}
	abort();
}

int loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*handler)(struct loop_timer *timer))
{
	*timer = (struct loop_timer){ .loop = loop, .handler = handler };
	timers[slot_of(NULL)].timer = timer;
	return 0;
}

void loop_timer_fini(struct loop_timer *timer)
{
	unsigned int slot;

	if (!timer->handler)
		return;
	slot = slot_of(timer);
	timers[slot].timer = NULL;
	timers[slot].set = false;
	*timer = (struct loop_timer){ 0 };
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ns)
{
	unsigned int slot = slot_of(timer);

	timers[slot].set = true;
	timers[slot].due_ns = now_ns + delay_ns;
}

void loop_timer_cancel(struct loop_timer *timer)
{
	timers[slot_of(timer)].set = false;
}

uint64_t loop_timer_now_ns(void)
{
	return now_ns;
}

void fake_timer_stall(uint64_t ns)
{
	now_ns += ns;
}

void fake_timer_advance(uint64_t ns)
{
	uint64_t end_ns = now_ns + ns;

	for (;;) {
		unsigned int next = MAX_TIMERS;

		for (unsigned int i = 0; i < MAX_TIMERS; i++) {
			if (timers[i].set && timers[i].due_ns <= end_ns &&
			    (next == MAX_TIMERS || timers[i].due_ns < timers[next].due_ns))
				next = i;
		}
		if (next == MAX_TIMERS)
			break;
		if (timers[next].due_ns > now_ns)
			now_ns = timers[next].due_ns;
		timers[next].set = false;
		timers[next].timer->handler(timers[next].timer);
	}
	now_ns = end_ns;
}

unsigned int fake_timer_nr(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < MAX_TIMERS; i++)
		nr += timers[i].timer != NULL;
	return nr;
}

unsigned int fake_timer_nr_set(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < MAX_TIMERS; i++)
		nr += timers[i].set;
	return nr;
}
