/* Where BARs answer. Part of the root bus: callers hold its lock. */
#ifndef DEVICES_PCI_BARS_H
#define DEVICES_PCI_BARS_H

#include <stdint.h>

#include "devices/pci_function.h"
#include "vmm/core/kvm.h"

/* The memory window of the root bus, handed out from its base upwards. */
struct pci_window {
	struct kvm *kvm;
	struct bus *bus;
	gpa_t base;
	uint64_t size_bytes;
	uint64_t used_bytes;
};

/* Gives each BAR of the function an address, naturally aligned, and shows it in the header. 0, or -ENOSPC with nothing
 * changed. */
__attribute__((warn_unused_result)) int pci_bars_assign(struct pci_window *window, struct pci_function *function);

/* Makes every BAR of the functions (NULL: none in that slot) answer where the headers say. What stays in place is not
 * touched; all that leaves does so before anything arrives, so that two BARs may change places. */
void pci_bars_settle(const struct pci_window *window, struct pci_function *const *functions, unsigned int nr);

/* Makes all BARs of the function answer nowhere. */
void pci_bars_unmap(const struct pci_window *window, struct pci_function *function);

#endif
