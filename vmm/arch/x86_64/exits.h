/* Why a vCPU left the guest, and what to do about it. */
#ifndef VMM_ARCH_X86_64_EXITS_H
#define VMM_ARCH_X86_64_EXITS_H

#include "vmm/core/vcpu.h"

/* For struct vcpu_environment. vCPU thread. */
enum vcpu_verdict arch_handle_exit(struct vcpu *vcpu);

#endif
