#include "firmware/loader/clock.h"

#define FAST_KHZ 6000000
#define GAP_MS 10 /* that counts at most between two looks */

static uint64_t ticks_per_ms = FAST_KHZ;
static uint64_t started;

static uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

void clock_init(uint32_t tsc_khz)
{
	if (tsc_khz != 0)
		ticks_per_ms = tsc_khz;
	started = ticks();
}

void clock_wait_init(struct clock_wait *wait, uint32_t limit_ms)
{
	*wait = (struct clock_wait){ .left = limit_ms * ticks_per_ms, .last = ticks() };
}

bool clock_wait_on(struct clock_wait *wait)
{
	uint64_t now = ticks();
	uint64_t gone = now - wait->last;

	__asm__ volatile("pause");
	if (gone > GAP_MS * ticks_per_ms)
		gone = GAP_MS * ticks_per_ms;
	wait->last = now;
	if (gone >= wait->left)
		return false;
	wait->left -= gone;
	return true;
}

uint32_t clock_ms(void)
{
	return (uint32_t)((ticks() - started) / ticks_per_ms);
}
