#include <check.h>
#include <errno.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/base/checked.h"
#include "vmm/boot/kaslr.h"
#include "vmm/boot/place.h"

#define MIB (1ull << 20)

static struct test_guest guest;
static struct place place;

static void setup(void)
{
	test_guest_start(&guest);
	place_init(&place, &guest.request);
}

static void teardown(void)
{
	test_guest_end(&guest);
}

START_TEST(only_free_ram_is_free)
{
	ck_assert(place_is_free(&place, 1 * MIB, 63 * MIB));
	ck_assert(!place_is_free(&place, 1 * MIB, 63 * MIB + 1));
	ck_assert(!place_is_free(&place, 0xe0000, 0x1000)); /* reserved */
	ck_assert(!place_is_free(&place, 0x9f000, 0x1000)); /* runs into the hole */
	ck_assert(!place_is_free(&place, TEST_LOW_BASE, 1)); /* the boot structures' own */
	ck_assert(place_is_free(&place, 0, TEST_LOW_BASE));
	ck_assert(!place_is_free(&place, UINT64_MAX, 2));
	ck_assert(!place_is_free(&place, 2 * MIB, UINT64_MAX));
	place_take(&place, 32 * MIB, 1 * MIB);
	ck_assert(!place_is_free(&place, 31 * MIB, 1 * MIB + 1));
	ck_assert(place_is_free(&place, 31 * MIB, 1 * MIB));
	ck_assert(place_is_free(&place, 33 * MIB, 1 * MIB));
}
END_TEST

START_TEST(ram_that_e820_promises_must_be_there)
{
	guest.e820[2].size_bytes = 4096 * MIB;
	ck_assert(!place_is_free(&place, TEST_RAM_BYTES - 0x1000, 0x2000));
	ck_assert(!place_is_free(&place, TEST_RAM_BYTES, 0x1000));
}
END_TEST

START_TEST(finds_the_highest_range)
{
	gpa_t base;

	ck_assert_int_eq(place_highest(&place, 0x1001, 0x1000, UINT64_MAX, &base), 0);
	ck_assert_uint_eq(base, TEST_RAM_BYTES - 0x2000);
	ck_assert_int_eq(place_highest(&place, 0x1000, 0x1000, 8 * MIB, &base), 0);
	ck_assert_uint_eq(base, 8 * MIB - 0x1000);
	place_take(&place, base, 0x1000);
	ck_assert_int_eq(place_highest(&place, 0x1000, 0x1000, 8 * MIB, &base), 0);
	ck_assert_uint_eq(base, 8 * MIB - 0x2000);
	ck_assert_int_eq(place_highest(&place, 64 * MIB, 0x1000, UINT64_MAX, &base), -E2BIG);
	ck_assert_int_eq(place_highest(&place, UINT64_MAX, 0x1000, UINT64_MAX, &base), -E2BIG);
}
END_TEST

START_TEST(counts_and_finds_every_start)
{
	uint64_t nr;
	gpa_t base;

	place_take(&place, 30 * MIB, 1 * MIB);
	nr = place_count(&place, 4 * MIB, 2 * MIB, 16 * MIB);
	/* 16 to 26, 32 to 60 */
	ck_assert_uint_eq(nr, 6 + 15);
	for (uint64_t i = 0; i < nr; i++) {
		ck_assert_int_eq(place_nth(&place, 4 * MIB, 2 * MIB, 16 * MIB, i, &base), 0);
		ck_assert(place_is_free(&place, base, 4 * MIB));
		ck_assert_uint_eq(base % (2 * MIB), 0);
	}
	ck_assert_uint_eq(base, 60 * MIB);
	ck_assert_int_eq(place_nth(&place, 4 * MIB, 2 * MIB, 16 * MIB, nr, &base), -E2BIG);
}
END_TEST

static struct kernel_image relocatable(uint64_t size_bytes)
{
	return (struct kernel_image){
		.link_base = 16 * MIB,
		.size_bytes = size_bytes,
		.is_linux = 1,
		.is_relocatable = 1,
	};
}

