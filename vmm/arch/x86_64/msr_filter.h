/* Model-specific registers that this machine does not have, whatever the host's KVM would say of them. */
#ifndef VMM_ARCH_X86_64_MSR_FILTER_H
#define VMM_ARCH_X86_64_MSR_FILTER_H

#include "vmm/core/kvm.h"

/* Lets accesses to them fault in the guest, in silence. A KVM that can't filter is left as it is: it refuses them too,
 * but writes a line to the host's kernel log each time. Control thread. */
void msr_filter_install(const struct kvm *kvm);

#endif
