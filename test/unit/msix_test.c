#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "devices/msix.h"
#include "devices/register_page.h"
#include "test/unit/stub_kvm.h"
#include "test/unit/unit.h"

#define TABLE 0x800
#define PENDING 0xc00
#define NR_VECTORS 3
#define ADDRESS UINT64_C(0xfee01000)

static uint8_t config[4096] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));
static struct pci_function function;
static struct msix msix;

static void setup(void)
{
	static const struct pci_identity identity = { .vendor = 0x1af4 };
	const struct msix_config msix_config = {
		.function = &function,
		.nr_vectors = NR_VECTORS,
		.bar = 0,
		.table_offset = TABLE,
		.pending_offset = PENDING,
	};

	stub_kvm_reset();
	memset(page, 0, sizeof(page));
	memset(&function, 0, sizeof(function));
	function.name = "test";
	function.config = config;
	function.bars[0].host = page;
	pci_function_init(&function, &identity);
	ck_assert_int_eq(msix_init(&msix, &msix_config), 0);
}

static void teardown(void)
{
	msix_fini(&msix);
	ck_assert_uint_eq(stub_kvm_nr_open_vectors(), 0);
}

static void control(uint16_t value)
{
	pci_function_write(&function, msix.capability, (uint32_t)value << 16, 0xffff0000);
	msix_control_written(&msix);
}

static void entry(unsigned int vector, uint64_t address, uint32_t data)
{
	msix_table_write(&msix, vector * 16 + 0, 4, (uint32_t)address);
	msix_table_write(&msix, vector * 16 + 4, 4, (uint32_t)(address >> 32));
	msix_table_write(&msix, vector * 16 + 8, 4, data);
}

static void mask(unsigned int vector, bool masked)
{
	msix_table_write(&msix, vector * 16 + 12, 4, masked);
}

static uint64_t pending(void)
{
	return register_page_get64(page, PENDING);
}

START_TEST(capability_says_where_table_and_pending_bits_are)
{
	ck_assert_uint_eq(register_page_get8(config, msix.capability), PCI_CAP_ID_MSIX);
	ck_assert_uint_eq(register_page_get16(config, msix.capability + 2), NR_VECTORS - 1);
	ck_assert_uint_eq(register_page_get32(config, msix.capability + 4), TABLE);
	ck_assert_uint_eq(register_page_get32(config, msix.capability + 8), PENDING);
	for (unsigned int i = 0; i < NR_VECTORS; i++)
		ck_assert_uint_eq(register_page_get32(page, TABLE + i * 16 + 12), 1);
}
END_TEST

START_TEST(only_enable_and_function_mask_are_writable_in_control)
{
	pci_function_write(&function, msix.capability, UINT32_MAX, UINT32_MAX);
	ck_assert_uint_eq(register_page_get16(config, msix.capability + 2),
			  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL | (NR_VECTORS - 1));
	ck_assert_uint_eq(register_page_get8(config, msix.capability), PCI_CAP_ID_MSIX);
}
END_TEST

START_TEST(linux_order_enable_masked_fill_unmask_delivers_to_the_entry)
{
	control(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (unsigned int i = 0; i < NR_VECTORS; i++)
		mask(i, true);
	entry(1, ADDRESS, 0x4021);
	control(PCI_MSIX_FLAGS_ENABLE);
	ck_assert_uint_eq(stub_kvm_nr_open_vectors(), 0); /* KVM is not asked before the guest lets one through */
	mask(1, false);
	ck_assert_uint_eq(stub_kvm_nr_open_vectors(), 1);
	ck_assert(msix_signal(&msix, 1));
	ck_assert_uint_eq(stub_kvm_nr_msis(), 1);
	ck_assert_uint_eq(stub_kvm_last_msi().address, ADDRESS);
	ck_assert_uint_eq(stub_kvm_last_msi().data, 0x4021);
	ck_assert_uint_eq(pending(), 0);
}
END_TEST

START_TEST(a_masked_vector_is_shown_pending_and_delivered_once_at_unmask)
{
	control(PCI_MSIX_FLAGS_ENABLE);
	entry(2, ADDRESS, 0x30);
	ck_assert(msix_signal(&msix, 2));
	ck_assert(msix_signal(&msix, 2));
	ck_assert_uint_eq(pending(), 1 << 2);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 0);
	mask(2, false);
	ck_assert_uint_eq(pending(), 0);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 1);
	mask(2, true);
	ck_assert(msix_signal(&msix, 2));
	ck_assert_uint_eq(pending(), 1 << 2);
	mask(2, false);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 2);
}
END_TEST

START_TEST(the_function_mask_holds_all_vectors_back)
{
	control(PCI_MSIX_FLAGS_ENABLE);
	for (unsigned int i = 0; i < NR_VECTORS; i++) {
		entry(i, ADDRESS, 0x30 + i);
		mask(i, false);
	}
	control(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (unsigned int i = 0; i < NR_VECTORS; i++)
		ck_assert(msix_signal(&msix, i));
	ck_assert_uint_eq(pending(), 7);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 0);
	control(PCI_MSIX_FLAGS_ENABLE);
	ck_assert_uint_eq(pending(), 0);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 3);
}
END_TEST