START_TEST(randomises_both_addresses_within_bounds)
{
	struct kernel_image kernel = relocatable(5 * MIB);
	unsigned int base_changes = 0, delta_changes = 0;
	struct kaslr last = { 0 };

	place_take(&place, 40 * MIB, 3 * MIB);
	for (int i = 0; i < 200; i++) {
		struct kaslr kaslr;

		ck_assert_int_eq(kaslr_choose(&place, &kernel, 0x400000, true, &kaslr), 0);
		ck_assert(kaslr.is_random);
		ck_assert(place_is_free(&place, kaslr.base, kernel.size_bytes));
		ck_assert_uint_ge(kaslr.base, kernel.link_base);
		ck_assert_uint_eq(kaslr.base % 0x400000, 0);
		ck_assert_uint_eq(kaslr.delta % 0x400000, 0);
		ck_assert_uint_le(kernel.link_base + kaslr.delta + kernel.size_bytes, KERNEL_MAP_BYTES);
		base_changes += i && kaslr.base != last.base;
		delta_changes += i && kaslr.delta != last.delta;
		last = kaslr;
	}
	/* Ten and some 250 slots: repeats are likely, two hundred are not. */
	ck_assert_uint_gt(base_changes, 50);
	ck_assert_uint_gt(delta_changes, 150);
}
END_TEST

START_TEST(keeps_the_link_address_when_it_must)
{
	struct kernel_image kernel = relocatable(5 * MIB);
	struct kaslr kaslr;

	ck_assert_int_eq(kaslr_choose(&place, &kernel, 0, false, &kaslr), 0);
	ck_assert(!kaslr.is_random && kaslr.base == kernel.link_base && kaslr.delta == 0);
	kernel.is_relocatable = 0;
	ck_assert_int_eq(kaslr_choose(&place, &kernel, 0, true, &kaslr), 0);
	ck_assert(!kaslr.is_random && kaslr.base == kernel.link_base && kaslr.delta == 0);
	kernel = relocatable(5 * MIB);
	kernel.is_linux = 0;
	ck_assert_int_eq(kaslr_choose(&place, &kernel, 0, true, &kaslr), 0);
	ck_assert(!kaslr.is_random);
}
END_TEST

START_TEST(survives_hostile_alignments)
{
	static const uint64_t aligns[] = { 0, 1, 3, 0x1000, 0x200001, 1u << 31, UINT64_MAX, 1ull << 63 };
	struct kernel_image kernel = relocatable(5 * MIB);
	struct kaslr kaslr;

	for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
		ck_assert_int_eq(kaslr_choose(&place, &kernel, aligns[i], true, &kaslr), 0);
		ck_assert_uint_eq(kaslr.base % (2 * MIB), 0);
	}
}
END_TEST

START_TEST(says_when_there_is_no_room)
{
	struct kernel_image kernel = relocatable(TEST_RAM_BYTES);
	struct kaslr kaslr;

	ck_assert_int_eq(kaslr_choose(&place, &kernel, 0, true, &kaslr), -E2BIG);
	ck_assert_int_eq(kaslr_choose(&place, &kernel, 0, false, &kaslr), -E2BIG);
	kernel = relocatable(2 * KERNEL_MAP_BYTES);
	ck_assert_int_eq(kaslr_choose(&place, &kernel, 0, true, &kaslr), -E2BIG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_place");
	TCase *tcase = tcase_create("place");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, only_free_ram_is_free);
	tcase_add_test(tcase, ram_that_e820_promises_must_be_there);
	tcase_add_test(tcase, finds_the_highest_range);
	tcase_add_test(tcase, counts_and_finds_every_start);
	tcase_add_test(tcase, randomises_both_addresses_within_bounds);
	tcase_add_test(tcase, keeps_the_link_address_when_it_must);
	tcase_add_test(tcase, survives_hostile_alignments);
	tcase_add_test(tcase, says_when_there_is_no_room);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
