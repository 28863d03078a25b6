#include "test/guest/virtio.h"

#include "test/guest/cpu.h"
#include "test/guest/pages.h"
#include "test/guest/pci.h"
#include "test/guest/port.h"
#include "test/guest/power.h"

#define VIRTIO_VENDOR 0x1af4
#define RESET_TIMEOUT_CYCLES (UINT64_C(20) << 30) /* some seconds */
#define VIRTIO_MODERN_ID 0x1040

/* struct virtio_pci_cap (4.1.4) */
#define CAP_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_NOTIFY_MULTIPLIER 16
enum {
	CAP_COMMON = 1,
	CAP_NOTIFY = 2,
	CAP_ISR = 3,
	CAP_DEVICE = 4,
};

/* PCI 3.0, 6.8.2 */
#define MSIX_CONTROL 2
#define MSIX_CONTROL_ENABLE 0x8000
#define MSIX_CONTROL_SIZE 0x07ff
#define MSIX_TABLE 4
#define MSIX_ENTRY_BYTES 16
#define MSI_ADDRESS 0xfee00000

static uint64_t structure_address(uint64_t config, uint8_t cap)
{
	unsigned int bar = mmio_read8(config + cap + CAP_BAR);
	uint64_t base = bar < PCI_NR_BARS ? pci_bar_address(config, bar) : 0;
	uint32_t offset = mmio_read32(config + cap + CAP_OFFSET);

	if (base == 0)
		return 0;
	pages_map(base + offset, mmio_read32(config + cap + CAP_LENGTH));
	return base + offset;
}

static void find_structures(struct virtio_device *dev)
{
	uint8_t cap = 0;

	while ((cap = pci_capability(dev->config, PCI_CAPABILITY_VENDOR, cap)) != 0) {
		uint64_t address = structure_address(dev->config, cap);

		switch (mmio_read8(dev->config + cap + CAP_TYPE)) {
		case CAP_COMMON:
			dev->common = address;
			break;
		case CAP_NOTIFY:
			dev->notify = address;
			dev->notify_multiplier = mmio_read32(dev->config + cap + CAP_NOTIFY_MULTIPLIER);
			break;
		case CAP_ISR:
			dev->isr = address;
			break;
		case CAP_DEVICE:
			dev->device = address;
			break;
		}
	}
}

static void find_msix(struct virtio_device *dev)
{
	uint8_t cap = pci_capability(dev->config, PCI_CAPABILITY_MSIX, 0);
	uint32_t table;
	uint64_t base;

	if (cap == 0)
		return;
	table = mmio_read32(dev->config + cap + MSIX_TABLE);
	base = pci_bar_address(dev->config, table & 7);
	if (base == 0)
		return;
	dev->msix_capability = cap;
	dev->nr_vectors = (uint16_t)((mmio_read16(dev->config + cap + MSIX_CONTROL) & MSIX_CONTROL_SIZE) + 1);
	dev->msix_table = base + (table & ~UINT32_C(7));
	pages_map(dev->msix_table, (uint64_t)dev->nr_vectors * MSIX_ENTRY_BYTES);
}

