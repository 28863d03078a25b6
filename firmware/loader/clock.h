/* Time as the vCPU lives it. */
#ifndef FIRMWARE_LOADER_CLOCK_H
#define FIRMWARE_LOADER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* `tsc_khz` 0: unknown, and taken as fast, so that waits get longer rather than shorter. */
void clock_init(uint32_t tsc_khz);

/* A wait that has a limit. Long gaps between two looks at it do not count in full: then the VM stood still. */
struct clock_wait {
	uint64_t left; /* ticks */
	uint64_t last;
};

void clock_wait_init(struct clock_wait *wait, uint32_t limit_ms);

/* Lets a moment pass; false when the limit is reached. */
__attribute__((warn_unused_result)) bool clock_wait_on(struct clock_wait *wait);

/* Milliseconds since clock_init(). */
uint32_t clock_ms(void);

#endif
