#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "devices/pci_root.h"
#include "test/unit/stub_kvm.h"
#include "test/unit/unit.h"

#define ECAM UINT64_C(0xe0000000)
#define WINDOW UINT64_C(0xc0000000)
#define WINDOW_BYTES UINT64_C(0x20000000)
#define SLOT_BYTES 0x8000

/* A function with a page of memory in BAR 0 and a trapped page of 64 KiB in BAR 2. */
struct test_function {
	struct pci_function function;
	pthread_mutex_t lock;
	uint8_t page[4096] __attribute__((aligned(4096)));
	uint64_t last_offset;
	uint64_t last_value;
	unsigned int nr_writes;
	gpa_t moved_to;
	unsigned int nr_moves;
	unsigned int last_config_reg;
};

static struct bus bus;
static struct kvm kvm;
static struct pci_root *root;

static uint64_t trapped_read(void *owner, uint64_t offset, unsigned int size)
{
	(void)owner;
	(void)size;
	return 0x1000 + offset;
}

static void trapped_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct test_function *t = owner;

	(void)size;
	t->last_offset = offset;
	t->last_value = value;
	t->nr_writes++;
}

static const struct bus_ops trapped_ops = { .read = trapped_read, .write = trapped_write };

static void moved(struct pci_function *function, unsigned int bar, gpa_t address)
{
	struct test_function *t = function->owner;

	ck_assert_uint_eq(bar, 2);
	t->moved_to = address;
	t->nr_moves++;
}

static void config_written(struct pci_function *function, unsigned int reg)
{
	struct test_function *t = function->owner;

	t->last_config_reg = reg;
}

static void add(struct test_function *t)
{
	static const struct pci_identity identity = {
		.vendor = 0x1af4,
		.device = 0x1042,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1042,
		.class_code = 0x010000,
		.revision = 1,
	};

	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
	t->function.name = "test";
	t->function.owner = t;
	t->function.config_written = config_written;
	t->function.bars[0] = (struct pci_bar){
		.range = { .size_bytes = 4096, .ops = &trapped_ops, .owner = t, .lock = &t->lock, .name = "bar 0" },
		.host = t->page,
	};
	t->function.bars[2] = (struct pci_bar){
		.range = { .size_bytes = 65536, .ops = &trapped_ops, .owner = t, .lock = &t->lock, .name = "bar 2" },
		.moved = moved,
	};
	ck_assert_int_eq(pci_root_add(root, &t->function, &identity), 0);
}

static struct test_function one, two;

static void setup(void)
{
	const struct pci_root_config config = {
		.kvm = &kvm,
		.bus = &bus,
		.ecam_base = ECAM,
		.window_base = WINDOW,
		.window_size_bytes = WINDOW_BYTES,
	};

	stub_kvm_reset();
	bus_init(&bus);
	ck_assert_int_eq(pci_root_create(&config, &root), 0);
	add(&one);
	add(&two);
}

static void teardown(void)
{
	pci_root_remove(root, &one.function);
	pci_root_remove(root, &two.function);
	pci_root_destroy(root);
	bus_fini(&bus);
}

static gpa_t config_gpa(const struct test_function *t, unsigned int reg)
{
	return ECAM + t->function.slot * SLOT_BYTES + reg;
}

static uint32_t config_load(const struct test_function *t, unsigned int reg, unsigned int size)
{
	return (uint32_t)guest_load(&bus, config_gpa(t, reg), size);
}

static void config_store(const struct test_function *t, unsigned int reg, unsigned int size, uint64_t value)
{
	guest_store(&bus, config_gpa(t, reg), size, value);
}

static void decode(const struct test_function *t, bool on)
{
	config_store(t, PCI_COMMAND, 2, on ? PCI_COMMAND_MEMORY : 0);
}

START_TEST(absent_functions_read_all_ones_without_an_exit)
{
	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++)
		for (unsigned int function = 0; function < 8; function++) {
			gpa_t gpa = ECAM + slot * SLOT_BYTES + function * 4096;
			bool present = slot <= 2 && function == 0;

			ck_assert_int_eq(guest_load(&bus, gpa, 4) != UINT32_MAX, present);
			if (!present) {
				ck_assert_uint_eq(guest_load(&bus, gpa + 0xffc, 4), UINT32_MAX);
				ck_assert_uint_eq(guest_load(&bus, gpa + 0x100, 8), UINT64_MAX);
			}
		}
	ck_assert_uint_eq(stub_kvm_nr_exits(), 0);
}
END_TEST

