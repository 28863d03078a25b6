/* The common configuration registers (virtio 1.2, 4.1.4.3). */
#include <stdatomic.h>

#include "virtio/transport/pci_internal.h"
#include "vmm/base/checked.h"
#include "vmm/base/log.h"

/* What a queue that does not exist shows: size 0, no vector, nothing else. */
static const struct virtio_pci_queue no_queue = { .vector = VIRTIO_MSI_NO_VECTOR };

static unsigned int selected_index(const struct virtio_pci *pci)
{
	return register_page_get16(pci->page, VIRTIO_PCI_COMMON_Q_SELECT);
}

/* The queue that the driver has selected, or NULL if there is none of that number. */
static struct virtio_pci_queue *selected_queue(struct virtio_pci *pci)
{
	unsigned int index = selected_index(pci);

	return index < pci->device->nr_queues ? &pci->queues[index] : NULL;
}

static void show_queue(struct virtio_pci *pci)
{
	const struct virtio_pci_queue *queue = selected_queue(pci);
	uint16_t notify_offset = queue ? (uint16_t)selected_index(pci) : 0;

	if (!queue)
		queue = &no_queue;
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_Q_SIZE, queue->size);
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_Q_MSIX, atomic_load(&queue->vector));
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_Q_ENABLE, queue->enabled);
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_Q_NOFF, notify_offset);
	for (unsigned int i = 0; i < QUEUE_NR_HALVES; i++)
		register_page_set32(pci->page, VIRTIO_PCI_COMMON_Q_DESCLO + 4 * i, queue->halves[i]);
}

static void write_device_feature_select(struct virtio_pci *pci, uint32_t value)
{
	uint32_t features = value < 2 ? (uint32_t)(pci->device->features >> (32 * value)) : 0;

	register_page_set32(pci->page, VIRTIO_PCI_COMMON_DFSELECT, value);
	register_page_set32(pci->page, VIRTIO_PCI_COMMON_DF, features);
}

static void show_driver_features(struct virtio_pci *pci)
{
	uint32_t select = register_page_get32(pci->page, VIRTIO_PCI_COMMON_GFSELECT);
	uint32_t features = select < 2 ? (uint32_t)(pci->driver_features >> (32 * select)) : 0;

	register_page_set32(pci->page, VIRTIO_PCI_COMMON_GF, features);
}

static void write_driver_feature_select(struct virtio_pci *pci, uint32_t value)
{
	register_page_set32(pci->page, VIRTIO_PCI_COMMON_GFSELECT, value);
	show_driver_features(pci);
}

static void write_driver_feature(struct virtio_pci *pci, uint32_t value)
{
	uint32_t select = register_page_get32(pci->page, VIRTIO_PCI_COMMON_GFSELECT);

	/* Negotiated is negotiated. */
	if (virtio_pci_status(pci) & VIRTIO_STATUS_FEATURES_OK)
		return;
	if (select == 0)
		pci->driver_features = (pci->driver_features & ~(uint64_t)UINT32_MAX) | value;
	else if (select == 1)
		pci->driver_features = (pci->driver_features & UINT32_MAX) | (uint64_t)value << 32;
	else if (value != 0)
		pci->foreign_features = true;
	show_driver_features(pci);
}

/* A vector that can't be had reads back as none, which is how the driver learns (virtio 1.2, 4.1.5.1.2.1). */
static uint16_t granted_vector(const struct virtio_pci *pci, uint32_t value)
{
	return value < pci->msix.nr_vectors ? (uint16_t)value : VIRTIO_MSI_NO_VECTOR;
}

static void write_config_vector(struct virtio_pci *pci, uint32_t value)
{
	uint16_t vector = granted_vector(pci, value);

	atomic_store(&pci->config_vector, vector);
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_MSIX, vector);
}

static void write_status(struct virtio_pci *pci, uint32_t value)
{
	virtio_pci_status_write(pci, (uint8_t)value);
}

static void write_queue_select(struct virtio_pci *pci, uint32_t value)
{
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_Q_SELECT, (uint16_t)value);
	show_queue(pci);
}

static void write_queue_size(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_pci_queue *queue = selected_queue(pci);

	if (!queue || queue->enabled)
		return;
	if (!is_power_of_two(value) || value > pci->device->queue_max_size) {
		log_guest("virtio-%s: the driver wants queue %u to have %u entries; it keeps %u", pci->device->name,
			  selected_index(pci), value, queue->size);
		return;
	}
	queue->size = (uint16_t)value;
	show_queue(pci);
}

