/* The PCI root bus: bus 0, one function a slot, a host bridge in slot 0.
 *
 * Theory of operation. Configuration space is reached by ECAM alone (PCI Express Base 5.0, 7.2.2), and the window is a
 * read-only memslot: a guest that enumerates the bus does not leave the guest to read. Absent functions read as ones
 * from a few shared pages; each present function has a page of its own. Writes exit to the bus and come here.
 *
 * BARs get their addresses when the function is added, so that the guest need not assign any; it may all the same. A
 * BAR answers while the function decodes memory and the address lies in the window and is free; a BAR that does not get
 * its place answers nowhere until that changes, and nothing worse happens.
 *
 * Locks: the root's lock is taken by the bus around each configuration write, and comes before every device's own. */
#ifndef DEVICES_PCI_ROOT_H
#define DEVICES_PCI_ROOT_H

#include <stdint.h>

#include "devices/pci_function.h"
#include "vmm/core/bus.h"
#include "vmm/core/kvm.h"

#define PCI_NR_SLOTS 32
#define PCI_ECAM_BYTES (UINT64_C(1) << 20) /* of one bus */

struct pci_root;

struct pci_root_config {
	struct kvm *kvm;
	struct bus *bus;
	gpa_t ecam_base; /* a multiple of PCI_ECAM_BYTES */
	gpa_t window_base; /* where BARs may be; below 4 GiB, not 0, a multiple of 4096 */
	uint64_t window_size_bytes;
};

/* Makes the bus with its host bridge. 0; -EINVAL for a bad configuration, -EEXIST if the window is taken, -ENOMEM, or
 * the errno of memfd_create(2), mmap(2) or KVM. Control thread. */
__attribute__((warn_unused_result)) int pci_root_create(const struct pci_root_config *config, struct pci_root **out);

/* After every function is removed and the vCPU threads have ended. NULL is fine. */
void pci_root_destroy(struct pci_root *root);

/* Puts the function into the next free slot, writes its header and assigns its BARs; it answers as soon as the guest
 * turns on decoding. The caller adds capabilities afterwards. 0; -ENOSPC if there is no slot or no room in the window.
 * Control thread, before the vCPUs run. */
__attribute__((warn_unused_result)) int pci_root_add(struct pci_root *root, struct pci_function *function,
						     const struct pci_identity *identity);

/* Takes the function off the bus; its slot and addresses are not used again. Control thread, after the vCPU threads
 * have ended or before they run. */
void pci_root_remove(struct pci_root *root, struct pci_function *function);

#endif
