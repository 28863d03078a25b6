#include "test/guest/pci.h"

#include <stddef.h>

#include "test/guest/acpi.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"
#include "test/guest/power.h"

#define BYTES_PER_SLOT 0x8000
/* QEMU's microvm has no MCFG (its DSDT alone tells where ECAM is), and leaves the BARs in this window to its guest. */
#define MICROVM_ECAM 0xe0000000
#define MICROVM_BAR_WINDOW 0xc0000000

uint64_t pci_ecam(void)
{
	static uint64_t base;
	const struct acpi_mcfg *mcfg;

	if (base != 0)
		return base;
	mcfg = acpi_find("MCFG");
	base = mcfg != NULL ? mcfg->base : MICROVM_ECAM;
	pages_map(base, 1 << 20);
	if (mcfg == NULL && mmio_read16(base + PCI_VENDOR) == 0xffff)
		power_panic("no MCFG");
	return base;
}

uint64_t pci_config(unsigned int slot)
{
	return pci_ecam() + (uint64_t)slot * BYTES_PER_SLOT;
}

uint64_t pci_find(uint16_t vendor, uint16_t device, unsigned int n)
{
	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++) {
		uint64_t config = pci_config(slot);

		if (mmio_read16(config + PCI_VENDOR) == vendor && mmio_read16(config + PCI_DEVICE) == device &&
		    n-- == 0)
			return config;
	}
	return 0;
}

uint8_t pci_capability(uint64_t config, uint8_t id, uint8_t from)
{
	uint8_t at;

	if ((mmio_read16(config + PCI_STATUS) & PCI_STATUS_CAPABILITIES) == 0)
		return 0;
	at = mmio_read8(config + (from == 0 ? PCI_CAPABILITIES : from + 1u));
	for (unsigned int hops = 0; at != 0 && hops < 64; hops++) {
		if (mmio_read8(config + at) == id)
			return at;
		at = mmio_read8(config + at + 1);
	}
	return 0;
}

uint64_t pci_bar_address(uint64_t config, unsigned int bar)
{
	uint64_t reg = config + PCI_BAR0 + 4 * bar;
	uint32_t low = mmio_read32(reg);

	if (low & PCI_BAR_IO)
		return 0;
	return (low & ~UINT32_C(0xf)) | ((low & PCI_BAR_64) ? (uint64_t)mmio_read32(reg + 4) << 32 : 0);
}

uint64_t pci_bar_size(uint64_t config, unsigned int bar)
{
	uint64_t reg = config + PCI_BAR0 + 4 * bar;
	uint32_t low = mmio_read32(reg), high = 0;
	bool is_64 = !(low & PCI_BAR_IO) && (low & PCI_BAR_64);
	uint64_t mask;

	if (is_64)
		high = mmio_read32(reg + 4);
	mmio_write32(reg, UINT32_MAX);
	mask = mmio_read32(reg) & ~UINT32_C(0xf);
	mmio_write32(reg, low);
	if (is_64) {
		mmio_write32(reg + 4, UINT32_MAX);
		mask |= (uint64_t)mmio_read32(reg + 4) << 32;
		mmio_write32(reg + 4, high);
	} else if (mask != 0) {
		mask |= UINT64_C(0xffffffff) << 32;
	}
	return mask == 0 ? 0 : ~mask + 1;
}

static uint64_t place(uint64_t config, unsigned int bar, uint64_t next)
{
	uint64_t size = pci_bar_size(config, bar);

	if (size == 0 || pci_bar_address(config, bar) != 0)
		return next;
	next = (next + size - 1) & ~(size - 1);
	mmio_write32(config + PCI_BAR0 + 4 * bar, (uint32_t)next);
	return next + size;
}

void pci_place_bars(void)
{
	uint64_t next = MICROVM_BAR_WINDOW;

	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++) {
		uint64_t config = pci_config(slot);

		if (mmio_read16(config + PCI_VENDOR) == 0xffff || (mmio_read8(config + PCI_HEADER_TYPE) & 0x7f) != 0)
			continue;
		for (unsigned int bar = 0; bar < PCI_NR_BARS; bar++) {
			uint32_t low = mmio_read32(config + PCI_BAR0 + 4 * bar);

			if (low & PCI_BAR_IO)
				continue;
			next = place(config, bar, next);
			if (low & PCI_BAR_64)
				bar++;
		}
	}
}
