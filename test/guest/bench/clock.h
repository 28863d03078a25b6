/* Time from the TSC. */
#ifndef TEST_GUEST_BENCH_CLOCK_H
#define TEST_GUEST_BENCH_CLOCK_H

#include <stdint.h>

/* Learns the TSC's frequency from CPUID, or else from kvm-clock; panics if the host tells neither. */
void clock_init(void);
uint64_t clock_cycles(uint64_t ms);
uint64_t clock_ns(uint64_t cycles);

#endif
