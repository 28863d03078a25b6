/* Is there a KVM, may we use it, and can it do what the machine needs? */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/arch/x86_64/irqchip.h"
#include "vmm/base/fd.h"
#include "vmm/core/kvm.h"
#include "vmm/lib/doctor.h"

#define DEVICE "/dev/kvm"
#define SUBJECT_CAPABILITIES "KVM capabilities"

/* The CPU's own word on whether the firmware lets virtualization through. */
static bool cpu_can_virtualize(void)
{
	char cpuinfo[16384];

	if (fd_read_text("/proc/cpuinfo", cpuinfo, sizeof(cpuinfo)) < 0)
		return false;
	return strstr(cpuinfo, " vmx") || strstr(cpuinfo, " svm");
}

/* The descriptor of /dev/kvm, or -1. */
static int open_device(struct doctor *doctor)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		if (cpu_can_virtualize())
			doctor_find(doctor, MOTE_MISSING, DEVICE,
				    "load the module for this CPU: modprobe kvm_intel, or modprobe kvm_amd",
				    "not there, though the CPU can virtualize");
		else
			doctor_find(
				doctor, MOTE_MISSING, DEVICE,
				"switch on VT-x or AMD-V (SVM) in the firmware; on a virtual machine, ask for nested "
				"virtualization (kvm_intel or kvm_amd with nested=1 on its host)",
				"not there: the CPU shows neither VT-x nor AMD-V");
		return -1;
	case EACCES:
	case EPERM:
		doctor_find(doctor, MOTE_MISSING, DEVICE,
			    "add yourself to its group and log in again: adduser USER kvm (in a container, pass the "
			    "device in: --device /dev/kvm)",
			    "not permitted to this user");
		return -1;
	default:
		doctor_find(doctor, MOTE_MISSING, DEVICE, "see the kernel's log: dmesg | grep -i kvm",
			    "can't be opened: %s", strerror(errno));
		return -1;
	}
}

static bool check_version(struct doctor *doctor, int fd)
{
	int version = ioctl(fd, KVM_GET_API_VERSION, 0);

	if (version != KVM_API_VERSION) {
		doctor_find(doctor, MOTE_MISSING, DEVICE, "use a newer kernel", "API version is %d, and %d is needed",
			    version, KVM_API_VERSION);
		return false;
	}
	doctor_find(doctor, MOTE_OK, DEVICE, NULL, "present and permitted, API version %d", version);
	return true;
}

static bool check_capabilities(struct doctor *doctor, int fd)
{
	bool complete = true;
	int vcpus;

	for (unsigned int i = 0; i < arch_nr_requirements; i++) {
		const struct kvm_requirement *need = &arch_requirements[i];

		if (ioctl(fd, KVM_CHECK_EXTENSION, need->cap) > 0)
			continue;
		doctor_find(doctor, MOTE_MISSING, SUBJECT_CAPABILITIES, "use a newer kernel",
			    "%s is missing, needed for %s", need->name, need->why);
		complete = false;
	}
	if (!complete)
		return false;
	vcpus = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	doctor_find(doctor, MOTE_OK, SUBJECT_CAPABILITIES, NULL, "all %u that are needed; up to %d vCPUs a VM",
		    arch_nr_requirements, vcpus);
	return true;
}

static bool check_vm(struct doctor *doctor, int fd)
{
	int vm;

	do {
		vm = ioctl(fd, KVM_CREATE_VM, 0);
	} while (vm < 0 && errno == EINTR);
	if (vm < 0) {
		doctor_find(
			doctor, MOTE_MISSING, "virtual machine",
			errno == EBUSY
				? "end the other hypervisor that holds the CPU's virtualization (VirtualBox, VMware)"
				: "see the kernel's log: dmesg | grep -i kvm",
			"KVM refuses to make one: %s", strerror(errno));
		return false;
	}
	fd_close(&vm);
	return true;
}

void doctor_check_kvm(struct doctor *doctor)
{
	int fd = open_device(doctor);

	if (fd < 0)
		return;
	doctor->can_make_vms = check_version(doctor, fd) && check_capabilities(doctor, fd) && check_vm(doctor, fd);
	fd_close(&fd);
}
