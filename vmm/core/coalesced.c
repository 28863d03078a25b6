#include "vmm/core/coalesced.h"

#include <linux/kvm.h>
#include <string.h>
#include <unistd.h>

void coalesced_init(struct coalesced *coalesced, const struct kvm *kvm, void *vcpu_area)
{
	long page = sysconf(_SC_PAGESIZE);
	int page_offset = kvm_check(kvm, KVM_CAP_COALESCED_MMIO);

	pthread_mutex_init(&coalesced->lock, NULL);
	if (page_offset <= 0)
		return;
	coalesced->ring = (void *)((char *)vcpu_area + page_offset * page);
	coalesced->capacity =
		(unsigned int)(((size_t)page - sizeof(*coalesced->ring)) / sizeof(coalesced->ring->coalesced_mmio[0]));
}

void coalesced_add(const struct kvm *kvm, enum bus_space space, uint64_t base, uint32_t size_bytes)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = base, .size = size_bytes, .pio = space == BUS_PIO };

	/* An older KVM takes the zone for memory if it does not know ports. */
	if (kvm_check(kvm, space == BUS_PIO ? KVM_CAP_COALESCED_PIO : KVM_CAP_COALESCED_MMIO) > 0)
		(void)!kvm_vm_ioctl(kvm, KVM_REGISTER_COALESCED_MMIO, &zone);
}

void coalesced_drain(struct coalesced *coalesced, struct bus *bus)
{
	struct kvm_coalesced_mmio_ring *ring = coalesced->ring;
	uint32_t first;

	/* The other side is KVM, which fills entries and then moves `last`. */
	if (!ring || ring->first == __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&coalesced->lock);
	for (first = ring->first; first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);) {
		const struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[first];
		uint64_t value = 0;

		memcpy(&value, entry->data, entry->len < sizeof(value) ? entry->len : sizeof(value));
		bus_write(bus, entry->pio ? BUS_PIO : BUS_MMIO, entry->phys_addr, entry->len, value);
		first = (first + 1) % coalesced->capacity;
		__atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&coalesced->lock);
}