static void write_queue_vector(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_pci_queue *queue = selected_queue(pci);
	struct virtio_device *device = pci->device;

	if (!queue)
		return;
	atomic_store(&queue->vector, granted_vector(pci, value));
	show_queue(pci);
	if (device->ops->interrupt_moved && (virtio_pci_status(pci) & VIRTIO_STATUS_DRIVER_OK))
		device->ops->interrupt_moved(device, selected_index(pci));
}

/* Only a reset disables a queue (virtio 1.2, 4.1.4.3.2), and a queue that is enabled after DRIVER_OK would have missed
 * the activation. */
static void write_queue_enable(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_pci_queue *queue = selected_queue(pci);
	int rc;

	if (!queue || queue->enabled || value != 1)
		return;
	if (virtio_pci_status(pci) & VIRTIO_STATUS_DRIVER_OK) {
		log_guest("virtio-%s: the driver enables queue %u too late", pci->device->name, selected_index(pci));
		return;
	}
	rc = virtio_pci_kick_enable(pci, selected_index(pci));
	if (rc < 0) {
		log_guest("virtio-%s: cannot enable queue %u: %s", pci->device->name, selected_index(pci),
			  strerror(-rc));
		return;
	}
	queue->enabled = true;
	show_queue(pci);
}

static void write_queue_half(struct virtio_pci *pci, enum queue_half half, uint32_t value)
{
	struct virtio_pci_queue *queue = selected_queue(pci);

	if (!queue || queue->enabled)
		return;
	queue->halves[half] = value;
	show_queue(pci);
}

/* The writable registers but the queue's addresses. Each is accessed in its own width (virtio 1.2, 4.1.3.1). */
static const struct common_register {
	uint8_t offset;
	uint8_t size;
	void (*write)(struct virtio_pci *pci, uint32_t value);
} common_registers[] = {
	{ VIRTIO_PCI_COMMON_DFSELECT, 4, write_device_feature_select },
	{ VIRTIO_PCI_COMMON_GFSELECT, 4, write_driver_feature_select },
	{ VIRTIO_PCI_COMMON_GF, 4, write_driver_feature },
	{ VIRTIO_PCI_COMMON_MSIX, 2, write_config_vector },
	{ VIRTIO_PCI_COMMON_STATUS, 1, write_status },
	{ VIRTIO_PCI_COMMON_Q_SELECT, 2, write_queue_select },
	{ VIRTIO_PCI_COMMON_Q_SIZE, 2, write_queue_size },
	{ VIRTIO_PCI_COMMON_Q_MSIX, 2, write_queue_vector },
	{ VIRTIO_PCI_COMMON_Q_ENABLE, 2, write_queue_enable },
};

/* The addresses are 64 bits wide, but drivers must write them as two halves; whole ones are taken as well. */
static void write_queue_address(struct virtio_pci *pci, unsigned int offset, unsigned int size, uint64_t value)
{
	unsigned int half = (offset - VIRTIO_PCI_COMMON_Q_DESCLO) / 4;

	if ((size != 4 && size != 8) || offset % size != 0)
		return;
	write_queue_half(pci, half, (uint32_t)value);
	if (size == 8)
		write_queue_half(pci, half + 1, (uint32_t)(value >> 32));
}

void virtio_pci_common_write(struct virtio_pci *pci, unsigned int offset, unsigned int size, uint64_t value)
{
	if (offset >= VIRTIO_PCI_COMMON_Q_DESCLO) {
		write_queue_address(pci, offset, size, value);
		return;
	}
	for (unsigned int i = 0; i < sizeof(common_registers) / sizeof(common_registers[0]); i++) {
		const struct common_register *reg = &common_registers[i];

		if (reg->offset == offset && reg->size == size) {
			reg->write(pci, (uint32_t)value);
			return;
		}
	}
}

void virtio_pci_common_reset(struct virtio_pci *pci)
{
	pci->driver_features = 0;
	pci->foreign_features = false;
	for (unsigned int i = 0; i < pci->device->nr_queues; i++) {
		struct virtio_pci_queue *queue = &pci->queues[i];

		queue->enabled = false;
		queue->size = pci->device->queue_max_size;
		memset(queue->halves, 0, sizeof(queue->halves));
		atomic_store(&queue->vector, VIRTIO_MSI_NO_VECTOR);
	}
	write_config_vector(pci, VIRTIO_MSI_NO_VECTOR);
	write_device_feature_select(pci, 0);
	write_driver_feature_select(pci, 0);
	write_queue_select(pci, 0);
}

void virtio_pci_common_init(struct virtio_pci *pci)
{
	register_page_set16(pci->page, VIRTIO_PCI_COMMON_NUMQ, (uint16_t)pci->device->nr_queues);
	virtio_pci_common_reset(pci);
}