START_TEST(a_disabled_function_signals_nothing_and_says_so)
{
	entry(0, ADDRESS, 0x30);
	mask(0, false);
	ck_assert(!msix_signal(&msix, 0));
	control(PCI_MSIX_FLAGS_ENABLE);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 0);
	ck_assert(msix_signal(&msix, 0));
	control(0);
	ck_assert(!msix_signal(&msix, 0));
	ck_assert_uint_eq(stub_kvm_nr_msis(), 1);
	ck_assert_uint_eq(stub_kvm_nr_open_vectors(), 0);
}
END_TEST

START_TEST(a_vector_that_is_not_there_is_refused)
{
	control(PCI_MSIX_FLAGS_ENABLE);
	ck_assert(!msix_signal(&msix, NR_VECTORS));
	ck_assert(!msix_signal(&msix, 0xffff));
}
END_TEST

START_TEST(an_entry_changed_while_open_is_rerouted)
{
	control(PCI_MSIX_FLAGS_ENABLE);
	entry(0, ADDRESS, 0x30);
	mask(0, false);
	msix_table_write(&msix, 8, 4, 0x31);
	ck_assert(msix_signal(&msix, 0));
	ck_assert_uint_eq(stub_kvm_last_msi().data, 0x31);
}
END_TEST

START_TEST(qwords_count_as_two_dwords_and_other_sizes_as_none)
{
	msix_table_write(&msix, 0, 8, UINT64_C(0x1fee01000));
	msix_table_write(&msix, 8, 8, 0x55);
	ck_assert_uint_eq(register_page_get64(page, TABLE), UINT64_C(0x1fee01000));
	ck_assert_uint_eq(register_page_get64(page, TABLE + 8), 0x55);
	msix_table_write(&msix, 8, 2, 0x66);
	msix_table_write(&msix, 8, 1, 0x66);
	msix_table_write(&msix, 6, 4, UINT32_MAX);
	msix_table_write(&msix, 4, 8, UINT64_MAX);
	ck_assert_uint_eq(register_page_get64(page, TABLE), UINT64_C(0x1fee01000));
	ck_assert_uint_eq(register_page_get64(page, TABLE + 8), 0x55);
}
END_TEST

START_TEST(reserved_control_bits_and_bytes_past_the_table_stay_zero)
{
	msix_table_write(&msix, 12, 4, UINT32_MAX);
	ck_assert_uint_eq(register_page_get32(page, TABLE + 12), 1);
	for (uint64_t offset = NR_VECTORS * 16; offset < 0x800; offset += 4)
		msix_table_write(&msix, offset, 4, UINT32_MAX);
	msix_table_write(&msix, UINT64_MAX - 7, 8, UINT64_MAX);
	for (unsigned int i = TABLE + NR_VECTORS * 16; i < 4096; i++)
		ck_assert_uint_eq(page[i], 0);
}
END_TEST

START_TEST(a_vector_that_kvm_refuses_stays_closed_and_keeps_its_signal)
{
	control(PCI_MSIX_FLAGS_ENABLE);
	stub_kvm_msi_error = -ENOSPC;
	mask(0, false);
	ck_assert(msix_signal(&msix, 0));
	ck_assert_uint_eq(pending(), 1);
	stub_kvm_msi_error = 0;
	mask(0, false);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 1);
	ck_assert_uint_eq(pending(), 0);
}
END_TEST

START_TEST(a_vector_has_an_eventfd_while_the_function_is_enabled)
{
	ck_assert_int_eq(msix_eventfd(&msix, 0), -ENOENT);
	control(PCI_MSIX_FLAGS_ENABLE);
	ck_assert_int_eq(msix_eventfd(&msix, 0), STUB_KVM_EVENTFD);
	ck_assert_int_eq(msix_eventfd(&msix, NR_VECTORS), -ENOENT);
	ck_assert_int_eq(msix_eventfd(&msix, 0xffff), -ENOENT);
	control(0);
	ck_assert_int_eq(msix_eventfd(&msix, 0), -ENOENT);
}
END_TEST

START_TEST(a_bad_description_is_refused)
{
	struct msix_config bad = { .function = &function, .nr_vectors = 0 };
	struct msix other;

	ck_assert_int_eq(msix_init(&other, &bad), -EINVAL);
	bad.nr_vectors = MSIX_MAX_VECTORS + 1;
	ck_assert_int_eq(msix_init(&other, &bad), -EINVAL);
	bad.nr_vectors = 1;
	bad.table_offset = 4;
	ck_assert_int_eq(msix_init(&other, &bad), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("msix");
	TCase *tc = tcase_create("msix");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, capability_says_where_table_and_pending_bits_are);
	tcase_add_test(tc, only_enable_and_function_mask_are_writable_in_control);
	tcase_add_test(tc, linux_order_enable_masked_fill_unmask_delivers_to_the_entry);
	tcase_add_test(tc, a_masked_vector_is_shown_pending_and_delivered_once_at_unmask);
	tcase_add_test(tc, the_function_mask_holds_all_vectors_back);
	tcase_add_test(tc, a_disabled_function_signals_nothing_and_says_so);
	tcase_add_test(tc, a_vector_that_is_not_there_is_refused);
	tcase_add_test(tc, an_entry_changed_while_open_is_rerouted);
	tcase_add_test(tc, qwords_count_as_two_dwords_and_other_sizes_as_none);
	tcase_add_test(tc, reserved_control_bits_and_bytes_past_the_table_stay_zero);
	tcase_add_test(tc, a_vector_that_kvm_refuses_stays_closed_and_keeps_its_signal);
	tcase_add_test(tc, a_vector_has_an_eventfd_while_the_function_is_enabled);
	tcase_add_test(tc, a_bad_description_is_refused);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
