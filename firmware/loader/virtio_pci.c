#include "firmware/loader/virtio_pci.h"

#include "firmware/core/error.h"
#include "firmware/loader/clock.h"
#include "firmware/loader/mmio.h"

#define RESET_LIMIT_MS 5000

/* struct virtio_pci_cap (4.1.4) */
#define CAPABILITY_VENDOR 0x09
#define CAP_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_NOTIFY_MULTIPLIER 16
enum {
	CAP_COMMON = 1,
	CAP_NOTIFY = 2,
	CAP_DEVICE = 4,
};

/* struct virtio_pci_common_cfg (4.1.4.3) */
enum {
	COMMON_DEVICE_FEATURE_SELECT = 0x00,
	COMMON_DEVICE_FEATURE = 0x04,
	COMMON_DRIVER_FEATURE_SELECT = 0x08,
	COMMON_DRIVER_FEATURE = 0x0c,
	COMMON_STATUS = 0x14,
	COMMON_QUEUE_SELECT = 0x16,
	COMMON_QUEUE_SIZE = 0x18,
	COMMON_QUEUE_ENABLE = 0x1c,
	COMMON_QUEUE_NOTIFY_OFF = 0x1e,
	COMMON_QUEUE_DESC = 0x20,
	COMMON_QUEUE_DRIVER = 0x28,
	COMMON_QUEUE_DEVICE = 0x30,
};

enum {
	STATUS_ACKNOWLEDGE = 1,
	STATUS_DRIVER = 2,
	STATUS_DRIVER_OK = 4,
	STATUS_FEATURES_OK = 8,
};

static void find_structures(struct virtio_pci *dev)
{
	const struct pci_function *function = &dev->function;
	uint8_t cap = 0;

	while ((cap = pci_capability(function, CAPABILITY_VENDOR, cap)) != 0) {
		uint32_t at = pci_bar(function, mmio_read8(function->config + cap + CAP_BAR));

		if (at == 0)
			continue;
		at += mmio_read32(function->config + cap + CAP_OFFSET);
		switch (mmio_read8(function->config + cap + CAP_TYPE)) {
		case CAP_COMMON:
			dev->common = at;
			break;
		case CAP_NOTIFY:
			dev->notify = at;
			dev->notify_multiplier = mmio_read32(function->config + cap + CAP_NOTIFY_MULTIPLIER);
			break;
		case CAP_DEVICE:
			dev->device = at;
			break;
		}
	}
}

static int reset(const struct virtio_pci *dev)
{
	struct clock_wait wait;

	mmio_write8(dev->common + COMMON_STATUS, 0);
	clock_wait_init(&wait, RESET_LIMIT_MS);
	while (mmio_read8(dev->common + COMMON_STATUS) != 0) {
		if (!clock_wait_on(&wait))
			return FW_EIO;
	}
	return 0;
}

static uint64_t offered(const struct virtio_pci *dev)
{
	uint64_t features;

	mmio_write32(dev->common + COMMON_DEVICE_FEATURE_SELECT, 1);
	features = (uint64_t)mmio_read32(dev->common + COMMON_DEVICE_FEATURE) << 32;
	mmio_write32(dev->common + COMMON_DEVICE_FEATURE_SELECT, 0);
	return features | mmio_read32(dev->common + COMMON_DEVICE_FEATURE);
}

static int negotiate(struct virtio_pci *dev, uint64_t wanted)
{
	mmio_write8(dev->common + COMMON_STATUS, STATUS_ACKNOWLEDGE);
	mmio_write8(dev->common + COMMON_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	dev->features = wanted & offered(dev);
	if ((dev->features & VIRTIO_F_VERSION_1) == 0)
		return FW_ENOTSUP;
	for (uint32_t half = 0; half < 2; half++) {
		mmio_write32(dev->common + COMMON_DRIVER_FEATURE_SELECT, half);
		mmio_write32(dev->common + COMMON_DRIVER_FEATURE, (uint32_t)(dev->features >> (32 * half)));
	}
	mmio_write8(dev->common + COMMON_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	return mmio_read8(dev->common + COMMON_STATUS) & STATUS_FEATURES_OK ? 0 : FW_ENOTSUP;
}

int virtio_pci_open(struct virtio_pci *dev, const struct pci_function *function, uint64_t features)
{
	int ret;

	*dev = (struct virtio_pci){ .function = *function };
	pci_enable(function);
	find_structures(dev);
	ret = dev->common != 0 && dev->notify != 0 && dev->device != 0 ? reset(dev) : FW_ENOTSUP;
	if (ret == 0)
		ret = negotiate(dev, features | VIRTIO_F_VERSION_1);
	if (ret < 0)
		virtio_pci_close(dev);
	return ret;
}

uint16_t virtio_pci_queue_size(const struct virtio_pci *dev)
{
	mmio_write16(dev->common + COMMON_QUEUE_SELECT, 0);
	return mmio_read16(dev->common + COMMON_QUEUE_SIZE);
}

static void write_address(const struct virtio_pci *dev, uint32_t reg, const volatile void *at)
{
	mmio_write32(dev->common + reg, mmio_address(at));
	mmio_write32(dev->common + reg + 4, 0);
}

int virtio_pci_start(const struct virtio_pci *dev, struct virtio_pci_queue *queue)
{
	const uint8_t ready = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;

	mmio_write16(dev->common + COMMON_QUEUE_SELECT, 0);
	mmio_write16(dev->common + COMMON_QUEUE_SIZE, queue->size);
	write_address(dev, COMMON_QUEUE_DESC, queue->descriptors);
	write_address(dev, COMMON_QUEUE_DRIVER, queue->available);
	write_address(dev, COMMON_QUEUE_DEVICE, queue->used);
	queue->doorbell = dev->notify + mmio_read16(dev->common + COMMON_QUEUE_NOTIFY_OFF) * dev->notify_multiplier;
	mmio_write16(dev->common + COMMON_QUEUE_ENABLE, 1);
	mmio_write8(dev->common + COMMON_STATUS, ready);
	return mmio_read8(dev->common + COMMON_STATUS) == ready ? 0 : FW_EIO;
}

void virtio_pci_close(const struct virtio_pci *dev)
{
	if (dev->common != 0)
		(void)reset(dev);
	pci_disable(&dev->function);
}
