#include "vmm/arch/x86_64/msr_filter.h"

#include <cpuid.h>
#include <linux/kvm.h>
#include <stdbool.h>

/* AMD's first performance counters, which no CPUID bit can hide: Linux probes them and expects a fault where there are
 * none (AMD APM volume 2, 13.2.1). */
#define MSR_K7_EVNTSEL0 0xc0010000
#define NR_K7_PMU_MSRS 8

/* "Hygo", the start of the vendor string of Hygon, whose CPUs are AMD's first Zen. */
#define HYGON_EBX 0x6f677948

static bool host_is_amd(void)
{
	unsigned int max, ebx, ecx, edx;

	return __get_cpuid(0, &max, &ebx, &ecx, &edx) && (ebx == signature_AMD_ebx || ebx == HYGON_EBX);
}

void msr_filter_install(const struct kvm *kvm)
{
	uint8_t denied[1] = { 0 }; /* a zero bit denies */
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = {
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.base = MSR_K7_EVNTSEL0,
			.nmsrs = NR_K7_PMU_MSRS,
			.bitmap = denied,
		},
	};

	if (host_is_amd() && kvm_check(kvm, KVM_CAP_X86_MSR_FILTER) > 0)
		(void)!kvm_vm_ioctl(kvm, KVM_X86_SET_MSR_FILTER, &filter);
}
