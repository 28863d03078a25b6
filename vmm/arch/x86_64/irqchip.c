#include "vmm/arch/x86_64/irqchip.h"

#include <linux/kvm.h>
#include <string.h>

#include "vmm/arch/x86_64/layout.h"
#include "vmm/base/log.h"

const struct kvm_requirement arch_requirements[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "guest memory" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "PCI configuration space" },
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP", "in-kernel interrupt controllers" },
	{ KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING", "message-signalled interrupts" },
	{ KVM_CAP_IRQFD, "KVM_CAP_IRQFD", "interrupts from devices" },
	{ KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD", "device notifications" },
	{ KVM_CAP_IOEVENTFD_ANY_LENGTH, "KVM_CAP_IOEVENTFD_ANY_LENGTH", "device notifications" },
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR", "real mode on older CPUs" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID", "the guest's CPUID" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "secondary CPUs" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "stopping a vCPU" },
};
const unsigned int arch_nr_requirements = sizeof(arch_requirements) / sizeof(arch_requirements[0]);

int irqchip_create(const struct kvm *kvm)
{
	uint64_t identity_map = LAYOUT_KVM_IDENTITY_MAP;
	int rc;

	rc = kvm_vm_ioctl(kvm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	if (rc == 0)
		rc = kvm_vm_ioctl(kvm, KVM_SET_TSS_ADDR, (void *)(uintptr_t)LAYOUT_KVM_TSS);
	if (rc == 0)
		rc = kvm_vm_ioctl(kvm, KVM_CREATE_IRQCHIP, NULL);
	if (rc < 0)
		log_error("KVM refused to create the interrupt controllers: %s", strerror(-rc));
	return rc;
}
