#include "test/guest/cpu.h"

#include "test/guest/interrupt.h"

struct cpuid_call {
	uint32_t leaf, subleaf;
	struct cpuid result;
};

static void run_cpuid(void *arg, uint64_t *flags)
{
	struct cpuid_call *call = arg;
	struct cpuid *r = &call->result;

	(void)flags;
	__asm__ volatile("cpuid"
			 : "=a"(r->eax), "=b"(r->ebx), "=c"(r->ecx), "=d"(r->edx)
			 : "a"(call->leaf), "c"(call->subleaf));
}

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_call call = { .leaf = leaf, .subleaf = subleaf };

	ring0_call(run_cpuid, &call);
	return call.result;
}
