#include "test/unit/stub_kvm.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "vmm/base/checked.h"
#include "vmm/base/fd.h"
#include "vmm/core/coalesced.h"
#include "vmm/core/ioevent.h"
#include "vmm/core/irq.h"

#define NR_SLOTS 64
#define NR_IOEVENTS 256

int stub_kvm_memslot_error;
int stub_kvm_ioevent_error;
int stub_kvm_msi_error;

static struct {
	gpa_t gpa;
	uint8_t *host;
	uint64_t size_bytes;
	bool read_only;
} slots[NR_SLOTS];
static unsigned int nr_slots;

static struct {
	gpa_t gpa;
	int fd;
} ioevents[NR_IOEVENTS];
static unsigned int nr_ioevents;

static unsigned int nr_exits;
static unsigned int nr_msis;
static struct stub_msi last_msi;
static unsigned int nr_open_vectors;

void stub_kvm_reset(void)
{
	stub_kvm_memslot_error = 0;
	stub_kvm_ioevent_error = 0;
	stub_kvm_msi_error = 0;
	memset(slots, 0, sizeof(slots));
	nr_slots = 0;
	nr_ioevents = 0;
	nr_exits = 0;
	nr_msis = 0;
	nr_open_vectors = 0;
}

static int put_slot(unsigned int slot, gpa_t gpa, void *host, uint64_t size_bytes, bool read_only)
{
	if (stub_kvm_memslot_error != 0)
		return stub_kvm_memslot_error;
	for (unsigned int i = 0; i < nr_slots; i++)
		if (ranges_overlap(slots[i].gpa, slots[i].size_bytes, gpa, size_bytes))
			return -EEXIST;
	slots[slot].gpa = gpa;
	slots[slot].host = host;
	slots[slot].size_bytes = size_bytes;
	slots[slot].read_only = read_only;
	return 0;
}

int kvm_memslot_add(struct kvm *kvm, gpa_t gpa, void *host, uint64_t size_bytes, bool read_only)
{
	int rc;

	(void)kvm;
	if (nr_slots == NR_SLOTS)
		return -ENOSPC;
	rc = put_slot(nr_slots, gpa, host, size_bytes, read_only);
	return rc < 0 ? rc : (int)nr_slots++;
}

int kvm_memslot_move(struct kvm *kvm, int slot, gpa_t gpa, void *host, uint64_t size_bytes, bool read_only)
{
	(void)kvm;
	if (slot < 0 || (unsigned int)slot >= nr_slots)
		return -EINVAL;
	slots[slot].size_bytes = 0;
	return size_bytes == 0 ? 0 : put_slot((unsigned int)slot, gpa, host, size_bytes, read_only);
}

void coalesced_add(const struct kvm *kvm, enum bus_space space, uint64_t base, uint32_t size_bytes)
{
	/* Without a ring every write comes at once, which is what the tests count. */
	(void)kvm;
	(void)space;
	(void)base;
	(void)size_bytes;
}

unsigned int stub_kvm_nr_memslots(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_slots; i++)
		nr += slots[i].size_bytes != 0;
	return nr;
}

int ioevent_attach(const struct kvm *kvm, gpa_t gpa, int eventfd)
{
	(void)kvm;
	if (stub_kvm_ioevent_error != 0)
		return stub_kvm_ioevent_error;
	if (stub_kvm_has_ioevent(gpa))
		return -EEXIST;
	if (nr_ioevents == NR_IOEVENTS)
		return -ENOSPC;
	ioevents[nr_ioevents].gpa = gpa;
	ioevents[nr_ioevents].fd = eventfd;
	nr_ioevents++;
	return 0;
}

void ioevent_detach(const struct kvm *kvm, gpa_t gpa, int eventfd)
{
	(void)kvm;
	for (unsigned int i = 0; i < nr_ioevents; i++)
		if (ioevents[i].gpa == gpa && ioevents[i].fd == eventfd) {
			ioevents[i] = ioevents[--nr_ioevents];
			return;
		}
}

