/* Guest writes that KVM turns into an eventfd signal without leaving the kernel. */
#ifndef VMM_CORE_IOEVENT_H
#define VMM_CORE_IOEVENT_H

#include "vmm/core/kvm.h"

/* A write of any width to MMIO address `gpa` signals `eventfd`. 0 or a negative errno. Any thread. */
__attribute__((warn_unused_result)) int ioevent_attach(const struct kvm *kvm, gpa_t gpa, int eventfd);
void ioevent_detach(const struct kvm *kvm, gpa_t gpa, int eventfd);

#endif
