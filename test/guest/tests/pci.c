/* The root bus by ECAM: enumeration, read-only bits, sizes and moves of BARs. */
#include "test/guest/pci.h"

#include "test/guest/port.h"
#include "test/guest/tests/tests.h"
#include "test/guest/virtio.h"

#define CONFIG_BYTES 4096
#define NR_FUNCTIONS 8
#define VIRTIO_VENDOR 0x1af4
#define FIRST_MODERN_DEVICE 0x1040
#define LAST_MODERN_DEVICE 0x107f
#define WINDOW_BASE 0xc0000000
#define WINDOW_END 0xe0000000
#define FREE_IN_WINDOW 0xd8000000

static bool is_absent(uint64_t config)
{
	for (unsigned int offset = 0; offset < CONFIG_BYTES; offset += 8) {
		if (mmio_read64(config + offset) != UINT64_MAX)
			return false;
	}
	return true;
}

static void bus_has_a_host_bridge(const char *command_line)
{
	uint64_t bridge = pci_config(0);

	(void)command_line;
	expect(mmio_read16(bridge + PCI_VENDOR) != 0xffff);
	expect_equal(mmio_read32(bridge + 0x08) >> 16, 0x0600);
}

static void absent_functions_read_ones(const char *command_line)
{
	unsigned int nr_absent = 0;

	(void)command_line;
	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++) {
		for (unsigned int function = 0; function < NR_FUNCTIONS; function++) {
			uint64_t config = pci_config(slot) + function * CONFIG_BYTES;

			if (function == 0 && mmio_read32(config) != UINT32_MAX)
				continue;
			expect(is_absent(config));
			mmio_write32(config + PCI_BAR0, 0x12345678); /* to nobody */
			expect_equal(mmio_read32(config + PCI_BAR0), UINT32_MAX);
			nr_absent++;
		}
	}
	expect(nr_absent >= PCI_NR_SLOTS * (NR_FUNCTIONS - 1));
}

/* Calls `check` for each virtio function; how many there are. */
static unsigned int for_each_virtio(void (*check)(uint64_t config))
{
	unsigned int nr = 0;

	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++) {
		uint64_t config = pci_config(slot);

		if (mmio_read16(config + PCI_VENDOR) != VIRTIO_VENDOR)
			continue;
		expect(mmio_read16(config + PCI_DEVICE) >= FIRST_MODERN_DEVICE);
		expect(mmio_read16(config + PCI_DEVICE) <= LAST_MODERN_DEVICE);
		check(config);
		nr++;
	}
	return nr;
}

static void check_read_only(uint64_t config)
{
	uint32_t ids = mmio_read32(config), class = mmio_read32(config + 8);
	uint8_t pointer = mmio_read8(config + PCI_CAPABILITIES);

	mmio_write32(config, 0);
	mmio_write32(config + 8, 0);
	mmio_write8(config + PCI_CAPABILITIES, 0);
	mmio_write8(config + PCI_HEADER_TYPE, 0xff);
	expect_equal(mmio_read32(config), ids);
	expect_equal(mmio_read32(config + 8), class);
	expect_equal(mmio_read8(config + PCI_CAPABILITIES), pointer);
	expect_equal(mmio_read8(config + PCI_HEADER_TYPE), 0);
	expect_equal(mmio_read8(config + 0x3d), 0); /* no interrupt pin: MSI-X only */
}

static void identity_is_read_only(const char *command_line)
{
	(void)command_line;
	expect(for_each_virtio(check_read_only) > 0);
}

static void check_bars(uint64_t config)
{
	for (unsigned int bar = 0; bar < PCI_NR_BARS; bar++) {
		uint64_t address = pci_bar_address(config, bar), size = pci_bar_size(config, bar);

		expect_equal(pci_bar_address(config, bar), address); /* sizing leaves it where it was */
		if (size == 0)
			continue;
		expect((size & (size - 1)) == 0 && size >= CONFIG_BYTES);
		expect_equal(address & (size - 1), 0);
		expect(address >= WINDOW_BASE && address + size <= WINDOW_END);
	}
	expect(pci_bar_size(config, 0) != 0);
}

static void bars_are_in_the_window(const char *command_line)
{
	(void)command_line;
	expect(for_each_virtio(check_bars) > 0);
}

static void check_capabilities(uint64_t config)
{
	uint8_t msix = pci_capability(config, PCI_CAPABILITY_MSIX, 0), cap = 0;
	uint32_t seen = 0;

	expect(msix != 0);
	while ((cap = pci_capability(config, PCI_CAPABILITY_VENDOR, cap)) != 0) {
		unsigned int bar = mmio_read8(config + cap + 4u);

		seen |= UINT32_C(1) << mmio_read8(config + cap + 3u);
		if (mmio_read8(config + cap + 3u) <= 4) /* common, notify, ISR, device: in a BAR */
			expect(mmio_read32(config + cap + 8u) + mmio_read32(config + cap + 12u) <=
			       pci_bar_size(config, bar));
	}
	expect((seen & 0x0e) == 0x0e);
}

static void capabilities_are_whole(const char *command_line)
{
	(void)command_line;
	expect(for_each_virtio(check_capabilities) > 0);
}

static uint8_t status_at(uint64_t common)
{
	return mmio_read8(common + VIRTIO_STATUS);
}

/* The common configuration follows BAR 0 to its new place and back, and leaves nothing behind. */
static void bar_moves(const char *command_line)
{
	uint64_t config = pci_find(VIRTIO_VENDOR, FIRST_MODERN_DEVICE + VIRTIO_ID_RNG, 0);
	struct virtio_device dev;
	uint64_t old, offset;

	(void)command_line;
	if (config == 0 || !virtio_open(&dev, VIRTIO_ID_RNG, 0)) {
		expect(!"a virtio-rng");
		return;
	}
	old = pci_bar_address(config, 0);
	offset = dev.common - old;
	virtio_set_status(&dev, VIRTIO_STATUS_ACKNOWLEDGE);
	mmio_write32(config + PCI_BAR0, FREE_IN_WINDOW);
	expect_equal(pci_bar_address(config, 0), FREE_IN_WINDOW);
	expect_equal(status_at(FREE_IN_WINDOW + offset), VIRTIO_STATUS_ACKNOWLEDGE);
	expect_equal(status_at(old + offset), 0xff);
	mmio_write8(FREE_IN_WINDOW + offset + VIRTIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	mmio_write32(config + PCI_BAR0, (uint32_t)old);
	expect_equal(status_at(old + offset), VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	expect_equal(status_at(FREE_IN_WINDOW + offset), 0xff);
	virtio_reset(&dev);
}

static void decoding_can_be_turned_off(const char *command_line)
{
	struct virtio_device dev;

	(void)command_line;
	if (!virtio_open(&dev, VIRTIO_ID_RNG, 0)) {
		expect(!"a virtio-rng");
		return;
	}
	mmio_write16(dev.config + PCI_COMMAND, 0);
	expect_equal(status_at(dev.common), 0xff);
	mmio_write16(dev.config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	expect_equal(status_at(dev.common), 0);
}

const struct test tests_pci[] = {
	{ "bus_has_a_host_bridge", bus_has_a_host_bridge },
	{ "absent_functions_read_ones", absent_functions_read_ones },
	{ "identity_is_read_only", identity_is_read_only },
	{ "bars_are_in_the_window", bars_are_in_the_window },
	{ "capabilities_are_whole", capabilities_are_whole },
	{ "bar_moves", bar_moves },
	{ "decoding_can_be_turned_off", decoding_can_be_turned_off },
	TEST_END,
};
