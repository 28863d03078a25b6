/* Writes that nobody waits for: KVM keeps them in a ring instead of leaving the guest for each.
 *
 * Kernels write to many ports of a PC that this machine does not have; before Linux finds out that there is no
 * configuration port 0xcf8, it has written to it more than a hundred times. Such writes need no exit. The ring is
 * emptied, in order, whenever a vCPU leaves the guest for another reason, and before that exit is handled. */
#ifndef VMM_CORE_COALESCED_H
#define VMM_CORE_COALESCED_H

#include <pthread.h>

#include "vmm/core/bus.h"
#include "vmm/core/kvm.h"

struct kvm_coalesced_mmio_ring;

/* One a VM; zeroed before coalesced_init(), and then fine for every function. */
struct coalesced {
	pthread_mutex_t lock; /* taken by the vCPU that empties the ring */
	struct kvm_coalesced_mmio_ring *ring; /* NULL: this KVM has none, every write exits */
	unsigned int capacity;
};

/* Finds the ring in the shared area of a vCPU, any one: they all show the same. Control thread. */
void coalesced_init(struct coalesced *coalesced, const struct kvm *kvm, void *vcpu_area);

/* Lets KVM keep writes to [base, base + size_bytes). Only for registers whose writing changes nothing that a read, or
 * another vCPU, could notice. Nothing is lost where KVM has no ring: then they exit. Control thread. */
void coalesced_add(const struct kvm *kvm, enum bus_space space, uint64_t base, uint32_t size_bytes);

/* Hands what the ring holds to the bus. vCPU thread. */
void coalesced_drain(struct coalesced *coalesced, struct bus *bus);

#endif
