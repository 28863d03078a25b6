/* What a virtio device and a transport know of each other.
 *
 * The transport decodes registers and keeps queue configuration; the device gets activated queues at DRIVER_OK and
 * gives them back at reset (virtio 1.2, 2.1 and 3.1). Calls down (ops) come on a vCPU thread with the transport's lock
 * held, or on the control thread at the end; the device hands over to its loop with loop_call(). Calls up
 * (virtio_transport_ops) may come from any thread. */
#ifndef VIRTIO_CORE_DEVICE_H
#define VIRTIO_CORE_DEVICE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/core/virtq.h"

struct virtio_device;

/* Feature bits of the core (virtio 1.2, 6). */
#define VIRTIO_FEATURE(bit) (UINT64_C(1) << (bit))
#define VIRTIO_F_INDIRECT_DESC_BIT 28
#define VIRTIO_F_EVENT_IDX_BIT 29
#define VIRTIO_F_VERSION_1_BIT 32

/* Device status (virtio 1.2, 2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE 1
#define VIRTIO_STATUS_DRIVER 2
#define VIRTIO_STATUS_DRIVER_OK 4
#define VIRTIO_STATUS_FEATURES_OK 8
#define VIRTIO_STATUS_NEEDS_RESET 64
#define VIRTIO_STATUS_FAILED 128

#define VIRTIO_MAX_QUEUES 64

/* One enabled queue at activation. */
struct virtio_queue_setup {
	bool enabled;
	struct virtq_config config;
	int kick_fd; /* an eventfd that each notification signals; the transport's */
};

struct virtio_device_ops {
	/* The driver is ready: start the enabled ones of dev->nr_queues queues. 0, or a negative errno after which the
	 * transport sets NEEDS_RESET; then no queue is running. */
	int (*activate)(struct virtio_device *dev, uint64_t features, const struct virtio_queue_setup *queues);
	/* Stop popping, drain, forget all state of the driver. When it returns nothing touches guest memory any more.
	 * Also called on a device that was never activated. */
	void (*reset)(struct virtio_device *dev);
	/* The driver gave the queue another interrupt: virtio_queue_interrupt_fd() has a new answer. NULL: the device
	 * doesn't ask. */
	void (*interrupt_moved)(struct virtio_device *dev, unsigned int queue);
	/* The driver wrote device configuration. The range lies inside config_size. NULL: nothing is writable. */
	void (*config_write)(struct virtio_device *dev, unsigned int offset, unsigned int size, uint64_t value);
};

struct virtio_transport_ops {
	/* Interrupts the driver for a queue (the caller asked virtq_publish() whether to). */
	void (*notify_queue)(void *transport, unsigned int queue);
	/* An eventfd that interrupts the driver for a queue, whoever signals it, or a negative errno if there is none
	 * now. Valid until interrupt_moved or reset. NULL: there never is one. */
	int (*queue_interrupt_fd)(void *transport, unsigned int queue);
	/* dev->config has changed: raises its generation and the configuration interrupt. */
	void (*notify_config)(void *transport);
	/* The driver broke the rules: sets NEEDS_RESET and tells the driver (virtio 1.2, 2.1.2). */
	void (*needs_reset)(void *transport);
};

/* Embedded first in each device. The device fills the upper part before it meets a transport; afterwards that part is
 * constant, except the bytes of config, which the device changes on any thread before it calls notify_config. */
struct virtio_device {
	const struct virtio_device_ops *ops;
	const char *name; /* "blk", for messages */
	uint16_t id; /* virtio 1.2, 5 */
	uint32_t pci_class; /* class code, 24 bits, that the PCI transport shows */
	uint64_t features; /* offered; VERSION_1 included */
	unsigned int nr_queues;
	uint16_t queue_max_size; /* of each queue; a power of two, at most VIRTQ_MAX_SIZE */
	const void *config; /* device configuration, little-endian, read by the driver as it is */
	unsigned int config_size; /* at most 256 */
	/* set by whoever connects device and transport, before the driver can activate it */
	const struct guest_memory *memory;
	/* set by the transport */
	const struct virtio_transport_ops *transport_ops;
	void *transport;
};

static inline void virtio_notify_queue(struct virtio_device *dev, unsigned int queue)
{
	dev->transport_ops->notify_queue(dev->transport, queue);
}

/* See queue_interrupt_fd; the alternative is virtio_notify_queue(). */
static inline int virtio_queue_interrupt_fd(struct virtio_device *dev, unsigned int queue)
{
	return dev->transport_ops->queue_interrupt_fd ? dev->transport_ops->queue_interrupt_fd(dev->transport, queue)
						      : -ENOTSUP;
}

static inline void virtio_notify_config(struct virtio_device *dev)
{
	dev->transport_ops->notify_config(dev->transport);
}

static inline void virtio_needs_reset(struct virtio_device *dev)
{
	dev->transport_ops->needs_reset(dev->transport);
}

#endif
