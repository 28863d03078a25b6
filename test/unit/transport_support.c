#include "test/unit/transport_support.h"

#include <check.h>
#include <string.h>

struct bus bus;
struct kvm kvm;
struct irq_router router;
struct pci_root *root;
static struct virtio_pci *pci;
struct fake_device fake;
gpa_t registers, notify;

static int fake_activate(struct virtio_device *device, uint64_t features, const struct virtio_queue_setup *queues)
{
	struct fake_device *f = (struct fake_device *)device;

	f->nr_activations++;
	f->features = features;
	memcpy(f->queues, queues, sizeof(f->queues));
	return f->activate_result;
}

static void fake_reset(struct virtio_device *device)
{
	struct fake_device *f = (struct fake_device *)device;

	f->nr_resets++;
	if (f->in_reset)
		f->in_reset();
}

static void fake_interrupt_moved(struct virtio_device *device, unsigned int queue)
{
	struct fake_device *f = (struct fake_device *)device;

	f->nr_moved++;
	f->moved_queue = queue;
}

static void fake_config_write(struct virtio_device *device, unsigned int offset, unsigned int size, uint64_t value)
{
	struct fake_device *f = (struct fake_device *)device;

	ck_assert_uint_le(offset + size, device->config_size);
	f->written_offset = offset;
	f->written_size = size;
	memcpy(f->config + offset, &value, size);
}

static const struct virtio_device_ops fake_ops = {
	.activate = fake_activate,
	.reset = fake_reset,
	.interrupt_moved = fake_interrupt_moved,
	.config_write = fake_config_write,
};

uint64_t get(unsigned int offset, unsigned int size)
{
	return guest_load(&bus, registers + offset, size);
}

void put(unsigned int offset, unsigned int size, uint64_t value)
{
	guest_store(&bus, registers + offset, size, value);
}

uint8_t status(void)
{
	return (uint8_t)get(VIRTIO_PCI_COMMON_STATUS, 1);
}

void set_status(uint8_t value)
{
	put(VIRTIO_PCI_COMMON_STATUS, 1, value);
}

unsigned int find_capability(uint8_t id, uint8_t type)
{
	unsigned int at = (unsigned int)guest_load(&bus, CONFIG + PCI_CAPABILITY_LIST, 1);

	for (unsigned int nr = 0; at != 0 && nr < 48; nr++) {
		if (guest_load(&bus, CONFIG + at, 1) == id &&
		    (id != PCI_CAP_ID_VNDR || guest_load(&bus, CONFIG + at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type))
			return at;
		at = (unsigned int)guest_load(&bus, CONFIG + at + 1, 1);
	}
	return 0;
}

void setup(void)
{
	const struct pci_root_config root_config = {
		.kvm = &kvm,
		.bus = &bus,
		.ecam_base = ECAM,
		.window_base = WINDOW,
		.window_size_bytes = 0x20000000,
	};
	struct virtio_pci_config config = { .router = &router, .kvm = &kvm, .device = &fake.device };

	stub_kvm_reset();
	memset(&fake, 0, sizeof(fake));
	for (unsigned int i = 0; i < sizeof(fake.config); i++)
		fake.config[i] = (uint8_t)(0xa0 + i);
	fake.device = (struct virtio_device){
		.ops = &fake_ops,
		.name = "fake",
		.id = 2,
		.pci_class = 0x018000,
		.features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT) | FEATURE_A | FEATURE_B,
		.nr_queues = NR_QUEUES,
		.queue_max_size = QUEUE_SIZE,
		.config = fake.config,
		.config_size = sizeof(fake.config),
	};
	bus_init(&bus);
	ck_assert_int_eq(pci_root_create(&root_config, &root), 0);
	config.root = root;
	ck_assert_int_eq(virtio_pci_create(&config, &pci), 0);
	guest_store(&bus, CONFIG + PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	registers = guest_load(&bus, CONFIG + PCI_BASE_ADDRESS_0, 4);
	notify = guest_load(&bus, CONFIG + PCI_BASE_ADDRESS_2, 4);
}

void teardown(void)
{
	virtio_pci_destroy(pci);
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 0);
	ck_assert_uint_eq(stub_kvm_nr_memslots(), 1);
	ck_assert_uint_eq(stub_kvm_nr_open_vectors(), 0);
	pci_root_destroy(root);
	bus_fini(&bus);
}

void accept_features(uint64_t features)
{
	put(VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	put(VIRTIO_PCI_COMMON_GF, 4, (uint32_t)features);
	put(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	put(VIRTIO_PCI_COMMON_GF, 4, features >> 32);
}

void negotiate(uint64_t features)
{
	set_status(0);
	set_status(VIRTIO_STATUS_ACKNOWLEDGE);
	set_status(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	accept_features(features);
	set_status(NEGOTIATED);
}

void set_up_queue(unsigned int queue, uint16_t size, uint64_t base, uint16_t vector)
{
	put(VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
	put(VIRTIO_PCI_COMMON_Q_SIZE, 2, size);
	put(VIRTIO_PCI_COMMON_Q_DESCLO, 4, (uint32_t)base);
	put(VIRTIO_PCI_COMMON_Q_DESCHI, 4, base >> 32);
	put(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, (uint32_t)base + 0x1000);
	put(VIRTIO_PCI_COMMON_Q_AVAILHI, 4, base >> 32);
	put(VIRTIO_PCI_COMMON_Q_USEDLO, 4, (uint32_t)base + 0x2000);
	put(VIRTIO_PCI_COMMON_Q_USEDHI, 4, base >> 32);
	put(VIRTIO_PCI_COMMON_Q_MSIX, 2, vector);
	put(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

void start(void)
{
	negotiate(fake.device.features);
	set_up_queue(0, 128, UINT64_C(0x123400000), 1);
	set_up_queue(2, 16, 0x10000, 2);
	set_status(RUNNING);
	ck_assert_uint_eq(status(), RUNNING);
}

void msix_control(uint16_t value)
{
	guest_store(&bus, CONFIG + find_capability(PCI_CAP_ID_MSIX, 0) + PCI_MSIX_FLAGS, 2, value);
}

void open_vector(unsigned int vector, uint32_t data)
{
	put(0x800 + 16 * vector + PCI_MSIX_ENTRY_LOWER_ADDR, 4, 0xfee00000);
	put(0x800 + 16 * vector + PCI_MSIX_ENTRY_DATA, 4, data);
	put(0x800 + 16 * vector + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
}
