#include "devices/pci_function.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "devices/register_page.h"

#define FIRST_CAPABILITY 0x40

/* The VMM plays the firmware, and leaves the registers as a driver wants them, because each write that the driver then
 * spares is an exit less: INTx off, since there is none, and a latency timer that Linux takes for configured. Decoding
 * stays off: Linux sizes the BARs of such a function without turning it off and on. */
#define INITIAL_COMMAND PCI_COMMAND_INTX_DISABLE
#define INITIAL_LATENCY_TIMER 64

#define WRITABLE_COMMAND (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)
#define WRITABLE_CACHE_LINE_AND_LATENCY 0xffff
#define WRITABLE_INTERRUPT_LINE 0xff

void pci_function_init(struct pci_function *function, const struct pci_identity *identity)
{
	uint8_t *config = function->config;

	memset(config, 0, REGISTER_PAGE_BYTES);
	memset(function->write_mask, 0, sizeof(function->write_mask));
	function->last_capability = 0;
	function->next_free = FIRST_CAPABILITY;

	register_page_set16(config, PCI_VENDOR_ID, identity->vendor);
	register_page_set16(config, PCI_DEVICE_ID, identity->device);
	register_page_set16(config, PCI_COMMAND, INITIAL_COMMAND);
	register_page_set32(config, PCI_CLASS_REVISION, identity->class_code << 8 | identity->revision);
	register_page_set8(config, PCI_LATENCY_TIMER, INITIAL_LATENCY_TIMER);
	register_page_set16(config, PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor);
	register_page_set16(config, PCI_SUBSYSTEM_ID, identity->subsystem);

	pci_function_allow_write(function, PCI_COMMAND, WRITABLE_COMMAND);
	pci_function_allow_write(function, PCI_CACHE_LINE_SIZE, WRITABLE_CACHE_LINE_AND_LATENCY);
	pci_function_allow_write(function, PCI_INTERRUPT_LINE, WRITABLE_INTERRUPT_LINE);
	for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
		uint64_t size_bytes = function->bars[i].range.size_bytes;

		/* The address bits below the size are not there: writing ones and reading back tells the size
		 * (PCI 3.0, 6.2.5.1). */
		if (size_bytes != 0)
			pci_function_allow_write(function, PCI_BASE_ADDRESS_0 + 4 * i, (uint32_t) ~(size_bytes - 1));
	}
}

int pci_function_add_capability(struct pci_function *function, uint8_t id, const void *body, unsigned int len)
{
	unsigned int at = function->next_free;
	unsigned int total = (2 + len + 3) & ~3u;

	if (len > PCI_HEADER_BYTES || at + total > PCI_HEADER_BYTES)
		return -ENOSPC;
	function->config[at + PCI_CAP_LIST_ID] = id;
	function->config[at + PCI_CAP_LIST_NEXT] = 0;
	memcpy(function->config + at + 2, body, len);
	if (function->last_capability != 0)
		register_page_set8(function->config, function->last_capability + PCI_CAP_LIST_NEXT, (uint8_t)at);
	else
		register_page_set8(function->config, PCI_CAPABILITY_LIST, (uint8_t)at);
	register_page_set16(function->config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	function->last_capability = at;
	function->next_free = at + total;
	return (int)at;
}

void pci_function_allow_write(struct pci_function *function, unsigned int reg, uint32_t mask)
{
	function->write_mask[reg / 4] |= mask;
}

void pci_function_write(struct pci_function *function, unsigned int reg, uint32_t value, uint32_t enabled)
{
	uint32_t mask, old;

	if (reg >= PCI_HEADER_BYTES)
		return;
	mask = function->write_mask[reg / 4] & enabled;
	old = register_page_get32(function->config, reg);
	register_page_set32(function->config, reg, (old & ~mask) | (value & mask));
}
