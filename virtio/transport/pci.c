#include "virtio/transport/pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "virtio/transport/pci_internal.h"
#include "vmm/base/checked.h"
#include "vmm/base/endian.h"

/* virtio 1.2, 4.1.2.1. */
#define VIRTIO_PCI_VENDOR 0x1af4
#define VIRTIO_PCI_DEVICE_BASE 0x1040
#define VIRTIO_PCI_REVISION 1

_Static_assert(NOTIFY_OFFSET + VIRTIO_MAX_QUEUES * NOTIFY_MULTIPLIER <= ISR_OFFSET, "notify addresses fit");
_Static_assert(MSIX_TABLE_OFFSET + MSIX_MAX_VECTORS * MSIX_ENTRY_BYTES <= MSIX_PENDING_OFFSET, "the table fits");
_Static_assert(DEVICE_CONFIG_OFFSET + DEVICE_CONFIG_MAX_BYTES <= MSIX_TABLE_OFFSET, "device configuration fits");
_Static_assert(COMMON_BYTES == sizeof(struct virtio_pci_common_cfg), "virtio 1.2, 4.1.4.3");

/* A vendor capability without its ID and link (virtio 1.2, 4.1.4). */
struct capability_body {
	uint8_t cap_len;
	uint8_t cfg_type;
	uint8_t bar;
	uint8_t id;
	uint8_t padding[2];
	le32 offset;
	le32 length;
	le32 notify_off_multiplier; /* of the notify capability alone */
} __attribute__((packed));

_Static_assert(sizeof(struct capability_body) + 2 == sizeof(struct virtio_pci_notify_cap), "virtio 1.2, 4.1.4.4");

struct capability {
	uint8_t type;
	uint8_t bar;
	uint32_t offset;
	uint32_t length;
};

static int add_capability(struct virtio_pci *pci, const struct capability *capability)
{
	bool is_notify = capability->type == VIRTIO_PCI_CAP_NOTIFY_CFG;
	size_t cap_len = is_notify ? sizeof(struct virtio_pci_notify_cap) : sizeof(struct virtio_pci_cap);
	struct capability_body body = {
		.cap_len = (uint8_t)cap_len,
		.cfg_type = capability->type,
		.bar = capability->bar,
		.offset = le32_make(capability->offset),
		.length = le32_make(capability->length),
		.notify_off_multiplier = le32_make(NOTIFY_MULTIPLIER),
	};
	int rc = pci_function_add_capability(&pci->function, PCI_CAP_ID_VNDR, &body, (unsigned int)cap_len - 2);

	return rc < 0 ? rc : 0;
}

static int add_capabilities(struct virtio_pci *pci)
{
	const struct virtio_device *device = pci->device;
	const struct capability capabilities[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, REGISTER_BAR, COMMON_OFFSET, COMMON_BYTES },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_BAR, NOTIFY_OFFSET, device->nr_queues * NOTIFY_MULTIPLIER },
		{ VIRTIO_PCI_CAP_ISR_CFG, NOTIFY_BAR, ISR_OFFSET, ISR_BYTES },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, REGISTER_BAR, DEVICE_CONFIG_OFFSET, device->config_size },
	};

	for (unsigned int i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		int rc;

		if (capabilities[i].length == 0) /* a device without configuration has no such capability */
			continue;
		rc = add_capability(pci, &capabilities[i]);
		if (rc < 0)
			return rc;
	}
	return virtio_pci_window_init(pci);
}

static void config_written(struct pci_function *function, unsigned int reg)
{
	struct virtio_pci *pci = function->owner;

	if (reg == pci->msix.capability)
		msix_control_written(&pci->msix);
	else
		virtio_pci_window_written(pci, reg);
}

static void notify_bar_moved(struct pci_function *function, unsigned int bar, gpa_t address)
{
	(void)bar;
	virtio_pci_kick_move(function->owner, address);
}

static void notify_queue(void *transport, unsigned int queue)
{
	virtio_pci_interrupt_queue(transport, queue);
}

static int queue_interrupt_fd(void *transport, unsigned int queue)
{
	return virtio_pci_interrupt_fd(transport, queue);
}

static void notify_config(void *transport)
{
	struct virtio_pci *pci = transport;

	virtio_pci_show_config(pci, true);
	if (virtio_pci_status(pci) & VIRTIO_STATUS_DRIVER_OK)
		virtio_pci_interrupt_config(pci);
}

static void needs_reset(void *transport)
{
	virtio_pci_status_needs_reset(transport);
}

static const struct virtio_transport_ops transport_ops = {
	.notify_queue = notify_queue,
	.queue_interrupt_fd = queue_interrupt_fd,
	.notify_config = notify_config,
	.needs_reset = needs_reset,
};

