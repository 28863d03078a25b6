/* A virtio-pci modern device, driver side (virtio 1.2, 4.1). */
#ifndef TEST_GUEST_VIRTIO_H
#define TEST_GUEST_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/virtqueue.h"

#define VIRTIO_ID_NET 1
#define VIRTIO_ID_BLK 2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_RNG 4

#define VIRTIO_STATUS_ACKNOWLEDGE 1
#define VIRTIO_STATUS_DRIVER 2
#define VIRTIO_STATUS_DRIVER_OK 4
#define VIRTIO_STATUS_FEATURES_OK 8
#define VIRTIO_STATUS_NEEDS_RESET 64

#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

#define VIRTIO_NO_VECTOR 0xffff

/* The common configuration's registers (4.1.4.3). */
enum virtio_common {
	VIRTIO_DEVICE_FEATURE_SELECT = 0x00,
	VIRTIO_DEVICE_FEATURE = 0x04,
	VIRTIO_DRIVER_FEATURE_SELECT = 0x08,
	VIRTIO_DRIVER_FEATURE = 0x0c,
	VIRTIO_CONFIG_VECTOR = 0x10,
	VIRTIO_NR_QUEUES = 0x12,
	VIRTIO_STATUS = 0x14,
	VIRTIO_CONFIG_GENERATION = 0x15,
	VIRTIO_QUEUE_SELECT = 0x16,
	VIRTIO_QUEUE_SIZE = 0x18,
	VIRTIO_QUEUE_VECTOR = 0x1a,
	VIRTIO_QUEUE_ENABLE = 0x1c,
	VIRTIO_QUEUE_NOTIFY_OFF = 0x1e,
	VIRTIO_QUEUE_DESC = 0x20,
	VIRTIO_QUEUE_DRIVER = 0x28,
	VIRTIO_QUEUE_DEVICE = 0x30,
	VIRTIO_COMMON_BYTES = 0x38,
};

struct virtio_device {
	uint64_t config; /* PCI configuration space */
	uint64_t common; /* addresses of the four structures */
	uint64_t notify;
	uint64_t isr;
	uint64_t device;
	uint32_t notify_multiplier;
	uint64_t msix_table; /* 0: no MSI-X */
	uint16_t nr_vectors;
	uint8_t msix_capability;
	uint64_t features; /* negotiated */
};

/* Finds the n-th device with a virtio ID, maps and resets it. False if there is none, or it is not modern. */
bool virtio_open(struct virtio_device *dev, uint16_t id, unsigned int n);
/* Writes 0 to the status and waits until the device says that it is reset. */
void virtio_reset(struct virtio_device *dev);
uint8_t virtio_status(const struct virtio_device *dev);
void virtio_set_status(const struct virtio_device *dev, uint8_t status);
uint64_t virtio_offered(const struct virtio_device *dev);
/* From reset to FEATURES_OK with those of `wanted` that are offered. False if the device refuses them. */
bool virtio_negotiate(struct virtio_device *dev, uint64_t wanted);
/* Makes and enables queue `index` with at most `max_size` descriptors; false if the device has no such queue. */
bool virtio_queue_enable(struct virtio_device *dev, uint16_t index, uint16_t max_size, struct virtqueue *vq);
/* Has queue `index` raise MSI-X entry `entry`, which delivers `vector` to APIC 0. Before virtio_queue_enable(). */
bool virtio_queue_vector(struct virtio_device *dev, uint16_t index, uint16_t entry, uint8_t vector);
/* Has changes of the device's configuration raise MSI-X entry `entry`, likewise. */
bool virtio_config_vector(struct virtio_device *dev, uint16_t entry, uint8_t vector);
void virtio_msix_mask(const struct virtio_device *dev, uint16_t entry, bool masked);
void virtio_ready(struct virtio_device *dev); /* DRIVER_OK */

#endif
