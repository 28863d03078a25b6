#include "test/guest/bench/clock.h"

#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/power.h"

#define LEAF_TSC 0x15 /* Intel SDM volume 2, CPUID: TSC and core crystal clock */
#define LEAF_HYPERVISOR 0x40000000
#define LEAF_HYPERVISOR_FEATURES 0x40000001
#define LEAF_HYPERVISOR_TSC 0x40000010 /* eax: kHz */
#define KVM_FEATURE_CLOCKSOURCE2 (1u << 3)
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01
#define CLOCK_ENABLE 1

/* Linux, Documentation/virt/kvm/x86/msr.rst: pvclock_vcpu_time_info. */
struct kvm_clock {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};
_Static_assert(sizeof(struct kvm_clock) == 32, "pvclock_vcpu_time_info");

static volatile struct kvm_clock kvm_clock __attribute__((aligned(32)));
static uint64_t tsc_khz;

static void enable_kvm_clock(void *arg, uint64_t *flags)
{
	uint64_t value = (uint64_t)&kvm_clock | CLOCK_ENABLE;

	(void)arg;
	(void)flags;
	__asm__ volatile("wrmsr"
			 :
			 : "c"(MSR_KVM_SYSTEM_TIME_NEW), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* system_time advances by (cycles << shift) * mul >> 32 nanoseconds. */
static uint64_t khz_by_kvm_clock(void)
{
	uint64_t khz;

	if (!(cpuid(LEAF_HYPERVISOR_FEATURES, 0).eax & KVM_FEATURE_CLOCKSOURCE2))
		return 0;
	ring0_call(enable_kvm_clock, 0);
	while (kvm_clock.version == 0 || (kvm_clock.version & 1))
		cpu_pause();
	if (kvm_clock.tsc_to_system_mul == 0)
		return 0;
	khz = (UINT64_C(1000000) << 32) / kvm_clock.tsc_to_system_mul;
	return kvm_clock.tsc_shift < 0 ? khz << -kvm_clock.tsc_shift : khz >> kvm_clock.tsc_shift;
}

static uint64_t khz_by_cpuid(void)
{
	struct cpuid tsc;

	if (cpuid(LEAF_HYPERVISOR, 0).eax >= LEAF_HYPERVISOR_TSC && cpuid(LEAF_HYPERVISOR_TSC, 0).eax != 0)
		return cpuid(LEAF_HYPERVISOR_TSC, 0).eax;
	if (cpuid(0, 0).eax < LEAF_TSC)
		return 0;
	tsc = cpuid(LEAF_TSC, 0);
	return tsc.eax == 0 ? 0 : (uint64_t)tsc.ecx * tsc.ebx / tsc.eax / 1000;
}

void clock_init(void)
{
	tsc_khz = khz_by_cpuid();
	if (tsc_khz == 0)
		tsc_khz = khz_by_kvm_clock();
	if (tsc_khz == 0)
		power_panic("neither CPUID nor kvm-clock tells the TSC's frequency");
}

uint64_t clock_cycles(uint64_t ms)
{
	return ms * tsc_khz;
}

uint64_t clock_ns(uint64_t cycles)
{
	return cycles / tsc_khz * 1000000 + cycles % tsc_khz * 1000000 / tsc_khz;
}
