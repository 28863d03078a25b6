/* A PCI function: its configuration space and the BARs behind which it answers (PCI Local Bus 3.0, 6.1 and 6.2).
 *
 * Configuration space is a page of the ECAM window, which the guest reads as memory (devices/register_page.h). Writes
 * come to the root bus, which lets through the bits of the write mask, places the BARs, and then tells the function.
 *
 * INTx is not offered: interrupt pin 0. There are no I/O BARs, no 64-bit BARs, no expansion ROM and no extended
 * capabilities. */
#ifndef DEVICES_PCI_FUNCTION_H
#define DEVICES_PCI_FUNCTION_H

#include <stdint.h>

#include "vmm/core/bus.h"
#include "vmm/core/memory.h"

#define PCI_NR_BARS 6
#define PCI_HEADER_BYTES 256 /* header and capabilities: the part of configuration space that is in use */

struct pci_function;

/* A window of 32-bit, not prefetchable memory. */
struct pci_bar {
	/* The function fills these before pci_root_add(). */
	struct bus_range range; /* what answers; `base` is the root's. size_bytes: a power of two >= 4096, or 0: none */
	void *host; /* what the guest's loads see without an exit, size_bytes of it; NULL: loads are trapped too */
	/* The BAR answers at `address` from now on (0: nowhere). NULL if the function does not care. Called with the
	 * root's lock held, on a vCPU thread or, at removal, the control thread. */
	void (*moved)(struct pci_function *function, unsigned int bar, gpa_t address);
	/* The root's. */
	gpa_t address; /* 0: not mapped */
	int memslot_plus_one; /* 0: none yet */
};

struct pci_identity {
	uint16_t vendor;
	uint16_t device;
	uint16_t subsystem_vendor;
	uint16_t subsystem;
	uint32_t class_code; /* 24 bits: base class, subclass, programming interface */
	uint8_t revision;
};

/* Embedded in the device, which fills the upper part. */
struct pci_function {
	const char *name; /* for messages */
	struct pci_bar bars[PCI_NR_BARS];
	/* The guest wrote into the dword at `reg`, outside the command register and the BARs, and the page shows the
	 * result. NULL: nothing to do. vCPU thread, root's lock held. */
	void (*config_written)(struct pci_function *function, unsigned int reg);
	void *owner;
	/* The root's and pci_function.c's. */
	uint8_t *config; /* the function's page of the ECAM window */
	uint32_t write_mask[PCI_HEADER_BYTES / 4];
	unsigned int slot;
	unsigned int last_capability; /* 0: none yet */
	unsigned int next_free; /* where the next capability goes */
};

/* Writes a type 0 header into function->config and sets up the write mask. The page is overwritten. Before the vCPUs
 * run. */
void pci_function_init(struct pci_function *function, const struct pci_identity *identity);

/* Appends a capability: its ID, the link, and the `len` bytes of `body` that follow them. Returns its offset or
 * -ENOSPC. Before the vCPUs run. */
__attribute__((warn_unused_result)) int pci_function_add_capability(struct pci_function *function, uint8_t id,
								    const void *body, unsigned int len);

/* Lets the guest change the bits `mask` of the dword at `reg`. Before the vCPUs run. */
void pci_function_allow_write(struct pci_function *function, unsigned int reg, uint32_t mask);

/* The guest's write of the bits `enabled` (whole bytes) of the dword at `reg`. Root's lock held. */
void pci_function_write(struct pci_function *function, unsigned int reg, uint32_t value, uint32_t enabled);

#endif
