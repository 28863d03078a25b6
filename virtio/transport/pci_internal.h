/* The PCI transport's own state, for the files that make it up. */
#ifndef VIRTIO_TRANSPORT_PCI_INTERNAL_H
#define VIRTIO_TRANSPORT_PCI_INTERNAL_H

#include <linux/virtio_pci.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/msix.h"
#include "devices/pci_function.h"
#include "devices/register_page.h"
#include "virtio/transport/pci.h"

/* BAR 0, read as memory. */
#define REGISTER_BAR 0
#define COMMON_OFFSET 0x000
#define COMMON_BYTES 0x38
#define DEVICE_CONFIG_OFFSET 0x100
#define DEVICE_CONFIG_MAX_BYTES 0x100
#define MSIX_TABLE_OFFSET 0x800
#define MSIX_PENDING_OFFSET 0xc00

/* BAR 2, trapped. */
#define NOTIFY_BAR 2
#define NOTIFY_BAR_BYTES 4096
#define NOTIFY_OFFSET 0x000
#define NOTIFY_MULTIPLIER 4
#define ISR_OFFSET 0x800
#define ISR_BYTES 1

#define ISR_QUEUE 0x1
#define ISR_CONFIG VIRTIO_PCI_ISR_CONFIG

/* The six 32-bit halves of a queue's addresses, in the order of their registers. */
enum queue_half {
	QUEUE_DESC_LO,
	QUEUE_DESC_HI,
	QUEUE_DRIVER_LO,
	QUEUE_DRIVER_HI,
	QUEUE_DEVICE_LO,
	QUEUE_DEVICE_HI,
	QUEUE_NR_HALVES,
};

struct virtio_pci_queue {
	bool enabled;
	uint16_t size;
	uint32_t halves[QUEUE_NR_HALVES];
	_Atomic uint16_t vector; /* read by the device's thread when it interrupts */
	int kick_fd; /* -1 until the queue is first enabled; then kept over resets */
	gpa_t kick_gpa; /* where KVM watches for kicks; 0: nowhere */
	unsigned int nr_trapped; /* kicks since KVM was last asked to watch */
};

struct virtio_pci {
	struct virtio_device *device;
	const struct kvm *kvm;
	struct pci_root *root;
	struct pci_function function;
	struct msix msix;
	uint8_t *page; /* what BAR 0 shows; selectors live there and nowhere else */
	unsigned int window; /* offset of the configuration access capability */

	/* Taken by the bus around accesses to both BARs; guards all that follows down to the next lock. */
	pthread_mutex_t lock;
	gpa_t notify_base; /* where BAR 2 answers; 0: nowhere */
	uint64_t driver_features;
	bool foreign_features; /* the driver asked for bits that do not exist */
	struct virtio_queue_setup *setups; /* device->nr_queues, for activation */

	/* A leaf, for calls up on any thread: device status and device configuration in the page. */
	pthread_mutex_t page_lock;

	_Atomic uint16_t config_vector;
	_Atomic uint8_t isr; /* set on any thread, taken by the guest */

	struct virtio_pci_queue queues[]; /* device->nr_queues */
};

/* pci_common.c: the common configuration registers. */
void virtio_pci_common_init(struct virtio_pci *pci);
/* Back to the state before any driver, but for the device status. The lock is held. */
void virtio_pci_common_reset(struct virtio_pci *pci);
/* The guest's write at `offset` from the start of the registers. The lock is held. */
void virtio_pci_common_write(struct virtio_pci *pci, unsigned int offset, unsigned int size, uint64_t value);

/* pci_status.c: the device status, negotiation and activation. */
/* The driver wrote the status register. The lock is held. */
void virtio_pci_status_write(struct virtio_pci *pci, uint8_t value);
uint8_t virtio_pci_status(struct virtio_pci *pci);
/* Any thread. */
void virtio_pci_status_needs_reset(struct virtio_pci *pci);

/* pci_notify.c: kicks from the driver and interrupts to it. */
extern const struct bus_ops virtio_pci_notify_ops;
/* Makes the queue's eventfd, once. 0 or a negative errno. The lock is held. */
__attribute__((warn_unused_result)) int virtio_pci_kick_enable(struct virtio_pci *pci, unsigned int queue);
/* BAR 2 answers at `address` from now on (0: nowhere). The root's lock is held, the transport's is not. */
void virtio_pci_kick_move(struct virtio_pci *pci, gpa_t address);
void virtio_pci_kick_fini(struct virtio_pci *pci);
/* Any thread. */
void virtio_pci_interrupt_queue(struct virtio_pci *pci, unsigned int queue);
/* An eventfd that does the same, or a negative errno if the queue has no vector. Any thread. */
__attribute__((warn_unused_result)) int virtio_pci_interrupt_fd(struct virtio_pci *pci, unsigned int queue);
void virtio_pci_interrupt_config(struct virtio_pci *pci);

/* pci_registers.c: BAR 0 as a whole. */
extern const struct bus_ops virtio_pci_register_ops;
/* The guest's write into BAR 0. The lock is held. */
void virtio_pci_register_write(struct virtio_pci *pci, uint64_t offset, unsigned int size, uint64_t value);
/* Shows what device->config holds. `changed`: by the device, so raises the generation. Any thread. */
void virtio_pci_show_config(struct virtio_pci *pci, bool changed);

/* pci_window.c: access to the BARs by way of configuration space. */
__attribute__((warn_unused_result)) int virtio_pci_window_init(struct virtio_pci *pci);
/* The guest wrote the dword at `reg` of configuration space. The root's lock is held, the transport's is not. */
void virtio_pci_window_written(struct virtio_pci *pci, unsigned int reg);

#endif
