/* A driver that breaks every rule. Whatever it does to a device, the machine lives, and a reset makes the device whole.
 *
 * Descriptors point into a buffer of the test's own where they point into memory at all: a device that is told to write
 * somewhere does so, and that must not be here. */
#include "test/guest/blk.h"
#include "test/guest/cpu.h"
#include "test/guest/pages.h"
#include "test/guest/pci.h"
#include "test/guest/port.h"
#include "test/guest/tests/random.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define PATIENCE_CYCLES (UINT64_C(10) << 30) /* some seconds */
#define VICTIM_PAGES 64
#define RING_SIZE 16
#define NR_GARBAGE_ROUNDS 40
#define NR_GARBAGE_WRITES 1500
#define VIRTIO_VENDOR 0x1af4
#define BAR_BYTES 4096

static struct blk blk;
static uint8_t *victim;

static void prepare(void)
{
	if (victim == NULL)
		victim = pages_alloc(VICTIM_PAGES);
}

/* The first disk, from reset to a sector read: the proof that it has survived. */
static void expect_alive(void)
{
	uint64_t found;

	if (!blk_open(&blk, 0, 1, 0, false)) {
		expect(!"a disk that comes up again");
		return;
	}
	expect_equal(blk_do(&blk.queues[0], BLK_READ, 7, victim, BLK_SECTOR_BYTES), BLK_OK);
	memcpy(&found, victim, sizeof(found));
	expect_equal(found, 7);
	virtio_reset(&blk.dev);
}

/* The first disk with one small queue, of which the test writes the rings itself. */
static struct virtqueue *open_rings(uint64_t features)
{
	prepare();
	if (!virtio_open(&blk.dev, VIRTIO_ID_BLK, 0) || !virtio_negotiate(&blk.dev, features | VIRTIO_F_VERSION_1) ||
	    !virtio_queue_enable(&blk.dev, 0, RING_SIZE, &blk.queues[0].vq)) {
		expect(!"a disk with a queue");
		return NULL;
	}
	return &blk.queues[0].vq;
}

static void notify(struct virtqueue *vq)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmio_write16(vq->notify_address, vq->index);
}

/* Whether the device asks for a reset, or uses `nr` chains, before patience ends. */
static bool reacts(struct virtqueue *vq, uint16_t nr)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		if (virtio_status(&blk.dev) & VIRTIO_STATUS_NEEDS_RESET)
			return true;
		if (vq->used->idx == nr)
			return true;
	}
	return false;
}

static bool asks_for_reset(void)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		if (virtio_status(&blk.dev) & VIRTIO_STATUS_NEEDS_RESET)
			return true;
	}
	return false;
}

static void descriptor(struct virtqueue *vq, unsigned int i, uint64_t address, uint32_t len, uint16_t flags,
		       uint16_t next)
{
	vq->desc[i].address = address;
	vq->desc[i].len = len;
	vq->desc[i].flags = flags;
	vq->desc[i].next = next;
}

static void good_request(struct virtqueue *vq)
{
	struct blk_header *header = (struct blk_header *)victim;

	*header = (struct blk_header){ .type = BLK_READ };
	descriptor(vq, 0, (uint64_t)victim, sizeof(*header), VIRTQ_DESC_NEXT, 1);
	descriptor(vq, 1, (uint64_t)victim + 4096, 512, VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE, 2);
	descriptor(vq, 2, (uint64_t)victim + 8192, 1, VIRTQ_DESC_WRITE, 0);
	vq->avail->ring[0] = 0;
	vq->avail->idx = 1;
}

/* Each spoils a good request in one way. */
static void head_out_of_range(struct virtqueue *vq)
{
	vq->avail->ring[0] = RING_SIZE;
}

static void index_jump(struct virtqueue *vq)
{
	vq->avail->idx = RING_SIZE + 1;
}

static void next_out_of_range(struct virtqueue *vq)
{
	vq->desc[0].next = RING_SIZE;
}

static void chain_is_a_loop(struct virtqueue *vq)
{
	descriptor(vq, 2, (uint64_t)victim + 8192, 1, VIRTQ_DESC_WRITE | VIRTQ_DESC_NEXT, 1);
}

