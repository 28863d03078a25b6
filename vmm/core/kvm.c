#include "vmm/core/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"

static int open_device(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		log_error("cannot open /dev/kvm: this host has no KVM; load kvm_intel or kvm_amd, and enable "
			  "virtualization in the firmware (or nested virtualization, if this is a virtual machine)");
		return -ENOENT;
	case EACCES:
	case EPERM:
		log_error("cannot open /dev/kvm: permission denied; add this user to the group kvm (adduser USER kvm) "
			  "and log in again");
		return -EACCES;
	default: {
		int rc = -errno;

		log_error("cannot open /dev/kvm: %s", strerror(-rc));
		return rc;
	}
	}
}

static int check_version(int dev_fd)
{
	int version = ioctl(dev_fd, KVM_GET_API_VERSION, 0);

	if (version == KVM_API_VERSION)
		return 0;
	log_error("/dev/kvm speaks KVM API version %d, but version %d is needed; use a newer kernel", version,
		  KVM_API_VERSION);
	return -EPROTO;
}

static int check_requirements(int dev_fd, const struct kvm_requirement *required, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (ioctl(dev_fd, KVM_CHECK_EXTENSION, required[i].cap) > 0)
			continue;
		log_error("this host's KVM lacks %s, which mote needs for %s; use a newer kernel", required[i].name,
			  required[i].why);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int create_vm(int dev_fd)
{
	int fd;

	/* KVM allocates much here; a signal during it gives EINTR. */
	do {
		fd = ioctl(dev_fd, KVM_CREATE_VM, 0);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		int rc = -errno;

		log_error("KVM refused to create a virtual machine: %s%s", strerror(-rc),
			  rc == -EBUSY ? "; another hypervisor on this host holds the CPU's virtualization" : "");
		return rc;
	}
	return fd;
}

int kvm_open(struct kvm *kvm, const struct kvm_requirement *required, unsigned int nr_required)
{
	int rc;

	*kvm = (struct kvm){ .dev_fd = -1, .vm_fd = -1 };
	rc = open_device();
	if (rc < 0)
		return rc;
	kvm->dev_fd = rc;
	rc = check_version(kvm->dev_fd);
	if (rc < 0)
		goto close;
	rc = check_requirements(kvm->dev_fd, required, nr_required);
	if (rc < 0)
		goto close;
	rc = create_vm(kvm->dev_fd);
	if (rc < 0)
		goto close;
	kvm->vm_fd = rc;
	rc = ioctl(kvm->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (rc < (int)sizeof(struct kvm_run)) {
		log_error("KVM reports a vCPU area of %d bytes, fewer than a struct kvm_run has", rc);
		rc = -EPROTO;
		goto close;
	}
	kvm->vcpu_area_bytes = (unsigned int)rc;
	rc = kvm_check(kvm, KVM_CAP_MAX_VCPUS);
	kvm->max_vcpus = rc > 0 ? (unsigned int)rc : 4;
	return 0;

close:
	kvm_close(kvm);
	return rc;
}

void kvm_close(struct kvm *kvm)
{
	fd_close(&kvm->vm_fd);
	fd_close(&kvm->dev_fd);
}

void kvm_retire(struct kvm *kvm)
{
	kvm->retired = true;
}

int kvm_vm_ioctl(const struct kvm *kvm, unsigned long request, void *arg)
{
	int rc;

	do {
		rc = ioctl(kvm->vm_fd, request, arg);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : rc;
}

int kvm_check(const struct kvm *kvm, int cap)
{
	int rc = ioctl(kvm->vm_fd, KVM_CHECK_EXTENSION, cap);

	return rc < 0 ? 0 : rc;
}

int kvm_memslot_add(struct kvm *kvm, gpa_t gpa, void *host, uint64_t size_bytes, bool read_only)
{
	struct kvm_userspace_memory_region region = {
		.slot = atomic_fetch_add_explicit(&kvm->next_slot, 1, memory_order_relaxed),
		.flags = read_only ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = gpa,
		.memory_size = size_bytes,
		.userspace_addr = (uintptr_t)host,
	};
	int rc = kvm_vm_ioctl(kvm, KVM_SET_USER_MEMORY_REGION, &region);

	return rc < 0 ? rc : (int)region.slot;
}

int kvm_memslot_move(struct kvm *kvm, int slot, gpa_t gpa, void *host, uint64_t size_bytes, bool read_only)
{
	struct kvm_userspace_memory_region region = { .slot = (uint32_t)slot };
	int rc;

	if (kvm->retired)
		return 0;
	/* A read-only slot can't change its address in place: delete, then add under the same number. */
	rc = kvm_vm_ioctl(kvm, KVM_SET_USER_MEMORY_REGION, &region);
	/* -EINVAL: it was away already. */
	if (rc < 0 && rc != -EINVAL)
		return rc;
	if (size_bytes == 0)
		return 0;
	region.flags = read_only ? KVM_MEM_READONLY : 0;
	region.guest_phys_addr = gpa;
	region.memory_size = size_bytes;
	region.userspace_addr = (uintptr_t)host;
	return kvm_vm_ioctl(kvm, KVM_SET_USER_MEMORY_REGION, &region);
}
