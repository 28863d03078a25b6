/* MSI-X of a PCI function (PCI Local Bus 3.0, 6.8.2): capability, vector table and pending bits.
 *
 * Table and pending bits lie in a BAR that the guest reads as memory (devices/register_page.h). A vector costs an
 * eventfd and a route in KVM only once the guest has let it through.
 *
 * Locks: table and control writes come on vCPU threads, signals on any thread. The lock inside is a leaf but for the
 * interrupt router's, and is held for no longer than a KVM call. A signal takes it only if the vector is masked. */
#ifndef DEVICES_MSIX_H
#define DEVICES_MSIX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/pci_function.h"
#include "vmm/core/irq.h"

#define MSIX_MAX_VECTORS 64 /* so that the pending bits are one register */
#define MSIX_ENTRY_BYTES 16

struct msix_vector;

/* Embedded in the device. All but what is marked is constant after msix_init(). */
struct msix {
	struct irq_router *router;
	struct pci_function *function;
	unsigned int capability; /* its offset in configuration space */
	unsigned int nr_vectors;
	uint8_t *table; /* in the BAR */
	uint8_t *pending; /* in the BAR */
	pthread_mutex_t lock; /* of what the vectors hold, and of table and pending bits */
	uint16_t control; /* the capability's control register, as last written */
	_Atomic bool enabled; /* MSI-X Enable of `control`, for signallers */
	struct msix_vector *vectors;
};

struct msix_config {
	struct irq_router *router;
	struct pci_function *function; /* on its bus already */
	unsigned int nr_vectors; /* 1 .. MSIX_MAX_VECTORS */
	unsigned int bar; /* the one whose host memory holds table and pending bits */
	unsigned int table_offset; /* a multiple of 8 */
	unsigned int pending_offset; /* a multiple of 8 */
};

/* Adds the capability and shows a table of masked vectors. 0, -EINVAL, -ENOMEM, or -ENOSPC if the configuration space
 * is full. Control thread, before the vCPUs run. */
__attribute__((warn_unused_result)) int msix_init(struct msix *msix, const struct msix_config *config);
/* Gives back every vector. Nobody signals any more. A zeroed object is fine. */
void msix_fini(struct msix *msix);

/* The guest wrote the capability's control register, and configuration space shows it. Root's lock held. */
void msix_control_written(struct msix *msix);

/* The guest's write into the table, `offset` bytes from its start. Only whole dwords and qwords act; the rest is
 * undefined by 6.8.2 and does nothing here. vCPU thread. */
void msix_table_write(struct msix *msix, uint64_t offset, unsigned int size, uint64_t value);

/* Raises the vector's interrupt, now or when it is unmasked. False, and nothing happens, if there is no such vector or
 * the guest does not use MSI-X. Any thread; one system call. */
bool msix_signal(struct msix *msix, unsigned int vector);

/* The vector's eventfd, for a signaller that can't call msix_signal(), such as the kernel: delivered alike, but the
 * pending bit doesn't show what is signalled so while the vector is masked. Valid until msix_fini(). -ENOENT, as for a
 * false of msix_signal(), or the errno of eventfd(2). Any thread. */
__attribute__((warn_unused_result)) int msix_eventfd(struct msix *msix, unsigned int vector);

#endif