static void chain_is_its_own_next(struct virtqueue *vq)
{
	vq->desc[0].next = 0;
}

static void address_outside_memory(struct virtqueue *vq)
{
	vq->desc[1].address = UINT64_C(1) << 46;
}

static void address_of_a_device(struct virtqueue *vq)
{
	vq->desc[1].address = 0xfee00000;
}

static void address_of_config_space(struct virtqueue *vq)
{
	vq->desc[1].address = pci_ecam();
}

static void address_and_length_wrap(struct virtqueue *vq)
{
	vq->desc[1].address = UINT64_MAX - 100;
}

static void length_leaves_memory(struct virtqueue *vq)
{
	vq->desc[1].len = UINT32_MAX;
}

static void readable_after_writable(struct virtqueue *vq)
{
	vq->desc[2].flags = 0;
}

static void indirect_not_negotiated(struct virtqueue *vq)
{
	vq->desc[0].flags = VIRTQ_DESC_INDIRECT;
}

static const struct {
	const char *name;
	void (*spoil)(struct virtqueue *vq);
} rule_breakers[] = {
	{ "head_out_of_range", head_out_of_range },
	{ "index_jump", index_jump },
	{ "next_out_of_range", next_out_of_range },
	{ "chain_is_a_loop", chain_is_a_loop },
	{ "chain_is_its_own_next", chain_is_its_own_next },
	{ "address_outside_memory", address_outside_memory },
	{ "address_of_a_device", address_of_a_device },
	{ "address_of_config_space", address_of_config_space },
	{ "address_and_length_wrap", address_and_length_wrap },
	{ "length_leaves_memory", length_leaves_memory },
	{ "readable_after_writable", readable_after_writable },
	{ "indirect_not_negotiated", indirect_not_negotiated },
};

static void broken_rules_ask_for_a_reset(const char *command_line)
{
	(void)command_line;
	for (unsigned int i = 0; i < sizeof(rule_breakers) / sizeof(rule_breakers[0]); i++) {
		struct virtqueue *vq = open_rings(0);

		if (vq == NULL)
			return;
		virtio_ready(&blk.dev);
		good_request(vq);
		rule_breakers[i].spoil(vq);
		notify(vq);
		if (!asks_for_reset())
			expect_failed(rule_breakers[i].name, 0, "DEVICE_NEEDS_RESET", virtio_status(&blk.dev),
				      vq->used->idx);
		virtio_reset(&blk.dev);
		expect_alive();
	}
}

/* Indirect tables that break a rule; the descriptor that points at the table is 0. */
static void bad_indirect_tables(const char *command_line)
{
	static const struct {
		uint32_t len;
		uint16_t flags; /* of the table's first entry */
		uint16_t next;
	} tables[] = {
		{ 0, 0, 0 }, /* empty */
		{ 15, 0, 0 }, /* not a whole entry */
		{ 40, VIRTQ_DESC_NEXT, 1 }, /* not whole entries */
		{ 16, VIRTQ_DESC_NEXT, 1 }, /* next behind the end */
		{ 32, VIRTQ_DESC_NEXT, 0 }, /* a loop */
		{ 16, VIRTQ_DESC_INDIRECT, 0 }, /* nested */
		{ UINT32_MAX & ~15u, VIRTQ_DESC_NEXT, 1 }, /* larger than memory */
	};

	(void)command_line;
	for (unsigned int i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct virtqueue *vq = open_rings(VIRTIO_F_INDIRECT_DESC);
		volatile struct virtq_desc *table = (volatile struct virtq_desc *)(victim + 12288);

		if (vq == NULL)
			return;
		virtio_ready(&blk.dev);
		good_request(vq);
		table[0].address = (uint64_t)victim;
		table[0].len = 16;
		table[0].flags = tables[i].flags;
		table[0].next = tables[i].next;
		descriptor(vq, 0, (uint64_t)table, tables[i].len, VIRTQ_DESC_INDIRECT, 0);
		notify(vq);
		if (!asks_for_reset())
			expect_equal(i, UINT64_MAX);
		virtio_reset(&blk.dev);
		expect_alive();
	}
}

