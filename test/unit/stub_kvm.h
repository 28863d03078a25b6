/* A KVM of plain tables, for tests of devices: it stands in for vmm/core's kvm.c, ioevent.c and the MSI part of irq.c,
 * and gives the test what a guest's CPU has, loads and stores that go where a real KVM would send them. */
#ifndef TEST_UNIT_STUB_KVM_H
#define TEST_UNIT_STUB_KVM_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/bus.h"
#include "vmm/core/kvm.h"

/* Forgets all slots, ioeventfds and interrupts, and lets every call succeed. */
void stub_kvm_reset(void);

/* The next kvm_memslot_add() or _move() that adds, ioevent_attach() or msi_vector_unmask() fails so; 0: succeeds. */
extern int stub_kvm_memslot_error;
extern int stub_kvm_ioevent_error;
extern int stub_kvm_msi_error;

unsigned int stub_kvm_nr_memslots(void); /* that are in place now */
unsigned int stub_kvm_nr_ioevents(void);
bool stub_kvm_has_ioevent(gpa_t gpa);
unsigned int stub_kvm_nr_exits(void); /* loads and stores so far that left the guest */

/* What msi_vector_eventfd() gives. */
#define STUB_KVM_EVENTFD 1234

/* Interrupts that arrived at the guest's local APIC. */
struct stub_msi {
	uint64_t address;
	uint32_t data;
};
unsigned int stub_kvm_nr_msis(void);
struct stub_msi stub_kvm_last_msi(void);
unsigned int stub_kvm_nr_open_vectors(void);

/* The guest's load and store of `size` bytes at `gpa`. */
uint64_t guest_load(struct bus *bus, gpa_t gpa, unsigned int size);
void guest_store(struct bus *bus, gpa_t gpa, unsigned int size, uint64_t value);

#endif
