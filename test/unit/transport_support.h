/* A driver's view of a virtio-pci device, and a device behind it that remembers what it was told. */
#ifndef TEST_UNIT_TRANSPORT_SUPPORT_H
#define TEST_UNIT_TRANSPORT_SUPPORT_H

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <stdint.h>

#include "test/unit/stub_kvm.h"
#include "virtio/transport/pci.h"

#define ECAM UINT64_C(0xe0000000)
#define CONFIG (ECAM + 0x8000) /* of the device, in slot 1 */
#define WINDOW UINT64_C(0xc0000000)
#define NR_QUEUES 3
#define QUEUE_SIZE 256
#define FEATURE_A VIRTIO_FEATURE(3)
#define FEATURE_B VIRTIO_FEATURE(40)
#define NEGOTIATED (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK)
#define RUNNING (NEGOTIATED | VIRTIO_STATUS_DRIVER_OK)

struct fake_device {
	struct virtio_device device;
	uint8_t config[20];
	unsigned int nr_activations, nr_resets;
	void (*in_reset)(void); /* NULL, or run by each reset */
	int activate_result;
	uint64_t features;
	struct virtio_queue_setup queues[NR_QUEUES];
	unsigned int written_offset, written_size;
	unsigned int nr_moved, moved_queue; /* calls of interrupt_moved */
};

extern struct bus bus;
extern struct kvm kvm;
extern struct irq_router router;
extern struct pci_root *root;
extern struct fake_device fake;
extern gpa_t registers, notify; /* where the driver found the BARs */

/* A checked fixture: the device on its bus, memory decoding on; and that nothing of it is left. */
void setup(void);
void teardown(void);

/* The driver's accesses to the register page. */
uint64_t get(unsigned int offset, unsigned int size);
void put(unsigned int offset, unsigned int size, uint64_t value);
uint8_t status(void);
void set_status(uint8_t value);

/* The offset in configuration space of the capability of that ID and, if it is virtio's, type; or 0. */
unsigned int find_capability(uint8_t id, uint8_t type);

void accept_features(uint64_t features);
/* What virtio 1.2, 3.1.1 asks of a driver, up to the choice of features. */
void negotiate(uint64_t features);
void set_up_queue(unsigned int queue, uint16_t size, uint64_t base, uint16_t vector);
/* All of it, with queues 0 (vector 1) and 2 (vector 2). */
void start(void);

void msix_control(uint16_t value);
void open_vector(unsigned int vector, uint32_t data);

#endif