bool virtio_open(struct virtio_device *dev, uint16_t id, unsigned int n)
{
	*dev = (struct virtio_device){ .config = pci_find(VIRTIO_VENDOR, (uint16_t)(VIRTIO_MODERN_ID + id), n) };
	if (dev->config == 0)
		return false;
	mmio_write16(dev->config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	find_structures(dev);
	if (dev->common == 0 || dev->notify == 0 || dev->isr == 0)
		return false;
	find_msix(dev);
	virtio_reset(dev);
	return true;
}

void virtio_reset(struct virtio_device *dev)
{
	uint64_t start = tsc_read();

	virtio_set_status(dev, 0);
	while (virtio_status(dev) != 0) {
		if (tsc_read() - start > RESET_TIMEOUT_CYCLES)
			power_panic("a virtio device does not reset");
		cpu_pause();
	}
	dev->features = 0;
}

uint8_t virtio_status(const struct virtio_device *dev)
{
	return mmio_read8(dev->common + VIRTIO_STATUS);
}

void virtio_set_status(const struct virtio_device *dev, uint8_t status)
{
	mmio_write8(dev->common + VIRTIO_STATUS, status);
}

uint64_t virtio_offered(const struct virtio_device *dev)
{
	uint64_t features;

	mmio_write32(dev->common + VIRTIO_DEVICE_FEATURE_SELECT, 1);
	features = (uint64_t)mmio_read32(dev->common + VIRTIO_DEVICE_FEATURE) << 32;
	mmio_write32(dev->common + VIRTIO_DEVICE_FEATURE_SELECT, 0);
	return features | mmio_read32(dev->common + VIRTIO_DEVICE_FEATURE);
}

bool virtio_negotiate(struct virtio_device *dev, uint64_t wanted)
{
	uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE;

	virtio_set_status(dev, status);
	status |= VIRTIO_STATUS_DRIVER;
	virtio_set_status(dev, status);
	dev->features = wanted & virtio_offered(dev);
	for (uint32_t half = 0; half < 2; half++) {
		mmio_write32(dev->common + VIRTIO_DRIVER_FEATURE_SELECT, half);
		mmio_write32(dev->common + VIRTIO_DRIVER_FEATURE, (uint32_t)(dev->features >> (32 * half)));
	}
	status |= VIRTIO_STATUS_FEATURES_OK;
	virtio_set_status(dev, status);
	return (virtio_status(dev) & VIRTIO_STATUS_FEATURES_OK) != 0;
}

static void write_address(const struct virtio_device *dev, enum virtio_common reg, volatile const void *ring)
{
	mmio_write32(dev->common + reg, (uint32_t)(uint64_t)ring);
	mmio_write32(dev->common + reg + 4, (uint32_t)((uint64_t)ring >> 32));
}

bool virtio_queue_enable(struct virtio_device *dev, uint16_t index, uint16_t max_size, struct virtqueue *vq)
{
	uint16_t size;

	mmio_write16(dev->common + VIRTIO_QUEUE_SELECT, index);
	size = mmio_read16(dev->common + VIRTIO_QUEUE_SIZE);
	if (size == 0)
		return false;
	if (size > max_size)
		size = max_size;
	virtqueue_init(vq, size, dev->features & VIRTIO_F_EVENT_IDX, dev->features & VIRTIO_F_INDIRECT_DESC);
	vq->index = index;
	vq->notify_address =
		dev->notify + (uint64_t)mmio_read16(dev->common + VIRTIO_QUEUE_NOTIFY_OFF) * dev->notify_multiplier;
	mmio_write16(dev->common + VIRTIO_QUEUE_SIZE, size);
	write_address(dev, VIRTIO_QUEUE_DESC, vq->desc);
	write_address(dev, VIRTIO_QUEUE_DRIVER, vq->avail);
	write_address(dev, VIRTIO_QUEUE_DEVICE, vq->used);
	mmio_write16(dev->common + VIRTIO_QUEUE_ENABLE, 1);
	return true;
}

/* Fills MSI-X entry `entry` and switches MSI-X on; false if there is none. */
static bool set_entry(const struct virtio_device *dev, uint16_t entry, uint8_t vector)
{
	uint64_t at = dev->msix_table + (uint64_t)entry * MSIX_ENTRY_BYTES;

	if (dev->msix_table == 0 || entry >= dev->nr_vectors)
		return false;
	mmio_write16(dev->config + dev->msix_capability + MSIX_CONTROL, MSIX_CONTROL_ENABLE);
	mmio_write32(at, MSI_ADDRESS);
	mmio_write32(at + 4, 0);
	mmio_write32(at + 8, vector);
	mmio_write32(at + 12, 0);
	return true;
}

bool virtio_queue_vector(struct virtio_device *dev, uint16_t index, uint16_t entry, uint8_t vector)
{
	if (!set_entry(dev, entry, vector))
		return false;
	mmio_write16(dev->common + VIRTIO_QUEUE_SELECT, index);
	mmio_write16(dev->common + VIRTIO_QUEUE_VECTOR, entry);
	return mmio_read16(dev->common + VIRTIO_QUEUE_VECTOR) == entry;
}

bool virtio_config_vector(struct virtio_device *dev, uint16_t entry, uint8_t vector)
{
	if (!set_entry(dev, entry, vector))
		return false;
	mmio_write16(dev->common + VIRTIO_CONFIG_VECTOR, entry);
	return mmio_read16(dev->common + VIRTIO_CONFIG_VECTOR) == entry;
}

void virtio_msix_mask(const struct virtio_device *dev, uint16_t entry, bool masked)
{
	mmio_write32(dev->msix_table + (uint64_t)entry * MSIX_ENTRY_BYTES + 12, masked);
}

void virtio_ready(struct virtio_device *dev)
{
	virtio_set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
				       VIRTIO_STATUS_DRIVER_OK);
}
