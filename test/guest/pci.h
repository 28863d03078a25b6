/* PCI configuration space by ECAM, as the MCFG table tells. */
#ifndef TEST_GUEST_PCI_H
#define TEST_GUEST_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_VENDOR 0x00
#define PCI_DEVICE 0x02
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x10
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0 0x10
#define PCI_BAR_IO 0x1
#define PCI_BAR_64 0x4
#define PCI_CAPABILITIES 0x34
#define PCI_CAPABILITY_VENDOR 0x09
#define PCI_CAPABILITY_MSIX 0x11

#define PCI_NR_SLOTS 32
#define PCI_NR_BARS 6

/* The base of bus 0's ECAM window; panics if there is neither an MCFG nor QEMU's microvm. */
uint64_t pci_ecam(void);
/* The configuration space of function 0 of `slot` on bus 0. */
uint64_t pci_config(unsigned int slot);
/* The n-th (from 0) function on bus 0 with these IDs: its configuration space, or 0. */
uint64_t pci_find(uint16_t vendor, uint16_t device, unsigned int n);
/* The offset of the next capability of type `id` after `from` (0: the first), or 0. */
uint8_t pci_capability(uint64_t config, uint8_t id, uint8_t from);
/* Where memory BAR `bar` is, 0 if nowhere; and how large it is. */
uint64_t pci_bar_address(uint64_t config, unsigned int bar);
uint64_t pci_bar_size(uint64_t config, unsigned int bar);
/* Gives memory BARs on bus 0 that are nowhere an address: what firmware does, on machines whose firmware does not. */
void pci_place_bars(void);

#endif
