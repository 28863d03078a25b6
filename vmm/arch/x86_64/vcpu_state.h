/* The state in which a vCPU starts. */
#ifndef VMM_ARCH_X86_64_VCPU_STATE_H
#define VMM_ARCH_X86_64_VCPU_STATE_H

#include "vmm/boot/boot.h"
#include "vmm/core/vcpu.h"

struct kvm_cpuid2;

/* Gives the vCPU its CPUID (the template's APIC ID fields are rewritten) and model-specific registers.
 * 0 or a negative errno, logged. The vCPU's owner. */
__attribute__((warn_unused_result)) int vcpu_state_init(struct vcpu *vcpu, struct kvm_cpuid2 *cpuid);

/* Puts the first vCPU at the kernel's entry. The others wait for the guest's INIT and SIPI. 0 or a negative errno. */
__attribute__((warn_unused_result)) int vcpu_state_set_entry(struct vcpu *vcpu, const struct boot_entry *entry);

#endif