static bool valid_device(const struct virtio_device *device)
{
	return device->nr_queues >= 1 && device->nr_queues <= VIRTIO_MAX_QUEUES &&
	       is_power_of_two(device->queue_max_size) && device->queue_max_size <= VIRTQ_MAX_SIZE &&
	       device->config_size <= DEVICE_CONFIG_MAX_BYTES &&
	       (device->features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT));
}

static void init_function(struct virtio_pci *pci)
{
	struct pci_function *function = &pci->function;

	function->name = pci->device->name;
	function->owner = pci;
	function->config_written = config_written;
	function->bars[REGISTER_BAR] = (struct pci_bar){
		.range = {
			.size_bytes = REGISTER_PAGE_BYTES,
			.ops = &virtio_pci_register_ops,
			.owner = pci,
			.lock = &pci->lock,
			.name = "virtio registers",
		},
		.host = pci->page,
	};
	function->bars[NOTIFY_BAR] = (struct pci_bar){
		.range = {
			.size_bytes = NOTIFY_BAR_BYTES,
			.ops = &virtio_pci_notify_ops,
			.owner = pci,
			.lock = &pci->lock,
			.name = "virtio notify",
		},
		.moved = notify_bar_moved,
	};
}

/* One vector for configuration and one for each queue, as far as the table reaches; drivers share when it does not. */
static unsigned int nr_vectors(const struct virtio_device *device)
{
	return device->nr_queues + 1 < MSIX_MAX_VECTORS ? device->nr_queues + 1 : MSIX_MAX_VECTORS;
}

static int join_bus(struct virtio_pci *pci, const struct virtio_pci_config *config)
{
	const struct virtio_device *device = pci->device;
	const struct pci_identity identity = {
		.vendor = VIRTIO_PCI_VENDOR,
		.device = VIRTIO_PCI_DEVICE_BASE + device->id,
		.subsystem_vendor = VIRTIO_PCI_VENDOR,
		.subsystem = VIRTIO_PCI_DEVICE_BASE + device->id,
		.class_code = device->pci_class,
		.revision = VIRTIO_PCI_REVISION,
	};
	const struct msix_config msix = {
		.router = config->router,
		.function = &pci->function,
		.nr_vectors = nr_vectors(device),
		.bar = REGISTER_BAR,
		.table_offset = MSIX_TABLE_OFFSET,
		.pending_offset = MSIX_PENDING_OFFSET,
	};
	int rc;

	rc = pci_root_add(pci->root, &pci->function, &identity);
	if (rc < 0)
		return rc;
	rc = msix_init(&pci->msix, &msix);
	if (rc < 0)
		goto remove_function;
	rc = add_capabilities(pci);
	if (rc < 0)
		goto fini_msix;
	return 0;

fini_msix:
	msix_fini(&pci->msix);
remove_function:
	pci_root_remove(pci->root, &pci->function);
	return rc;
}

int virtio_pci_create(const struct virtio_pci_config *config, struct virtio_pci **out)
{
	struct virtio_device *device = config->device;
	struct virtio_pci *pci;
	int rc = -ENOMEM;

	if (!valid_device(device))
		return -EINVAL;
	pci = calloc(1, sizeof(*pci) + device->nr_queues * sizeof(pci->queues[0]));
	if (!pci)
		return -ENOMEM;
	pci->setups = calloc(device->nr_queues, sizeof(pci->setups[0]));
	if (!pci->setups)
		goto free_pci;
	pci->page = mmap(NULL, REGISTER_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pci->page == MAP_FAILED) {
		rc = -errno;
		goto free_setups;
	}
	pci->device = device;
	pci->kvm = config->kvm;
	pci->root = config->root;
	pthread_mutex_init(&pci->lock, NULL);
	pthread_mutex_init(&pci->page_lock, NULL);
	for (unsigned int i = 0; i < device->nr_queues; i++)
		pci->queues[i].kick_fd = -1;
	init_function(pci);
	rc = join_bus(pci, config);
	if (rc < 0)
		goto unmap_page;
	virtio_pci_common_init(pci);
	virtio_pci_show_config(pci, false);
	device->transport_ops = &transport_ops;
	device->transport = pci;
	*out = pci;
	return 0;

unmap_page:
	pthread_mutex_destroy(&pci->page_lock);
	pthread_mutex_destroy(&pci->lock);
	munmap(pci->page, REGISTER_PAGE_BYTES);
free_setups:
	free(pci->setups);
free_pci:
	free(pci);
	return rc;
}

void virtio_pci_destroy(struct virtio_pci *pci)
{
	if (!pci)
		return;
	pci->device->ops->reset(pci->device);
	pci_root_remove(pci->root, &pci->function);
	virtio_pci_kick_fini(pci);
	msix_fini(&pci->msix);
	pthread_mutex_destroy(&pci->page_lock);
	pthread_mutex_destroy(&pci->lock);
	munmap(pci->page, REGISTER_PAGE_BYTES);
	free(pci->setups);
	free(pci);
}