/* Chains that are whole, but no request: an error or a reset, and in any case not silence. */
static void chains_that_are_no_request(const char *command_line)
{
	static const struct {
		uint32_t header, data, status; /* lengths */
	} shapes[] = { { 16, 512, 0 }, { 0, 512, 1 }, { 8, 512, 1 }, { 15, 0, 1 }, { 0, 0, 1 }, { 16, 0, 0 } };

	(void)command_line;
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct virtqueue *vq = open_rings(0);

		if (vq == NULL)
			return;
		virtio_ready(&blk.dev);
		good_request(vq);
		vq->desc[0].len = shapes[i].header;
		vq->desc[1].len = shapes[i].data;
		vq->desc[2].len = shapes[i].status;
		notify(vq);
		expect(reacts(vq, 1));
		virtio_reset(&blk.dev);
		expect_alive();
	}
}

static void rings_full_of_garbage(const char *command_line)
{
	struct random random = { 11 };

	(void)command_line;
	for (unsigned int round = 0; round < NR_GARBAGE_ROUNDS; round++) {
		struct virtqueue *vq = open_rings(round & 1 ? VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX : 0);

		if (vq == NULL)
			return;
		for (size_t i = 0; i < VICTIM_PAGES * PAGE_BYTES; i += 8) {
			uint64_t word = random_next(&random);

			memcpy(victim + i, &word, 8);
		}
		for (unsigned int i = 0; i < RING_SIZE; i++) {
			bool inside = random_below(&random, 8) != 0;
			uint64_t offset = random_below(&random, (VICTIM_PAGES - 2) * PAGE_BYTES);

			/* No request that could change the disk: a type is read from the victim, so it is made odd. */
			if (inside)
				memcpy(victim + offset, "\xff\xff\xff\x7f", 4);
			descriptor(vq, i, inside ? (uint64_t)victim + offset : random_next(&random) | 1ull << 45,
				   (uint32_t)random_below(&random, 2 * PAGE_BYTES), (uint16_t)random_below(&random, 8),
				   (uint16_t)random_below(&random, RING_SIZE + 1));
			vq->avail->ring[i] = (uint16_t)random_below(&random, RING_SIZE + 1);
		}
		virtio_ready(&blk.dev);
		vq->avail->flags = (uint16_t)random_next(&random);
		vq->avail->idx = (uint16_t)random_below(&random, RING_SIZE + 2);
		notify(vq);
		notify(vq);
		virtio_reset(&blk.dev);
	}
	expect_alive();
}

/* A queue that can't be: activation fails, or the registers refuse; a kick does nothing. */
static void impossible_queues(const char *command_line)
{
	static const struct {
		uint16_t size;
		uint64_t desc, avail, used; /* added to where the rings are */
	} queues[] = {
		{ 3, 0, 0, 0 },
		{ 0, 0, 0, 0 },
		{ 0xffff, 0, 0, 0 },
		{ 0x8000, 0, 0, 0 },
		{ RING_SIZE, 1, 0, 0 },
		{ RING_SIZE, 0, 1, 0 },
		{ RING_SIZE, 0, 0, 1 },
		{ RING_SIZE, UINT64_C(1) << 50, 0, 0 },
		{ RING_SIZE, 0, UINT64_C(1) << 50, 0 },
		{ RING_SIZE, 0, 0, UINT64_C(1) << 50 },
		{ RING_SIZE, UINT64_MAX << 4, 0, 0 },
	};

	(void)command_line;
	for (unsigned int i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		struct virtqueue *vq = open_rings(0);
		uint64_t common = blk.dev.common, desc, avail, used;

		if (vq == NULL)
			return;
		virtio_reset(&blk.dev);
		expect(virtio_negotiate(&blk.dev, VIRTIO_F_VERSION_1));
		desc = (uint64_t)vq->desc + queues[i].desc;
		avail = (uint64_t)vq->avail + queues[i].avail;
		used = (uint64_t)vq->used + queues[i].used;
		mmio_write16(common + VIRTIO_QUEUE_SELECT, 0);
		mmio_write16(common + VIRTIO_QUEUE_SIZE, queues[i].size);
		mmio_write32(common + VIRTIO_QUEUE_DESC, (uint32_t)desc);
		mmio_write32(common + VIRTIO_QUEUE_DESC + 4, (uint32_t)(desc >> 32));
		mmio_write32(common + VIRTIO_QUEUE_DRIVER, (uint32_t)avail);
		mmio_write32(common + VIRTIO_QUEUE_DRIVER + 4, (uint32_t)(avail >> 32));
		mmio_write32(common + VIRTIO_QUEUE_DEVICE, (uint32_t)used);
		mmio_write32(common + VIRTIO_QUEUE_DEVICE + 4, (uint32_t)(used >> 32));
		mmio_write16(common + VIRTIO_QUEUE_ENABLE, 1);
		virtio_ready(&blk.dev);
		notify(vq);
		virtio_reset(&blk.dev);
		expect_alive();
	}
}

