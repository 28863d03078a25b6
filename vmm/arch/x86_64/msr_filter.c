#include "vmm/arch/x86_64/msr_filter.h"

#include <linux/kvm.h>

/* AMD's first performance counters, which no CPUID bit can hide: Linux probes them and expects a fault where there are
 * none (AMD APM volume 2, 13.2.1). */
#define MSR_K7_EVNTSEL0 0xc0010000
#define NR_K7_PMU_MSRS 8

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

	if (kvm_check(kvm, KVM_CAP_X86_MSR_FILTER) > 0)
		(void)!kvm_vm_ioctl(kvm, KVM_X86_SET_MSR_FILTER, &filter);
}
