#include "devices/pci_bars.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "devices/register_page.h"
#include "vmm/base/checked.h"
#include "vmm/base/log.h"

int pci_bars_assign(struct pci_window *window, struct pci_function *function)
{
	uint64_t end = window->base + window->used_bytes;
	gpa_t addresses[PCI_NR_BARS] = { 0 };

	for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
		uint64_t size_bytes = function->bars[i].range.size_bytes;

		if (size_bytes == 0)
			continue;
		if (!checked_align_up(end, size_bytes, &addresses[i]) ||
		    !range_contains(window->base, window->size_bytes, addresses[i], size_bytes))
			return -ENOSPC;
		end = addresses[i] + size_bytes;
	}
	window->used_bytes = end - window->base;
	for (unsigned int i = 0; i < PCI_NR_BARS; i++)
		if (addresses[i] != 0)
			register_page_set32(function->config, PCI_BASE_ADDRESS_0 + 4 * i, (uint32_t)addresses[i]);
	return 0;
}

/* Where the header says that the BAR answers; 0: nowhere. Outside the window a BAR could cover RAM or an interrupt
 * controller, and an address of ones is a guest that asks for the size. */
static gpa_t wanted_address(const struct pci_window *window, const struct pci_function *function, unsigned int i)
{
	const struct pci_bar *bar = &function->bars[i];
	gpa_t address;

	if (bar->range.size_bytes == 0 || !(register_page_get16(function->config, PCI_COMMAND) & PCI_COMMAND_MEMORY))
		return 0;
	address =
		register_page_get32(function->config, PCI_BASE_ADDRESS_0 + 4 * i) & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
	return range_contains(window->base, window->size_bytes, address, bar->range.size_bytes) ? address : 0;
}

static void take_slot_away(struct kvm *kvm, int slot)
{
	int rc = kvm_memslot_move(kvm, slot, 0, NULL, 0, KVM_SLOT_READ_ONLY);

	/* KVM refuses to delete only what is not there. */
	if (rc < 0)
		log_error("cannot take memslot %d away: %s", slot, strerror(-rc));
}

/* The slot's number stays the BAR's, so that a guest that moves it for ever does not use them up. */
static int place_slot(struct kvm *kvm, struct pci_bar *bar, gpa_t address)
{
	uint64_t size_bytes = bar->range.size_bytes;
	int rc;

	if (bar->memslot_plus_one != 0)
		return kvm_memslot_move(kvm, bar->memslot_plus_one - 1, address, bar->host, size_bytes,
					KVM_SLOT_READ_ONLY);
	rc = kvm_memslot_add(kvm, address, bar->host, size_bytes, KVM_SLOT_READ_ONLY);
	if (rc < 0)
		return rc;
	bar->memslot_plus_one = rc + 1;
	return 0;
}

static void unmap(const struct pci_window *window, struct pci_function *function, unsigned int i)
{
	struct pci_bar *bar = &function->bars[i];

	if (bar->moved)
		bar->moved(function, i, 0);
	if (bar->host)
		take_slot_away(window->kvm, bar->memslot_plus_one - 1);
	bus_remove(window->bus, BUS_MMIO, &bar->range);
	bar->address = 0;
}

static void map(const struct pci_window *window, struct pci_function *function, unsigned int i, gpa_t address)
{
	struct pci_bar *bar = &function->bars[i];
	int rc;

	bar->range.base = address;
	rc = bus_add(window->bus, BUS_MMIO, &bar->range);
	if (rc < 0)
		goto refused;
	if (bar->host) {
		rc = place_slot(window->kvm, bar, address);
		if (rc < 0)
			goto remove_range;
	}
	bar->address = address;
	if (bar->moved)
		bar->moved(function, i, address);
	return;

remove_range:
	bus_remove(window->bus, BUS_MMIO, &bar->range);
refused:
	log_guest("%s: the guest's address 0x%" PRIx64 " for BAR %u is refused: %s", function->name, address, i,
		  strerror(-rc));
}

void pci_bars_settle(const struct pci_window *window, struct pci_function *const *functions, unsigned int nr)
{
	for (unsigned int slot = 0; slot < nr; slot++)
		for (unsigned int i = 0; functions[slot] && i < PCI_NR_BARS; i++) {
			gpa_t address = functions[slot]->bars[i].address;

			if (address != 0 && address != wanted_address(window, functions[slot], i))
				unmap(window, functions[slot], i);
		}
	for (unsigned int slot = 0; slot < nr; slot++)
		for (unsigned int i = 0; functions[slot] && i < PCI_NR_BARS; i++) {
			gpa_t wanted = wanted_address(window, functions[slot], i);

			if (wanted != 0 && functions[slot]->bars[i].address == 0)
				map(window, functions[slot], i, wanted);
		}
}

void pci_bars_unmap(const struct pci_window *window, struct pci_function *function)
{
	for (unsigned int i = 0; i < PCI_NR_BARS; i++)
		if (function->bars[i].address != 0)
			unmap(window, function, i);
}
