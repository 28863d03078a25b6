/* The KVM and VM descriptors, and what this host's KVM can do. */
#ifndef VMM_CORE_KVM_H
#define VMM_CORE_KVM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/memory.h"

/* Embedded in the machine; set up by kvm_open(), read-only afterwards, except for the slot counter. */
struct kvm {
	int dev_fd; /* /dev/kvm */
	int vm_fd;
	unsigned int vcpu_area_bytes; /* of struct kvm_run */
	unsigned int max_vcpus;
	_Atomic unsigned int next_slot; /* slot numbers are not used again: KVM has 32,764 */
	bool retired;
};

/* A capability that the machine can't run without, as a table row. */
struct kvm_requirement {
	int cap; /* KVM_CAP_* */
	const char *name;
	const char *why;
};

/* Opens /dev/kvm and makes a VM. On failure logs one line that says what to do and returns -ENOENT (no /dev/kvm),
 * -EACCES, -EPROTO (API version), -EOPNOTSUPP (a capability of `required` is missing: named) or KVM's errno. */
__attribute__((warn_unused_result)) int kvm_open(struct kvm *kvm, const struct kvm_requirement *required,
						 unsigned int nr_required);
void kvm_close(struct kvm *kvm);
/* No vCPU will run again. From here on nothing is taken from the VM piece by piece, each of which waits for a grace
 * period of the host's kernel, up to 10 ms: kvm_close() ends all of it at once. Control thread, the only one left. */
void kvm_retire(struct kvm *kvm);

/* ioctl(2) on the VM: its result, or a negative errno. Retries EINTR. */
__attribute__((warn_unused_result)) int kvm_vm_ioctl(const struct kvm *kvm, unsigned long request, void *arg);

/* The value of a capability on this VM; 0 if absent. */
int kvm_check(const struct kvm *kvm, int cap);

#define KVM_SLOT_READ_ONLY true

/* Makes guest-physical [gpa, gpa + size_bytes) be host memory. Writes to a read-only slot go to the bus.
 * The slot's number or a negative errno (-EEXIST: overlaps another slot). Any thread. */
__attribute__((warn_unused_result)) int kvm_memslot_add(struct kvm *kvm, gpa_t gpa, void *host, uint64_t size_bytes,
							bool read_only);
/* Takes a slot away and, unless size_bytes is 0, puts it in again at `gpa`. A slot that was taken away keeps its number
 * for a later move. 0 or a negative errno, after which the slot is away. One thread at a time for one slot. On a
 * retired VM it does nothing. */
__attribute__((warn_unused_result)) int kvm_memslot_move(struct kvm *kvm, int slot, gpa_t gpa, void *host,
							 uint64_t size_bytes, bool read_only);

#endif
