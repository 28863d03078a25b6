/* Access to the BARs by way of configuration space, for firmware that maps no BARs (virtio 1.2, 4.1.4.9).
 *
 * The driver writes BAR, offset and length into the capability, and then reads or writes its data field. Its reads of
 * configuration space do not exit, so the data field must hold the answer by then: it is filled whenever one of the
 * three is written, and after each write through the window. Looking at the ISR status that way does not clear it. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdatomic.h>

#include "virtio/transport/pci_internal.h"
#include "vmm/base/endian.h"

struct window_body {
	uint8_t cap_len;
	uint8_t cfg_type;
	uint8_t bar;
	uint8_t id;
	uint8_t padding[2];
	le32 offset;
	le32 length;
	uint8_t data[4];
} __attribute__((packed));

_Static_assert(sizeof(struct window_body) + 2 == sizeof(struct virtio_pci_cfg_cap), "virtio 1.2, 4.1.4.9");

#define WINDOW_DATA sizeof(struct virtio_pci_cap)

int virtio_pci_window_init(struct virtio_pci *pci)
{
	struct window_body body = {
		.cap_len = sizeof(struct virtio_pci_cfg_cap),
		.cfg_type = VIRTIO_PCI_CAP_PCI_CFG,
	};
	int at = pci_function_add_capability(&pci->function, PCI_CAP_ID_VNDR, &body, sizeof(body));

	if (at < 0)
		return at;
	pci->window = (unsigned int)at;
	pci_function_allow_write(&pci->function, pci->window + VIRTIO_PCI_CAP_BAR, 0xff);
	pci_function_allow_write(&pci->function, pci->window + VIRTIO_PCI_CAP_OFFSET, UINT32_MAX);
	pci_function_allow_write(&pci->function, pci->window + VIRTIO_PCI_CAP_LENGTH, UINT32_MAX);
	pci_function_allow_write(&pci->function, pci->window + WINDOW_DATA, UINT32_MAX);
	return 0;
}

struct window_target {
	uint8_t bar;
	uint32_t offset;
	uint32_t length; /* 1, 2 or 4 */
};

/* What the driver has asked for; false if it is nothing that a driver may ask for. */
static bool read_target(const struct virtio_pci *pci, struct window_target *target)
{
	const uint8_t *config = pci->function.config;

	target->bar = register_page_get8(config, pci->window + VIRTIO_PCI_CAP_BAR);
	target->offset = register_page_get32(config, pci->window + VIRTIO_PCI_CAP_OFFSET);
	target->length = register_page_get32(config, pci->window + VIRTIO_PCI_CAP_LENGTH);
	return (target->bar == REGISTER_BAR || target->bar == NOTIFY_BAR) &&
	       (target->length == 1 || target->length == 2 || target->length == 4) &&
	       target->offset % target->length == 0 && target->offset < REGISTER_PAGE_BYTES;
}

/* The lock is held. */
static void fill(struct virtio_pci *pci, const struct window_target *target)
{
	uint32_t value = 0;

	if (target->bar == REGISTER_BAR)
		value = (uint32_t)register_page_load(pci->page, target->offset, target->length);
	else if (target->offset == ISR_OFFSET)
		value = atomic_load(&pci->isr);
	register_page_set32(pci->function.config, pci->window + WINDOW_DATA, value);
}

/* The lock is held. */
static void store(struct virtio_pci *pci, const struct window_target *target)
{
	uint64_t value = register_page_load(pci->function.config, pci->window + WINDOW_DATA, target->length);

	if (target->bar == REGISTER_BAR)
		virtio_pci_register_write(pci, target->offset, target->length, value);
	else
		virtio_pci_notify_ops.write(pci, target->offset, target->length, value);
}

void virtio_pci_window_written(struct virtio_pci *pci, unsigned int reg)
{
	struct window_target target;

	if (reg < pci->window || reg > pci->window + WINDOW_DATA || !read_target(pci, &target))
		return;
	pthread_mutex_lock(&pci->lock);
	if (reg == pci->window + WINDOW_DATA)
		store(pci, &target);
	fill(pci, &target);
	pthread_mutex_unlock(&pci->lock);
}
