#include "vmm/core/ioevent.h"

#include <linux/kvm.h>

static int ioevent(const struct kvm *kvm, gpa_t gpa, int eventfd, uint32_t flags)
{
	/* Length 0: any width (KVM_CAP_IOEVENTFD_ANY_LENGTH), which also lets KVM skip decoding the instruction where
	 * the CPU allows it. */
	struct kvm_ioeventfd request = { .addr = gpa, .len = 0, .fd = eventfd, .flags = flags };

	return kvm_vm_ioctl(kvm, KVM_IOEVENTFD, &request);
}

int ioevent_attach(const struct kvm *kvm, gpa_t gpa, int eventfd)
{
	return ioevent(kvm, gpa, eventfd, 0);
}

void ioevent_detach(const struct kvm *kvm, gpa_t gpa, int eventfd)
{
	if (kvm->retired)
		return;
	/* It can only fail if the pair is not attached, which is what was wanted. */
	(void)!ioevent(kvm, gpa, eventfd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}
