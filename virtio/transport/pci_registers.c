#include "virtio/transport/pci_internal.h"

/* Copies what differs in naturally aligned units of up to 8 bytes, so that no field of a virtio configuration is ever
 * seen half changed. The configuration's size need not be a multiple of anything. */
static void show_bytes(uint8_t *page, unsigned int offset, const uint8_t *bytes, unsigned int len)
{
	unsigned int at = 0;

	for (; at + 8 <= len; at += 8) {
		uint64_t value = register_page_get64(bytes, at);

		if (register_page_get64(page, offset + at) != value)
			register_page_set64(page, offset + at, value);
	}
	for (; at + 4 <= len; at += 4)
		register_page_set32(page, offset + at, register_page_get32(bytes, at));
	for (; at + 2 <= len; at += 2)
		register_page_set16(page, offset + at, register_page_get16(bytes, at));
	for (; at < len; at++)
		register_page_set8(page, offset + at, bytes[at]);
}

static void raise_generation(struct virtio_pci *pci)
{
	uint8_t generation = register_page_get8(pci->page, VIRTIO_PCI_COMMON_CFGGENERATION);

	register_page_set8(pci->page, VIRTIO_PCI_COMMON_CFGGENERATION, generation + 1);
}

void virtio_pci_show_config(struct virtio_pci *pci, bool changed)
{
	pthread_mutex_lock(&pci->page_lock);
	if (changed)
		raise_generation(pci);
	show_bytes(pci->page, DEVICE_CONFIG_OFFSET, pci->device->config, pci->device->config_size);
	if (changed)
		raise_generation(pci);
	pthread_mutex_unlock(&pci->page_lock);
}

static void device_config_write(struct virtio_pci *pci, unsigned int offset, unsigned int size, uint64_t value)
{
	struct virtio_device *device = pci->device;

	if (!device->ops->config_write)
		return;
	device->ops->config_write(device, offset, size, value);
	virtio_pci_show_config(pci, false);
}

void virtio_pci_register_write(struct virtio_pci *pci, uint64_t offset, unsigned int size, uint64_t value)
{
	if (range_contains(COMMON_OFFSET, COMMON_BYTES, offset, size))
		virtio_pci_common_write(pci, (unsigned int)(offset - COMMON_OFFSET), size, value);
	else if (range_contains(DEVICE_CONFIG_OFFSET, pci->device->config_size, offset, size))
		device_config_write(pci, (unsigned int)(offset - DEVICE_CONFIG_OFFSET), size, value);
	else if (offset >= MSIX_TABLE_OFFSET)
		msix_table_write(&pci->msix, offset - MSIX_TABLE_OFFSET, size, value);
}

static uint64_t register_read(void *owner, uint64_t offset, unsigned int size)
{
	const struct virtio_pci *pci = owner;

	return register_page_load(pci->page, offset, size);
}

static void register_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	virtio_pci_register_write(owner, offset, size, value);
}

const struct bus_ops virtio_pci_register_ops = { .read = register_read, .write = register_write };