START_TEST(slot_0_is_a_host_bridge_without_bars)
{
	ck_assert_uint_eq(guest_load(&bus, ECAM + PCI_CLASS_REVISION, 4) >> 8, 0x060000);
	ck_assert_uint_eq(guest_load(&bus, ECAM + PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
		guest_store(&bus, ECAM + PCI_BASE_ADDRESS_0 + 4 * i, 4, UINT32_MAX);
		ck_assert_uint_eq(guest_load(&bus, ECAM + PCI_BASE_ADDRESS_0 + 4 * i, 4), 0);
	}
}
END_TEST

START_TEST(header_offers_no_intx_and_no_rom)
{
	ck_assert_uint_eq(config_load(&one, PCI_VENDOR_ID, 4), 0x10421af4);
	ck_assert_uint_eq(config_load(&one, PCI_CLASS_REVISION, 4), 0x01000001);
	ck_assert_uint_eq(config_load(&one, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x10421af4);
	ck_assert_uint_eq(config_load(&one, PCI_INTERRUPT_PIN, 1), 0);
	config_store(&one, PCI_ROM_ADDRESS, 4, 0xfffff800);
	ck_assert_uint_eq(config_load(&one, PCI_ROM_ADDRESS, 4), 0);
	ck_assert_uint_eq(config_load(&one, PCI_COMMAND, 2), PCI_COMMAND_INTX_DISABLE);
}
END_TEST

START_TEST(bars_are_sized_restored_and_enabled_as_linux_does_it)
{
	static const uint32_t sizes[PCI_NR_BARS] = { 4096, 0, 65536, 0, 0, 0 };
	uint32_t first;

	for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
		unsigned int reg = PCI_BASE_ADDRESS_0 + 4 * i;
		uint32_t address = config_load(&one, reg, 4);

		config_store(&one, reg, 4, UINT32_MAX);
		ck_assert_uint_eq(config_load(&one, reg, 4), sizes[i] ? ~(sizes[i] - 1) : 0);
		config_store(&one, reg, 4, address);
		ck_assert_uint_eq(config_load(&one, reg, 4), address);
		if (sizes[i]) {
			ck_assert_uint_ge(address, WINDOW);
			ck_assert_uint_eq(address % sizes[i], 0);
		}
	}
	first = config_load(&one, PCI_BASE_ADDRESS_2, 4);
	ck_assert_uint_eq(one.nr_moves, 0);
	ck_assert_uint_eq(guest_load(&bus, first, 4), UINT32_MAX); /* not decoding yet */
	decode(&one, true);
	ck_assert_uint_eq(one.moved_to, first);
	ck_assert_uint_eq(guest_load(&bus, first + 8, 4), 0x1008);
	memcpy(one.page, "page", 4);
	ck_assert_uint_eq(guest_load(&bus, config_load(&one, PCI_BASE_ADDRESS_0, 4), 4), 0x65676170);
}
END_TEST

START_TEST(a_rewritten_address_that_is_the_same_moves_nothing)
{
	uint32_t address = config_load(&one, PCI_BASE_ADDRESS_2, 4);

	decode(&one, true);
	config_store(&one, PCI_BASE_ADDRESS_2, 4, address);
	config_store(&one, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ck_assert_uint_eq(one.nr_moves, 1);
}
END_TEST

START_TEST(a_relocated_bar_answers_at_its_new_place_only)
{
	uint32_t old = config_load(&one, PCI_BASE_ADDRESS_2, 4), new = WINDOW + 0x1000000;
	uint32_t old_page = config_load(&one, PCI_BASE_ADDRESS_0, 4), new_page = WINDOW + 0x2000000;

	decode(&one, true);
	config_store(&one, PCI_BASE_ADDRESS_2, 4, new);
	config_store(&one, PCI_BASE_ADDRESS_0, 4, new_page);
	ck_assert_uint_eq(one.moved_to, new);
	ck_assert_uint_eq(guest_load(&bus, old, 4), UINT32_MAX);
	ck_assert_uint_eq(guest_load(&bus, old_page, 4), UINT32_MAX);
	one.page[0] = 7;
	ck_assert_uint_eq(guest_load(&bus, new_page, 1), 7);
	guest_store(&bus, new + 0xfffc, 4, 5);
	ck_assert_uint_eq(one.last_offset, 0xfffc);
	guest_store(&bus, new_page + 0xffc, 4, 6);
	ck_assert_uint_eq(one.last_value, 6);
	ck_assert_uint_eq(one.page[0xffc], 0); /* stores go to the device, never to the page */
	decode(&one, false);
	ck_assert_uint_eq(one.moved_to, 0);
	ck_assert_uint_eq(guest_load(&bus, new, 4), UINT32_MAX);
	ck_assert_uint_eq(stub_kvm_nr_memslots(), 1);
}
END_TEST

START_TEST(a_bar_outside_the_window_answers_nowhere)
{
	static const uint32_t addresses[] = { 0,	  0x1000,     0xbffff000, 0xe0000000,
					      0xfee00000, 0xfec00000, 0xfffff000, (uint32_t)(WINDOW - 0x1000) };

	decode(&one, true);
	for (unsigned int i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		config_store(&one, PCI_BASE_ADDRESS_0, 4, addresses[i]);
		ck_assert_uint_eq(one.function.bars[0].address, 0);
		ck_assert_uint_eq(stub_kvm_nr_memslots(), 1);
	}
}
END_TEST

START_TEST(a_bar_on_top_of_another_is_refused_until_the_place_is_free)
{
	uint32_t taken = config_load(&one, PCI_BASE_ADDRESS_2, 4);

	decode(&one, true);
	decode(&two, true);
	config_store(&two, PCI_BASE_ADDRESS_0, 4, taken + 0x4000);
	ck_assert_uint_eq(two.function.bars[0].address, 0);
	guest_store(&bus, taken + 0x4000, 4, 1);
	ck_assert_uint_eq(one.nr_writes, 1);
	ck_assert_uint_eq(two.nr_writes, 0);
	config_store(&one, PCI_BASE_ADDRESS_2, 4, taken + 0x100000);
	ck_assert_uint_eq(two.function.bars[0].address, taken + 0x4000);
}
END_TEST

START_TEST(a_bar_that_kvm_refuses_is_unmapped_and_harmless)
{
	uint32_t address = config_load(&one, PCI_BASE_ADDRESS_0, 4);

	stub_kvm_memslot_error = -ENOMEM;
	decode(&one, true);
	ck_assert_uint_eq(one.function.bars[0].address, 0);
	ck_assert_uint_eq(guest_load(&bus, address, 4), UINT32_MAX);
	stub_kvm_memslot_error = 0;
	decode(&one, false);
	decode(&one, true);
	ck_assert_uint_eq(one.function.bars[0].address, address);
}
END_TEST

START_TEST(a_guest_that_moves_a_bar_for_ever_uses_up_no_memslots)
{
	decode(&one, true);
	for (unsigned int i = 0; i < 1000; i++)
		config_store(&one, PCI_BASE_ADDRESS_0, 4, WINDOW + 0x1000000 + (i % 16) * 4096);
	ck_assert_uint_ne(one.function.bars[0].address, 0);
	ck_assert_uint_eq(stub_kvm_nr_memslots(), 2);
}
END_TEST

/* Writable by a guest, byte by byte: command (memory, master, INTx disable), cache line, latency, line, BAR bits. */
static uint8_t writable_bits(unsigned int offset)
{
	switch (offset) {
	case PCI_COMMAND:
		return PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	case PCI_COMMAND + 1:
		return PCI_COMMAND_INTX_DISABLE >> 8;
	case PCI_CACHE_LINE_SIZE:
	case PCI_LATENCY_TIMER:
	case PCI_INTERRUPT_LINE:
	case PCI_BASE_ADDRESS_0 + 2:
	case PCI_BASE_ADDRESS_0 + 3:
	case PCI_BASE_ADDRESS_2 + 2:
	case PCI_BASE_ADDRESS_2 + 3:
		return 0xff;
	case PCI_BASE_ADDRESS_0 + 1:
		return 0xf0;
	default:
		return 0;
	}
}

static void copy_window(uint8_t *to)
{
	for (unsigned int i = 0; i < PCI_ECAM_BYTES; i += 8) {
		uint64_t value = guest_load(&bus, ECAM + i, 8);

		memcpy(to + i, &value, 8);
	}
}

START_TEST(no_write_of_any_size_and_offset_changes_a_read_only_bit)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	static uint8_t before[PCI_ECAM_BYTES], after[PCI_ECAM_BYTES];
	gpa_t base = config_gpa(&one, 0);

	copy_window(before);
	for (unsigned int pattern = 0; pattern < 3; pattern++)
		for (unsigned int s = 0; s < 4; s++)
			for (unsigned int offset = 0; offset < 2 * 4096; offset++) {
				static const uint64_t values[] = { UINT64_MAX, 0, 0xa5a5a5a5a5a5a5a5 };

				guest_store(&bus, base + offset, sizes[s], values[pattern]);
			}
	copy_window(after);
	for (unsigned int i = 0; i < PCI_ECAM_BYTES; i++) {
		bool in_function = i / SLOT_BYTES == one.function.slot && i % SLOT_BYTES < 4096;
		uint8_t writable = in_function ? writable_bits(i % SLOT_BYTES) : 0;

		if ((before[i] ^ after[i]) & ~writable)
			ck_abort_msg("offset 0x%x: 0x%02x became 0x%02x", i, before[i], after[i]);
	}
}
END_TEST

START_TEST(a_write_across_dwords_reaches_both_and_nothing_beyond)
{
	config_store(&one, PCI_BASE_ADDRESS_0, 4, 0);
	config_store(&one, PCI_BASE_ADDRESS_0 + 2, 4, 0xffffc123); /* BAR 0 upper half, BAR 1 lower half: not there */
	ck_assert_uint_eq(config_load(&one, PCI_BASE_ADDRESS_0, 4), 0xc1230000);
	ck_assert_uint_eq(config_load(&one, PCI_BASE_ADDRESS_1, 4), 0);
	config_store(&one, PCI_BASE_ADDRESS_0, 8, UINT64_C(0x12345678c7654321));
	ck_assert_uint_eq(config_load(&one, PCI_BASE_ADDRESS_0, 4), 0xc7654000);
	guest_store(&bus, ECAM + PCI_ECAM_BYTES - 2, 4, 0); /* leaves the window: nobody answers */
	ck_assert_uint_eq(guest_load(&bus, ECAM + PCI_ECAM_BYTES - 4, 4), UINT32_MAX);
}
END_TEST

START_TEST(capabilities_are_linked_and_bounded)
{
	uint8_t body[14] = { 0x10 };
	int first, second, rc;

	ck_assert_uint_eq(config_load(&one, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, 0);
	first = pci_function_add_capability(&one.function, PCI_CAP_ID_VNDR, body, sizeof(body));
	second = pci_function_add_capability(&one.function, PCI_CAP_ID_MSIX, body, 10);
	ck_assert_int_eq(first, 0x40);
	ck_assert_int_eq(second, 0x50);
	ck_assert_uint_eq(config_load(&one, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, PCI_STATUS_CAP_LIST);
	ck_assert_uint_eq(config_load(&one, PCI_CAPABILITY_LIST, 1), 0x40);
	ck_assert_uint_eq(config_load(&one, 0x40, 4), 0x00105009);
	ck_assert_uint_eq(config_load(&one, 0x50, 2), PCI_CAP_ID_MSIX);
	do {
		rc = pci_function_add_capability(&one.function, PCI_CAP_ID_VNDR, body, sizeof(body));
	} while (rc >= 0);
	ck_assert_int_eq(rc, -ENOSPC);
	ck_assert_uint_le(one.function.next_free, PCI_HEADER_BYTES);
}
END_TEST

START_TEST(a_function_hears_of_writes_outside_decoding_only)
{
	decode(&one, true);
	config_store(&one, PCI_BASE_ADDRESS_0, 4, WINDOW);
	ck_assert_uint_eq(one.last_config_reg, 0);
	config_store(&one, 0x52, 2, 0xffff);
	ck_assert_uint_eq(one.last_config_reg, 0x50);
	ck_assert_uint_eq(config_load(&one, 0x50, 4), 0);
	config_store(&one, 0x100, 4, 0xffff); /* no extended capabilities */
	ck_assert_uint_eq(one.last_config_reg, 0x50);
}
END_TEST

START_TEST(a_full_bus_and_a_full_window_refuse_another_function)
{
	static const struct pci_identity identity = { .vendor = 1 };
	static struct test_function more[PCI_NR_SLOTS];
	struct test_function huge = { .function.bars[0].range.size_bytes = UINT64_C(1) << 30 };
	unsigned int nr = 0;

	ck_assert_int_eq(pci_root_add(root, &huge.function, &identity), -ENOSPC);
	ck_assert_uint_eq(guest_load(&bus, ECAM + 3 * SLOT_BYTES, 4), UINT32_MAX);
	while (pci_root_add(root, &more[nr].function, &identity) == 0)
		nr++;
	ck_assert_uint_eq(nr, PCI_NR_SLOTS - 3);
	for (unsigned int i = 0; i < nr; i++)
		pci_root_remove(root, &more[i].function);
	ck_assert_uint_eq(guest_load(&bus, ECAM + 31 * SLOT_BYTES, 4), UINT32_MAX);
}
END_TEST

START_TEST(a_bad_configuration_leaves_nothing_behind)
{
	const struct pci_root_config good = {
		.kvm = &kvm,
		.bus = &bus,
		.ecam_base = ECAM + PCI_ECAM_BYTES,
		.window_base = WINDOW,
		.window_size_bytes = WINDOW_BYTES,
	};
	struct pci_root_config bad = good;
	struct pci_root *other = NULL;
	unsigned int ranges = bus.maps[BUS_MMIO].nr;

	bad.ecam_base = 0x1000;
	ck_assert_int_eq(pci_root_create(&bad, &other), -EINVAL);
	bad = good;
	bad.window_size_bytes = UINT64_C(1) << 32;
	ck_assert_int_eq(pci_root_create(&bad, &other), -EINVAL);
	bad = good;
	bad.window_base = 0;
	ck_assert_int_eq(pci_root_create(&bad, &other), -EINVAL);
	bad = good;
	bad.ecam_base = ECAM;
	ck_assert_int_eq(pci_root_create(&bad, &other), -EEXIST);
	stub_kvm_memslot_error = -ENOMEM;
	ck_assert_int_eq(pci_root_create(&good, &other), -ENOMEM);
	stub_kvm_memslot_error = 0;
	ck_assert_ptr_null(other);
	ck_assert_uint_eq(bus.maps[BUS_MMIO].nr, ranges);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pci_root");
	TCase *tc = tcase_create("root");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, absent_functions_read_all_ones_without_an_exit);
	tcase_add_test(tc, slot_0_is_a_host_bridge_without_bars);
	tcase_add_test(tc, header_offers_no_intx_and_no_rom);
	tcase_add_test(tc, bars_are_sized_restored_and_enabled_as_linux_does_it);
	tcase_add_test(tc, a_rewritten_address_that_is_the_same_moves_nothing);
	tcase_add_test(tc, a_relocated_bar_answers_at_its_new_place_only);
	tcase_add_test(tc, a_bar_outside_the_window_answers_nowhere);
	tcase_add_test(tc, a_bar_on_top_of_another_is_refused_until_the_place_is_free);
	tcase_add_test(tc, a_bar_that_kvm_refuses_is_unmapped_and_harmless);
	tcase_add_test(tc, a_guest_that_moves_a_bar_for_ever_uses_up_no_memslots);
	tcase_add_test(tc, no_write_of_any_size_and_offset_changes_a_read_only_bit);
	tcase_add_test(tc, a_write_across_dwords_reaches_both_and_nothing_beyond);
	tcase_add_test(tc, capabilities_are_linked_and_bounded);
	tcase_add_test(tc, a_function_hears_of_writes_outside_decoding_only);
	tcase_add_test(tc, a_full_bus_and_a_full_window_refuse_another_function);
	tcase_add_test(tc, a_bad_configuration_leaves_nothing_behind);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
