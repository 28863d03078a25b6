/* PCI as the loader needs it: functions by way of ECAM, and their BARs and capabilities.
 * PCI Local Bus 3.0, 6; PCI Express Base 5.0, 7.2.2. */
#ifndef FIRMWARE_LOADER_PCI_H
#define FIRMWARE_LOADER_PCI_H

#include <stdbool.h>
#include <stdint.h>

/* Where functions are, and where BARs without an address may go. */
struct pci_host {
	uint32_t ecam;
	uint32_t nr_buses;
};

struct pci_function {
	uint32_t config; /* address of its configuration space */
	uint16_t vendor;
	uint16_t device;
};

/* The first function at `*at` or behind it, whose position is counted from 0; *at is set to the next position. False:
 * there are no more. */
__attribute__((warn_unused_result)) bool pci_next(const struct pci_host *host, uint32_t *at, struct pci_function *out);

/* The first capability `id` behind the one at `after` (0: the first of all); its offset, or 0. */
uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t after);

/* Lets the function answer and reach memory. */
void pci_enable(const struct pci_function *function);

/* Keeps it from memory again. */
void pci_disable(const struct pci_function *function);

/* Where memory BAR `bar` is: 0 if there is none, or it lies above 4 GiB. */
uint32_t pci_bar(const struct pci_function *function, unsigned int bar);

#endif
