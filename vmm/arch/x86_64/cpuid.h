/* What the guest's CPUID instruction says. */
#ifndef VMM_ARCH_X86_64_CPUID_H
#define VMM_ARCH_X86_64_CPUID_H

#include <stdbool.h>

#include "vmm/core/vcpu.h"

struct kvm_cpuid2;

/* The template that all vCPUs of a VM share, from what KVM supports on this host; free() it. */
__attribute__((warn_unused_result)) int cpuid_create(const struct kvm *kvm, struct kvm_cpuid2 **out);

/* What differs from one machine to the other. */
struct cpuid_machine {
	unsigned int nr_cpus; /* one package, one thread a core */
	unsigned int tsc_khz; /* 0: unknown */
	bool tsc_deadline; /* KVM emulates the APIC timer's TSC deadline mode */
};

/* Rewrites the template for a machine. Call once. Control thread. */
void cpuid_describe_machine(struct kvm_cpuid2 *cpuid, const struct cpuid_machine *machine);

/* Sets the APIC ID in the leaves that hold one. */
void cpuid_set_apic_id(struct kvm_cpuid2 *cpuid, unsigned int apic_id);

#endif
