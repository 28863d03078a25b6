/* virtio over PCI, modern devices only (virtio 1.2, 4.1).
 *
 * Theory of operation. BAR 0 is one page of registers behind a read-only memslot: common configuration, device
 * configuration, MSI-X table and pending bits. The guest reads them as memory, without an exit; the transport keeps the
 * page showing what a read must give. Only writes exit. BAR 2 is a page that is trapped in both directions: the notify
 * addresses, each of which KVM turns into the queue's eventfd, and the ISR status, whose reading clears it.
 *
 * A device configuration that changes under a guest's reading: generation, the changed bytes, generation again, so that
 * a reader that began before sees a new generation. One that began in between can in theory miss that; the interrupt
 * that follows makes it read again.
 *
 * Which thread: configuration and register writes come on vCPU threads, one at a time under the transport's lock, and
 * calls down to the device are made with it held. Calls up from the device take only leaf locks, so the device may make
 * them on its own thread while a vCPU thread waits for it in a call down. */
#ifndef VIRTIO_TRANSPORT_PCI_H
#define VIRTIO_TRANSPORT_PCI_H

#include "devices/pci_root.h"
#include "virtio/core/device.h"
#include "vmm/core/irq.h"
#include "vmm/core/kvm.h"

struct virtio_pci;

/* All outlive the transport. */
struct virtio_pci_config {
	struct pci_root *root;
	struct irq_router *router;
	const struct kvm *kvm;
	struct virtio_device *device;
};

/* Puts the device on the bus. 0; -EINVAL if the device's description is out of range, -ENOMEM, -ENOSPC (no slot or no
 * room in the window). Control thread, before the vCPUs run. */
__attribute__((warn_unused_result)) int virtio_pci_create(const struct virtio_pci_config *config,
							  struct virtio_pci **out);

/* Resets the device and takes it off the bus. Control thread, after the vCPU threads have ended and before the device
 * is destroyed. NULL is fine. */
void virtio_pci_destroy(struct virtio_pci *pci);

#endif
