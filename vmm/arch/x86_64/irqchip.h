/* KVM's own interrupt controllers, and the capabilities that this architecture needs. */
#ifndef VMM_ARCH_X86_64_IRQCHIP_H
#define VMM_ARCH_X86_64_IRQCHIP_H

#include "vmm/core/kvm.h"

/* What kvm_open() must find. */
extern const struct kvm_requirement arch_requirements[];
extern const unsigned int arch_nr_requirements;

/* Creates the local APICs and the IOAPIC in the kernel; no PIT. Before any vCPU. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int irqchip_create(const struct kvm *kvm);

#endif