unsigned int stub_kvm_nr_ioevents(void)
{
	return nr_ioevents;
}

bool stub_kvm_has_ioevent(gpa_t gpa)
{
	for (unsigned int i = 0; i < nr_ioevents; i++)
		if (ioevents[i].gpa == gpa)
			return true;
	return false;
}

static void deliver(uint64_t address, uint32_t data)
{
	nr_msis++;
	last_msi = (struct stub_msi){ .address = address, .data = data };
}

/* Routes by GSI; of the vector itself the stub uses gsi, attached and pending_early. */
struct route {
	uint64_t address;
	uint32_t data;
};
static struct route routes[IRQ_MAX_MSI];
static int next_gsi = 1;

int msi_vector_unmask(struct irq_router *router, struct msi_vector *vector, uint64_t address, uint32_t data)
{
	(void)router;
	if (stub_kvm_msi_error != 0)
		return stub_kvm_msi_error;
	if (vector->gsi == 0)
		vector->gsi = next_gsi++ % IRQ_MAX_MSI;
	routes[vector->gsi] = (struct route){ .address = address, .data = data };
	nr_open_vectors += !vector->attached;
	vector->attached = true;
	if (atomic_exchange(&vector->pending_early, false))
		deliver(address, data);
	return 0;
}

void msi_vector_mask(struct irq_router *router, struct msi_vector *vector)
{
	(void)router;
	nr_open_vectors -= vector->attached;
	vector->attached = false;
}

/* A number that stands for the vector; nothing is open. */
int msi_vector_eventfd(struct msi_vector *vector)
{
	(void)vector;
	return STUB_KVM_EVENTFD;
}

bool msi_vector_pending(struct msi_vector *vector)
{
	return atomic_load(&vector->pending_early);
}

void msi_vector_signal(struct msi_vector *vector)
{
	if (vector->attached)
		deliver(routes[vector->gsi].address, routes[vector->gsi].data);
	else
		atomic_store(&vector->pending_early, true);
}

void msi_vector_fini(struct irq_router *router, struct msi_vector *vector)
{
	msi_vector_mask(router, vector);
	memset(vector, 0, sizeof(*vector));
}

unsigned int stub_kvm_nr_msis(void)
{
	return nr_msis;
}

struct stub_msi stub_kvm_last_msi(void)
{
	return last_msi;
}

unsigned int stub_kvm_nr_open_vectors(void)
{
	return nr_open_vectors;
}

unsigned int stub_kvm_nr_exits(void)
{
	return nr_exits;
}

static uint64_t truncate_to(unsigned int size, uint64_t value)
{
	return size < 8 ? value & ((UINT64_C(1) << (8 * size)) - 1) : value;
}

uint64_t guest_load(struct bus *bus, gpa_t gpa, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < nr_slots; i++)
		if (range_contains(slots[i].gpa, slots[i].size_bytes, gpa, size)) {
			memcpy(&value, slots[i].host + (gpa - slots[i].gpa), size);
			return value;
		}
	nr_exits++;
	return truncate_to(size, bus_read(bus, BUS_MMIO, gpa, size));
}

void guest_store(struct bus *bus, gpa_t gpa, unsigned int size, uint64_t value)
{
	for (unsigned int i = 0; i < nr_ioevents; i++)
		if (ioevents[i].gpa == gpa) {
			fd_eventfd_signal(ioevents[i].fd);
			return;
		}
	for (unsigned int i = 0; i < nr_slots; i++)
		if (range_contains(slots[i].gpa, slots[i].size_bytes, gpa, size) && !slots[i].read_only) {
			memcpy(slots[i].host + (gpa - slots[i].gpa), &value, size);
			return;
		}
	nr_exits++;
	bus_write(bus, BUS_MMIO, gpa, size, truncate_to(size, value));
}
