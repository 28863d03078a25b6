/* Kicks from the driver, interrupts to it, and the trapped page (virtio 1.2, 4.1.4.4, 4.1.4.5, 4.1.5.2 to 4.1.5.4). */
#include <stdatomic.h>

#include "virtio/transport/pci_internal.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/core/ioevent.h"

/* A queue's kicks are trapped writes until there were so many. To have KVM watch for them instead it must wait for a
 * grace period, with the vCPU: some milliseconds, which a driver that only probes the device, or a boot loader, would
 * wait in vain. */
#define WATCH_AFTER_KICKS 32

/* Lets KVM watch for the queue's kicks. Without that they still arrive, as trapped writes. The lock is held. */
static void watch(struct virtio_pci *pci, unsigned int i)
{
	struct virtio_pci_queue *queue = &pci->queues[i];
	gpa_t gpa = pci->notify_base + NOTIFY_OFFSET + i * NOTIFY_MULTIPLIER;
	int rc = ioevent_attach(pci->kvm, gpa, queue->kick_fd);

	if (rc < 0) {
		log_guest("virtio-%s: kicks of queue %u are slow: ioeventfd: %s", pci->device->name, i, strerror(-rc));
		return;
	}
	queue->kick_gpa = gpa;
}

/* The lock is held. */
static void unwatch(struct virtio_pci *pci, struct virtio_pci_queue *queue)
{
	if (queue->kick_gpa == 0)
		return;
	ioevent_detach(pci->kvm, queue->kick_gpa, queue->kick_fd);
	queue->kick_gpa = 0;
}

int virtio_pci_kick_enable(struct virtio_pci *pci, unsigned int i)
{
	struct virtio_pci_queue *queue = &pci->queues[i];

	if (queue->kick_fd < 0) {
		int fd = fd_eventfd();

		if (fd < 0)
			return fd;
		queue->kick_fd = fd;
	}
	return 0;
}

void virtio_pci_kick_move(struct virtio_pci *pci, gpa_t address)
{
	pthread_mutex_lock(&pci->lock);
	pci->notify_base = address;
	for (unsigned int i = 0; i < pci->device->nr_queues; i++)
		unwatch(pci, &pci->queues[i]);
	pthread_mutex_unlock(&pci->lock);
}

void virtio_pci_kick_fini(struct virtio_pci *pci)
{
	for (unsigned int i = 0; i < pci->device->nr_queues; i++) {
		unwatch(pci, &pci->queues[i]);
		fd_close(&pci->queues[i].kick_fd);
	}
}

/* A queue without a vector, or a driver without MSI-X, finds out by reading the ISR status. */
static void interrupt(struct virtio_pci *pci, uint16_t vector, uint8_t isr_bit)
{
	if (!msix_signal(&pci->msix, vector))
		atomic_fetch_or(&pci->isr, isr_bit);
}

void virtio_pci_interrupt_queue(struct virtio_pci *pci, unsigned int queue)
{
	interrupt(pci, atomic_load(&pci->queues[queue].vector), ISR_QUEUE);
}

int virtio_pci_interrupt_fd(struct virtio_pci *pci, unsigned int queue)
{
	return msix_eventfd(&pci->msix, atomic_load(&pci->queues[queue].vector));
}

void virtio_pci_interrupt_config(struct virtio_pci *pci)
{
	/* With MSI-X too (virtio 1.2, 4.1.4.5.1). */
	atomic_fetch_or(&pci->isr, ISR_CONFIG);
	interrupt(pci, atomic_load(&pci->config_vector), ISR_CONFIG);
}

static uint64_t notify_read(void *owner, uint64_t offset, unsigned int size)
{
	struct virtio_pci *pci = owner;

	(void)size;
	return offset == ISR_OFFSET ? atomic_exchange(&pci->isr, 0) : 0;
}

/* A kick that was trapped. The lock is held. */
static void kick(struct virtio_pci *pci, unsigned int i)
{
	struct virtio_pci_queue *queue = &pci->queues[i];

	fd_eventfd_signal(queue->kick_fd);
	/* By way of configuration space kicks come here even while KVM watches, or while the BAR is nowhere. */
	if (pci->notify_base == 0 || queue->kick_gpa != 0 || ++queue->nr_trapped < WATCH_AFTER_KICKS)
		return;
	queue->nr_trapped = 0;
	watch(pci, i);
}

static void notify_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct virtio_pci *pci = owner;
	uint64_t i = (offset - NOTIFY_OFFSET) / NOTIFY_MULTIPLIER;

	/* The address says which queue; the value says it again. */
	(void)size;
	(void)value;
	if (offset % NOTIFY_MULTIPLIER == 0 && i < pci->device->nr_queues && pci->queues[i].enabled)
		kick(pci, (unsigned int)i);
}

const struct bus_ops virtio_pci_notify_ops = { .read = notify_read, .write = notify_write };
