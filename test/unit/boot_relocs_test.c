#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/base/endian.h"
#include "vmm/boot/elf.h"
#include "vmm/boot/load.h"
#include "vmm/boot/relocs.h"

#define DELTA 0x12400000ull

static struct test_guest guest;

static void setup(void)
{
	test_guest_start(&guest);
}

static void teardown(void)
{
	test_guest_end(&guest);
}

static uint64_t linked_value(uint64_t place, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)test_kernel_byte(place + i) << 8 * i;
	return value;
}

static uint64_t loaded_value(uint64_t place, unsigned int bytes)
{
	le64 value = { 0 };

	ck_assert_int_eq(guest_memory_read(&guest.memory, TEST_LINK_BASE + place, &value, bytes), 0);
	return le64_get(value);
}

static void check_applied(bool with_inverse)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	struct source src;
	const char *why;

	test_add_relocs(&file, with_inverse);
	src = source_from_bytes(file.data, file.len);
	ck_assert_int_eq(elf_read(&src, &kernel, &why), 0);
	ck_assert_uint_eq(kernel.is_relocatable, 1);
	ck_assert_uint_eq(kernel.relocs[RELOC_ADD64].nr_entries, 1);
	ck_assert_uint_eq(kernel.relocs[RELOC_SUB32].nr_entries, with_inverse);
	ck_assert_uint_eq(kernel.relocs[RELOC_ADD32].nr_entries, 1);

	ck_assert_int_eq(load_extents(&src, &kernel, &guest.memory, TEST_LINK_BASE), 0);
	ck_assert_int_eq(relocs_apply(&src, &kernel, &guest.memory, TEST_LINK_BASE, DELTA), 0);
	ck_assert_uint_eq(loaded_value(TEST_PLACE_ADD64, 8), linked_value(TEST_PLACE_ADD64, 8) + DELTA);
	ck_assert_uint_eq(loaded_value(TEST_PLACE_ADD32, 4), (uint32_t)(linked_value(TEST_PLACE_ADD32, 4) + DELTA));
	ck_assert_uint_eq(loaded_value(TEST_PLACE_SUB32, 4),
			  (uint32_t)(linked_value(TEST_PLACE_SUB32, 4) - (with_inverse ? DELTA : 0)));
	/* and nothing beside them */
	ck_assert_uint_eq(loaded_value(TEST_PLACE_ADD32 + 4, 4), linked_value(TEST_PLACE_ADD32 + 4, 4));
	ck_assert_uint_eq(loaded_value(TEST_PLACE_ADD64 - 8, 8), linked_value(TEST_PLACE_ADD64 - 8, 8));
	bytes_free(&file);
}

START_TEST(applies_three_lists)
{
	check_applied(true);
}
END_TEST

START_TEST(applies_two_lists_as_newer_kernels_have)
{
	check_applied(false);
}
END_TEST

START_TEST(reads_lists_of_many_chunks)
{
	const unsigned int nr = 60000;
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	struct source src;
	const char *why;
	le32 *table;

	table = calloc(nr + 2, sizeof(*table));
	ck_assert_ptr_nonnull(table);
	for (unsigned int i = 0; i < nr; i++)
		table[2 + i] = le32_make((uint32_t)(KERNEL_MAP_BASE + TEST_LINK_BASE + TEST_DATA_OFFSET + 4 * i));
	bytes_add(&file, table, (nr + 2) * sizeof(*table));
	free(table);
	src = source_from_bytes(file.data, file.len);
	ck_assert_int_eq(elf_read(&src, &kernel, &why), 0);
	ck_assert_uint_eq(kernel.relocs[RELOC_ADD32].nr_entries, nr);
	ck_assert_int_eq(load_extents(&src, &kernel, &guest.memory, TEST_LINK_BASE), 0);
	ck_assert_int_eq(relocs_apply(&src, &kernel, &guest.memory, TEST_LINK_BASE, 1), 0);
	ck_assert_uint_eq(loaded_value(TEST_DATA_OFFSET, 4), linked_value(TEST_DATA_OFFSET, 4) + 1);
	/* in the middle of the data there are zeros */
	ck_assert_uint_eq(loaded_value(TEST_DATA_OFFSET + 4 * (nr - 1), 4), 1);
	ck_assert_uint_eq(loaded_value(TEST_DATA_OFFSET + 4 * nr, 4), 0);
	bytes_free(&file);
}
END_TEST

/* Reads a vmlinux with these words behind it. */
static int read_with_words(const uint32_t *words, unsigned int nr, struct kernel_image *kernel)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct source src;
	const char *why;
	int ret;

	for (unsigned int i = 0; i < nr; i++)
		bytes_add_u32(&file, words[i]);
	src = source_from_bytes(file.data, file.len);
	ret = elf_read(&src, kernel, &why);
	ck_assert(ret == 0 || why);
	bytes_free(&file);
	return ret;
}

