/* Interrupts into the guest: IOAPIC pins and MSI vectors, each an eventfd that KVM turns into an interrupt. */
#ifndef VMM_CORE_IRQ_H
#define VMM_CORE_IRQ_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/kvm.h"

#define IRQ_NR_PINS 24
#define IRQ_MAX_MSI 512

/* The VM's GSI routing table: pins first, then MSI vectors. The lock is inside: any thread may call. */
struct irq_router {
	pthread_mutex_t lock;
	const struct kvm *kvm;
	int pin_fds[IRQ_NR_PINS]; /* owned by who opened the pin; -1: not open */
	unsigned int nr_msi; /* entries of routes[] ever used; entry i is GSI IRQ_NR_PINS + i */
	struct irq_msi_route {
		enum {
			IRQ_ROUTE_FREE,
			IRQ_ROUTE_TAKEN, /* a vector has the GSI, and no address for it yet */
			IRQ_ROUTE_SET,
		} state;
		uint32_t data;
		uint64_t address;
	} routes[IRQ_MAX_MSI];
};

void irq_router_init(struct irq_router *router, const struct kvm *kvm);
void irq_router_fini(struct irq_router *router);

/* Connects a new eventfd to IOAPIC pin `pin` (edge). The descriptor, which the caller owns and does not close before
 * the VM ends, or a negative errno. Before irq_attach_pins(). Control thread. */
__attribute__((warn_unused_result)) int irq_pin_open(struct irq_router *router, unsigned int pin);
/* Gives the pins opened so far to KVM, which must have its interrupt controllers by now. 0 or a negative errno.
 * Control thread. */
__attribute__((warn_unused_result)) int irq_attach_pins(struct irq_router *router);

/* One MSI-X vector. Embedded in the device; zero is a valid "never used" state.
 * fd_plus_one and the rest change under the device's lock on a vCPU thread; msi_vector_signal() may run on any thread
 * at the same time, and reads fd_plus_one only. */
struct msi_vector {
	_Atomic int fd_plus_one; /* 0: no eventfd yet */
	_Atomic bool pending_early; /* signalled before there was an eventfd */
	int gsi; /* 0: none yet */
	bool attached; /* KVM listens to the eventfd */
};

/* Routes the vector to `address`/`data` and lets it through. What was signalled while it was masked is delivered now
 * (PCI 3.0, 6.8.2.9). 0 or a negative errno. */
__attribute__((warn_unused_result)) int msi_vector_unmask(struct irq_router *router, struct msi_vector *vector,
							  uint64_t address, uint32_t data);
/* Holds signals back; they stay pending. */
void msi_vector_mask(struct irq_router *router, struct msi_vector *vector);
/* Whether a signal waits behind the mask. */
bool msi_vector_pending(struct msi_vector *vector);
/* The eventfd that raises the interrupt, or waits behind the mask, whoever signals it: valid until msi_vector_fini().
 * Made at first need: or a negative errno. Under the device's lock. */
__attribute__((warn_unused_result)) int msi_vector_eventfd(struct msi_vector *vector);
/* Raises the interrupt; one system call. Any thread. */
void msi_vector_signal(struct msi_vector *vector);
/* Back to zero: nothing pending, eventfd closed, GSI given back. */
void msi_vector_fini(struct irq_router *router, struct msi_vector *vector);

#endif