static void features_are_checked(const char *command_line)
{
	(void)command_line;
	prepare();
	if (!virtio_open(&blk.dev, VIRTIO_ID_BLK, 0)) {
		expect(!"a disk");
		return;
	}
	/* Bits that are not offered. */
	virtio_set_status(&blk.dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	mmio_write32(blk.dev.common + VIRTIO_DRIVER_FEATURE_SELECT, 0);
	mmio_write32(blk.dev.common + VIRTIO_DRIVER_FEATURE, UINT32_MAX);
	mmio_write32(blk.dev.common + VIRTIO_DRIVER_FEATURE_SELECT, 1);
	mmio_write32(blk.dev.common + VIRTIO_DRIVER_FEATURE, UINT32_MAX);
	virtio_set_status(&blk.dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
	expect_equal(virtio_status(&blk.dev) & VIRTIO_STATUS_FEATURES_OK, 0);
	/* A driver of the old interface. */
	virtio_reset(&blk.dev);
	expect(!virtio_negotiate(&blk.dev, 0));
	/* Ready before anything was agreed on. */
	virtio_reset(&blk.dev);
	virtio_set_status(&blk.dev, VIRTIO_STATUS_DRIVER_OK);
	mmio_write16(blk.dev.notify, 0);
	virtio_reset(&blk.dev);
	/* Halves of features that do not exist. */
	mmio_write32(blk.dev.common + VIRTIO_DEVICE_FEATURE_SELECT, 2);
	expect_equal(mmio_read32(blk.dev.common + VIRTIO_DEVICE_FEATURE), 0);
	mmio_write32(blk.dev.common + VIRTIO_DEVICE_FEATURE_SELECT, UINT32_MAX);
	expect_equal(mmio_read32(blk.dev.common + VIRTIO_DEVICE_FEATURE), 0);
	expect_alive();
}

static void queues_that_do_not_exist(const char *command_line)
{
	(void)command_line;
	if (open_rings(0) == NULL)
		return;
	mmio_write16(blk.dev.common + VIRTIO_QUEUE_SELECT, 0xfffe);
	expect_equal(mmio_read16(blk.dev.common + VIRTIO_QUEUE_SIZE), 0);
	mmio_write16(blk.dev.common + VIRTIO_QUEUE_SIZE, 16);
	mmio_write32(blk.dev.common + VIRTIO_QUEUE_DESC, 0x1000);
	mmio_write16(blk.dev.common + VIRTIO_QUEUE_VECTOR, 1);
	mmio_write16(blk.dev.common + VIRTIO_QUEUE_ENABLE, 1);
	expect_equal(mmio_read16(blk.dev.common + VIRTIO_QUEUE_SIZE), 0);
	virtio_ready(&blk.dev);
	for (uint32_t offset = 0; offset < BAR_BYTES; offset += 4)
		mmio_write32((blk.dev.notify & ~UINT64_C(0xfff)) + offset, offset);
	virtio_reset(&blk.dev);
	expect_alive();
}

/* A vector that the device does not have reads back as none (4.1.5.1.2). */
static void vectors_that_do_not_exist(const char *command_line)
{
	(void)command_line;
	if (open_rings(0) == NULL)
		return;
	mmio_write16(blk.dev.common + VIRTIO_QUEUE_SELECT, 0);
	mmio_write16(blk.dev.common + VIRTIO_QUEUE_VECTOR, 0x7fff);
	expect_equal(mmio_read16(blk.dev.common + VIRTIO_QUEUE_VECTOR), VIRTIO_NO_VECTOR);
	mmio_write16(blk.dev.common + VIRTIO_CONFIG_VECTOR, 0x7fff);
	expect_equal(mmio_read16(blk.dev.common + VIRTIO_CONFIG_VECTOR), VIRTIO_NO_VECTOR);
	virtio_reset(&blk.dev);
	expect_alive();
}

static void reset_while_in_flight(const char *command_line)
{
	struct random random = { 13 };

	(void)command_line;
	prepare();
	for (unsigned int round = 0; round < 30; round++) {
		if (!blk_open(&blk, 0, 1, 0, false)) {
			expect(!"a disk");
			return;
		}
		while (blk_add(&blk.queues[0], BLK_READ, random_below(&random, 512),
			       victim + random_below(&random, 32) * PAGE_BYTES, 8 * PAGE_BYTES) >= 0)
			;
		virtqueue_kick(&blk.queues[0].vq);
		virtio_reset(&blk.dev);
		/* What the device wrote after the reset would show up here. */
		memset(victim, 0xa5, VICTIM_PAGES * PAGE_BYTES);
		for (unsigned int i = 0; i < 1000; i++)
			cpu_pause();
		for (size_t i = 0; i < VICTIM_PAGES * PAGE_BYTES; i += 512)
			expect_equal(victim[i], 0xa5);
	}
	expect_alive();
}

static void write_one(struct random *random, uint64_t at)
{
	uint64_t value = random_next(random) >> random_below(random, 64);

	switch (random_below(random, 4)) {
	case 0:
		mmio_write8(at, (uint8_t)value);
		break;
	case 1:
		mmio_write16(at & ~UINT64_C(1), (uint16_t)value);
		break;
	case 2:
		mmio_write32(at & ~UINT64_C(3), (uint32_t)value);
		break;
	default:
		mmio_write64(at & ~UINT64_C(7), value);
	}
}

/* Garbage into [base, base + bytes). Where that hits a queue's address in the common configuration at `common` (0:
 * there is none), it is moved out of memory at once: a device that is told to use rings in this image would do so. */
static void write_garbage(struct random *random, uint64_t base, uint32_t bytes, uint64_t common)
{
	for (unsigned int i = 0; i < NR_GARBAGE_WRITES; i++) {
		uint64_t at = base + random_below(random, bytes), offset = at - common;

		write_one(random, at);
		if (common == 0 || offset < VIRTIO_QUEUE_DESC || offset >= VIRTIO_COMMON_BYTES)
			continue;
		mmio_write32(at & ~UINT64_C(7), (uint32_t)random_next(random) | 0xc0000000);
		mmio_write32((at & ~UINT64_C(7)) + 4, (uint32_t)random_next(random));
	}
}

/* Calls `attack` for each virtio function. */
static void for_each_virtio(void (*attack)(uint64_t config, struct random *random))
{
	struct random random = { 17 };

	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++) {
		uint64_t config = pci_config(slot);

		if (mmio_read16(config + PCI_VENDOR) == VIRTIO_VENDOR)
			attack(config, &random);
	}
}

/* Interrupts stay off, for garbage in the MSI-X table can ask for an INIT of this processor. */
static void attack_registers(uint64_t config, struct random *random)
{
	uint64_t registers = pci_bar_address(config, 0), notify_page = pci_bar_address(config, 2);
	uint8_t msix = pci_capability(config, PCI_CAPABILITY_MSIX, 0);
	uint64_t table = registers + (mmio_read32(config + msix + 4u) & ~UINT32_C(7));
	unsigned int nr_vectors = (mmio_read16(config + msix + 2u) & 0x7ffu) + 1;

	mmio_write16(config + msix + 2u, 0);
	mmio_write16(config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (unsigned int i = 0; i < 4; i++) {
		write_garbage(random, registers, VIRTIO_COMMON_BYTES, registers);
		write_garbage(random, registers, BAR_BYTES, registers);
		write_garbage(random, notify_page, BAR_BYTES, 0);
		mmio_read32(notify_page + 0x800);
	}
	/* Back to what a driver expects to find. */
	for (unsigned int i = 0; i < nr_vectors; i++) {
		for (unsigned int word = 0; word < 4; word++)
			mmio_write32(table + 16ull * i + 4ull * word, word == 3);
	}
	mmio_write8(registers + VIRTIO_STATUS, 0);
	while (mmio_read8(registers + VIRTIO_STATUS) != 0)
		cpu_pause();
}

static void garbage_in_every_register(const char *command_line)
{
	(void)command_line;
	prepare();
	for_each_virtio(attack_registers);
	expect_alive();
}

static void attack_config_space(uint64_t config, struct random *random)
{
	uint32_t bars[PCI_NR_BARS];
	uint8_t msix = pci_capability(config, PCI_CAPABILITY_MSIX, 0);

	for (unsigned int i = 0; i < PCI_NR_BARS; i++)
		bars[i] = mmio_read32(config + PCI_BAR0 + 4 * i);
	write_garbage(random, config, 0x100, 0);
	write_garbage(random, config, 0x40, 0);
	write_garbage(random, config, PAGE_BYTES, 0);
	mmio_write16(config + PCI_COMMAND, 0);
	for (unsigned int i = 0; i < PCI_NR_BARS; i++)
		mmio_write32(config + PCI_BAR0 + 4 * i, bars[i]);
	mmio_write16(config + msix + 2u, 0);
	mmio_write16(config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (unsigned int i = 0; i < PCI_NR_BARS; i++)
		expect_equal(mmio_read32(config + PCI_BAR0 + 4 * i), bars[i]);
}

static void garbage_in_config_space(const char *command_line)
{
	(void)command_line;
	prepare();
	for_each_virtio(attack_config_space);
	expect_alive();
}

/* A BAR on top of memory, of another BAR, of the ECAM window, of an APIC: it answers nowhere, and what was there stays.
 */
static void bars_where_they_may_not_be(const char *command_line)
{
	uint64_t config, other;
	uint32_t home;

	(void)command_line;
	prepare();
	config = pci_find(VIRTIO_VENDOR, 0x1040 + VIRTIO_ID_RNG, 0);
	other = pci_find(VIRTIO_VENDOR, 0x1040 + VIRTIO_ID_BLK, 0);
	if (config == 0 || other == 0) {
		expect(!"an rng and a disk");
		return;
	}
	expect_alive(); /* and decodes its addresses, so that they are taken */
	mmio_write16(config + PCI_COMMAND, PCI_COMMAND_MEMORY);
	home = mmio_read32(config + PCI_BAR0);
	memset(victim, 0x5a, PAGE_BYTES);
	mmio_write32(config + PCI_BAR0, (uint32_t)(uint64_t)victim);
	expect_equal(victim[0], 0x5a);
	mmio_write32(config + PCI_BAR0, (uint32_t)pci_ecam());
	expect(mmio_read16(pci_ecam()) != 0xffff);
	mmio_write32(config + PCI_BAR0, 0xfee00000);
	mmio_write32(config + PCI_BAR0, 0xfec00000);
	mmio_write32(config + PCI_BAR0, mmio_read32(other + PCI_BAR0));
	expect_alive();
	mmio_write32(config + PCI_BAR0, 0);
	mmio_write32(config + PCI_BAR0, 0xfffff000);
	mmio_write32(config + PCI_BAR0, home);
	expect_equal(mmio_read8(home + (uint64_t)VIRTIO_STATUS), 0);
	expect_alive();
}

const struct test tests_hostile[] = {
	{ "features_are_checked", features_are_checked },
	{ "broken_rules_ask_for_a_reset", broken_rules_ask_for_a_reset },
	{ "bad_indirect_tables", bad_indirect_tables },
	{ "chains_that_are_no_request", chains_that_are_no_request },
	{ "rings_full_of_garbage", rings_full_of_garbage },
	{ "impossible_queues", impossible_queues },
	{ "queues_that_do_not_exist", queues_that_do_not_exist },
	{ "vectors_that_do_not_exist", vectors_that_do_not_exist },
	{ "reset_while_in_flight", reset_while_in_flight },
	{ "bars_where_they_may_not_be", bars_where_they_may_not_be },
	{ "garbage_in_every_register", garbage_in_every_register },
	{ "garbage_in_config_space", garbage_in_config_space },
	TEST_END,
};
