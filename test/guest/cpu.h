/* Single instructions. */
#ifndef TEST_GUEST_CPU_H
#define TEST_GUEST_CPU_H

#include <stdint.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* In ring 0: a host that runs ring 3 natively may show its own CPUID there. */
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