static uint32_t place(uint64_t image_offset)
{
	return (uint32_t)(KERNEL_MAP_BASE + TEST_LINK_BASE + image_offset);
}

START_TEST(refuses_places_outside_of_the_kernel)
{
	const uint32_t outside[] = {
		place(TEST_TEXT_BYTES), /* behind the text */
		place(TEST_TEXT_BYTES - 3), /* across its end */
		place(TEST_DATA_OFFSET - 4), /* before the data */
		place(TEST_DATA_OFFSET + TEST_DATA_BYTES), /* .bss */
		place(TEST_IMAGE_BYTES),
		place(0) - 4,
		0xffffffff,
		1,
	};
	struct kernel_image kernel;

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		uint32_t as_add32[] = { 0, 0, place(0), outside[i] };
		uint32_t as_sub32[] = { 0, 0, outside[i], 0, place(0) };
		uint32_t as_add64[] = { 0, outside[i], 0, 0 };

		ck_assert_int_eq(read_with_words(as_add32, 4, &kernel), -EBADMSG);
		ck_assert_int_eq(read_with_words(as_sub32, 5, &kernel), -EBADMSG);
		ck_assert_int_eq(read_with_words(as_add64, 4, &kernel), -EBADMSG);
	}
}
END_TEST

START_TEST(holds_64_bit_places_to_their_width)
{
	uint32_t words[] = { 0, place(TEST_TEXT_BYTES - 4), 0, 0 };
	struct kernel_image kernel;

	ck_assert_int_eq(read_with_words(words, 4, &kernel), -EBADMSG);
	words[1] = place(TEST_TEXT_BYTES - 8);
	ck_assert_int_eq(read_with_words(words, 4, &kernel), 0);
}
END_TEST

START_TEST(takes_what_is_no_table_for_none)
{
	const uint32_t no_zero[] = { 7, 0, 0 };
	const uint32_t one_list[] = { 0, place(0) };
	const uint32_t five_lists[] = { 0, 0, 0, 0, 0 };
	struct kernel_image kernel;

	ck_assert_int_eq(read_with_words(no_zero, 3, &kernel), 0);
	ck_assert_uint_eq(kernel.is_relocatable, 0);
	ck_assert_int_eq(read_with_words(one_list, 2, &kernel), 0);
	ck_assert_uint_eq(kernel.is_relocatable, 0);
	ck_assert_int_eq(read_with_words(five_lists, 5, &kernel), 0);
	ck_assert_uint_eq(kernel.is_relocatable, 0);
	ck_assert_int_eq(read_with_words(NULL, 0, &kernel), 0);
	ck_assert_uint_eq(kernel.is_relocatable, 0);
}
END_TEST

START_TEST(checks_again_when_it_applies)
{
	const uint32_t words[] = { place(TEST_IMAGE_BYTES - 3), place(0) - 1 };

	for (int i = 0; i < 2; i++) {
		le32 word = le32_make(words[i]);
		struct source src = source_from_bytes(&word, sizeof(word));

		for (int kind = 0; kind < RELOC_KINDS; kind++) {
			struct kernel_image kernel = { .link_base = TEST_LINK_BASE, .size_bytes = TEST_IMAGE_BYTES };

			kernel.relocs[kind] = (struct reloc_list){ 0, 1 };
			ck_assert_int_eq(relocs_apply(&src, &kernel, &guest.memory, TEST_LINK_BASE, DELTA), -EBADMSG);
			kernel.relocs[kind] = (struct reloc_list){ 0, 2 };
			ck_assert_int_lt(relocs_apply(&src, &kernel, &guest.memory, TEST_LINK_BASE, DELTA), 0);
		}
	}
}
END_TEST

START_TEST(refuses_an_image_outside_of_memory)
{
	struct kernel_image kernel = { .link_base = TEST_LINK_BASE, .size_bytes = TEST_IMAGE_BYTES };
	struct source src = source_from_bytes("", 0);

	ck_assert_int_eq(relocs_apply(&src, &kernel, &guest.memory, TEST_RAM_BYTES - 0x1000, DELTA), -EFAULT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_relocs");
	TCase *tcase = tcase_create("relocs");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, applies_three_lists);
	tcase_add_test(tcase, applies_two_lists_as_newer_kernels_have);
	tcase_add_test(tcase, reads_lists_of_many_chunks);
	tcase_add_test(tcase, refuses_places_outside_of_the_kernel);
	tcase_add_test(tcase, holds_64_bit_places_to_their_width);
	tcase_add_test(tcase, takes_what_is_no_table_for_none);
	tcase_add_test(tcase, checks_again_when_it_applies);
	tcase_add_test(tcase, refuses_an_image_outside_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
