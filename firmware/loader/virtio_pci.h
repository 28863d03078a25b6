/* A virtio device over PCI, as its driver sees it (virtio 1.2, 3.1 and 4.1): registers, features and one queue. */
#ifndef FIRMWARE_LOADER_VIRTIO_PCI_H
#define FIRMWARE_LOADER_VIRTIO_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/loader/pci.h"

#define VIRTIO_PCI_VENDOR 0x1af4
#define VIRTIO_PCI_MODERN_ID 0x1040 /* and the device type */
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

struct virtio_pci {
	struct pci_function function;
	/* Addresses of the structures; 0: not there. */
	uint32_t common;
	uint32_t notify;
	uint32_t notify_multiplier;
	uint32_t device;
	uint64_t features; /* agreed on */
};

/* Where a queue's parts are. */
struct virtio_pci_queue {
	const volatile void *descriptors;
	const volatile void *available;
	const volatile void *used;
	uint16_t size;
	uint32_t doorbell; /* written by virtio_pci_set_queue() */
};

/* Enables the function, finds its structures, resets it and agrees on those of `features` that it has;
 * VIRTIO_F_VERSION_1 is always one. 0, FW_ENOTSUP if it is no modern device or wants others, or FW_EIO. */
__attribute__((warn_unused_result)) int virtio_pci_open(struct virtio_pci *dev, const struct pci_function *function,
							uint64_t features);

/* The largest size of queue 0; 0: it has none. */
uint16_t virtio_pci_queue_size(const struct virtio_pci *dev);

/* Tells it where queue 0 is, and lets it start. 0 or FW_EIO. */
__attribute__((warn_unused_result)) int virtio_pci_start(const struct virtio_pci *dev, struct virtio_pci_queue *queue);

/* Resets it and lets go of it: it does not touch memory any more. */
void virtio_pci_close(const struct virtio_pci *dev);

#endif
