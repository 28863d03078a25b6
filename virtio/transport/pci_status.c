/* The device status register: what a driver may do next (virtio 1.2, 2.1 and 3.1). */
#include <stdatomic.h>

#include "virtio/transport/pci_internal.h"
#include "vmm/base/log.h"

/* The bits that a driver sets. It clears none of them but by a reset. */
#define DRIVER_BITS                                                                                                    \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FEATURES_OK |      \
	 VIRTIO_STATUS_FAILED)

uint8_t virtio_pci_status(struct virtio_pci *pci)
{
	uint8_t status;

	pthread_mutex_lock(&pci->page_lock);
	status = register_page_get8(pci->page, VIRTIO_PCI_COMMON_STATUS);
	pthread_mutex_unlock(&pci->page_lock);
	return status;
}

/* Sets bits beside those that the device's thread may be setting; returns what was there. */
static uint8_t add_bits(struct virtio_pci *pci, uint8_t bits)
{
	uint8_t status;

	pthread_mutex_lock(&pci->page_lock);
	status = register_page_get8(pci->page, VIRTIO_PCI_COMMON_STATUS);
	register_page_set8(pci->page, VIRTIO_PCI_COMMON_STATUS, status | bits);
	pthread_mutex_unlock(&pci->page_lock);
	return status;
}

void virtio_pci_status_needs_reset(struct virtio_pci *pci)
{
	if (add_bits(pci, VIRTIO_STATUS_NEEDS_RESET) & VIRTIO_STATUS_DRIVER_OK)
		virtio_pci_interrupt_config(pci);
}

/* The status is cleared last: a driver that sees zero, from whatever vCPU, sees the rest as it is after a reset. */
static void reset(struct virtio_pci *pci)
{
	pci->device->ops->reset(pci->device);
	virtio_pci_common_reset(pci);
	atomic_store(&pci->isr, 0);
	virtio_pci_show_config(pci, false);
	pthread_mutex_lock(&pci->page_lock);
	register_page_set8(pci->page, VIRTIO_PCI_COMMON_STATUS, 0);
	pthread_mutex_unlock(&pci->page_lock);
}

/* Whether the driver's choice of features is one that we support: a subset of what was offered, in a modern device. */
static bool features_acceptable(const struct virtio_pci *pci)
{
	uint64_t chosen = pci->driver_features;

	return !pci->foreign_features && (chosen & ~pci->device->features) == 0 &&
	       (chosen & VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT));
}

static uint64_t queue_address(const struct virtio_pci_queue *queue, enum queue_half lo)
{
	return queue->halves[lo] | (uint64_t)queue->halves[lo + 1] << 32;
}

static void activate(struct virtio_pci *pci)
{
	struct virtio_device *device = pci->device;
	int rc;

	for (unsigned int i = 0; i < device->nr_queues; i++) {
		const struct virtio_pci_queue *queue = &pci->queues[i];

		pci->setups[i] = (struct virtio_queue_setup){
			.enabled = queue->enabled,
			.config = {
				.size = queue->size,
				.desc = queue_address(queue, QUEUE_DESC_LO),
				.avail = queue_address(queue, QUEUE_DRIVER_LO),
				.used = queue_address(queue, QUEUE_DEVICE_LO),
			},
			.kick_fd = queue->kick_fd,
		};
	}
	rc = device->ops->activate(device, pci->driver_features, pci->setups);
	if (rc < 0) {
		log_guest("virtio-%s: cannot start: %s", device->name, strerror(-rc));
		virtio_pci_status_needs_reset(pci);
	}
}

void virtio_pci_status_write(struct virtio_pci *pci, uint8_t value)
{
	uint8_t status, added;

	if (value == 0) {
		reset(pci);
		return;
	}
	status = virtio_pci_status(pci);
	added = value & DRIVER_BITS & ~status;
	if ((added & VIRTIO_STATUS_FEATURES_OK) && !features_acceptable(pci))
		added &= ~VIRTIO_STATUS_FEATURES_OK;
	if ((added & VIRTIO_STATUS_DRIVER_OK) && !((status | added) & VIRTIO_STATUS_FEATURES_OK)) {
		log_guest("virtio-%s: the driver starts without having agreed on features", pci->device->name);
		added &= ~VIRTIO_STATUS_DRIVER_OK;
		added |= VIRTIO_STATUS_NEEDS_RESET;
	}
	/* A broken device starts again only after a reset. */
	if (status & VIRTIO_STATUS_NEEDS_RESET)
		added &= ~VIRTIO_STATUS_DRIVER_OK;
	add_bits(pci, added);
	/* After the bit: the device's thread may need a reset at once, and tells only a driver that is there. */
	if (added & VIRTIO_STATUS_DRIVER_OK) {
		activate(pci);
		/* Some of it depends on the features, such as whether a disk has a write cache. */
		virtio_pci_show_config(pci, false);
	}
}
