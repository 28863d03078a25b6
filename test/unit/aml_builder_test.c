/* The AML builder writes exactly the bytes that ACPI 6.5, chapter 20, asks for, and never one beyond its buffer. */
#include "vmm/tables/aml.h"

#include <errno.h>
#include <string.h>

#include "test/unit/unit.h"

static uint8_t buffer[8192];
static struct aml aml;

static void start(void)
{
	memset(buffer, 0xee, sizeof(buffer));
	aml_init(&aml, buffer, sizeof(buffer));
}

#define EXPECT(...)                                                                                                    \
	do {                                                                                                           \
		static const uint8_t expected[] = { __VA_ARGS__ };                                                     \
		ck_assert_int_eq(aml_finish(&aml), (int)sizeof(expected));                                             \
		ck_assert_mem_eq(buffer, expected, sizeof(expected));                                                  \
		ck_assert_uint_eq(buffer[sizeof(expected)], 0xee); /* no more */                                       \
	} while (0)

START_TEST(integers_take_their_shortest_form)
{
	aml_integer(&aml, 0);
	aml_integer(&aml, 1);
	aml_integer(&aml, 2);
	aml_integer(&aml, 0xff);
	aml_integer(&aml, 0x100);
	aml_integer(&aml, 0xffff);
	aml_integer(&aml, 0x10000);
	aml_integer(&aml, 0xffffffff);
	aml_integer(&aml, 0x100000000);
	EXPECT(0x00, 0x01, 0x0a, 0x02, 0x0a, 0xff, 0x0b, 0x00, 0x01, 0x0b, 0xff, 0xff, 0x0c, 0x00, 0x00, 0x01, 0x00,
	       0x0c, 0xff, 0xff, 0xff, 0xff, 0x0e, 0, 0, 0, 0, 1, 0, 0, 0);
}
END_TEST

START_TEST(paths_have_prefixes_and_padding)
{
	aml_path(&aml, "A");
	aml_path(&aml, "\\_SB");
	aml_path(&aml, "\\_SB.PCI0");
	aml_path(&aml, "A.BC.DEF");
	aml_path(&aml, "\\");
	EXPECT('A', '_', '_', '_', '\\', '_', 'S', 'B', '_', '\\', 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0', 0x2f,
	       3, 'A', '_', '_', '_', 'B', 'C', '_', '_', 'D', 'E', 'F', '_', '\\', 0);
}
END_TEST

START_TEST(eisa_ids_are_compressed)
{
	aml_eisa_id(&aml, "PNP0A03");
	aml_eisa_id(&aml, "PNP0C0C");
	EXPECT(0x0c, 0x41, 0xd0, 0x0a, 0x03, 0x0c, 0x41, 0xd0, 0x0c, 0x0c);
}
END_TEST

START_TEST(strings_end_in_nul)
{
	aml_string(&aml, "ACPI0013");
	EXPECT(0x0d, 'A', 'C', 'P', 'I', '0', '0', '1', '3', 0);
}
END_TEST

START_TEST(nested_blocks_count_themselves)
{
	size_t scope = aml_scope_begin(&aml, "\\_SB");
	size_t device = aml_device_begin(&aml, "DEV0");

	aml_name(&aml, "_UID");
	aml_integer(&aml, 1);
	aml_end(&aml, device);
	aml_end(&aml, scope);
	EXPECT(0x10, 19, '\\', '_', 'S', 'B', '_', 0x5b, 0x82, 11, 'D', 'E', 'V', '0', 0x08, '_', 'U', 'I', 'D', 1);
}
END_TEST

/* Package lengths at the edges of their encodings: contents in bytes, and the encoding. */
static const struct {
	size_t contents;
	size_t nr_bytes;
	uint8_t bytes[3];
} lengths[] = {
	{ 1, 1, { 0x02 } },
	{ 62, 1, { 0x3f } },
	{ 63, 2, { 0x41, 0x04 } }, /* 65 = 0x041 */
	{ 4093, 2, { 0x4f, 0xff } }, /* 4095 = 0xfff */
	{ 4094, 3, { 0x81, 0x00, 0x01 } }, /* 4097 = 0x1001 */
};

START_TEST(package_length_grows_at_its_edges)
{
	size_t contents = lengths[_i].contents;
	size_t mark = aml_if_begin(&aml);

	for (size_t i = 0; i < contents; i++)
		aml_integer(&aml, 0);
	aml_end(&aml, mark);
	ck_assert_int_eq(aml_finish(&aml), (int)(1 + lengths[_i].nr_bytes + contents));
	ck_assert_mem_eq(buffer + 1, lengths[_i].bytes, lengths[_i].nr_bytes);
}
END_TEST

START_TEST(field_units_are_named_widths)
{
	size_t field = aml_byte_field_begin(&aml, "REG0");

	aml_field_unit(&aml, "AB", 8);
	aml_field_unit(&aml, "CDEF", 64);
	aml_end(&aml, field);
	EXPECT(0x5b, 0x81, 17, 'R', 'E', 'G', '0', 1, 'A', 'B', '_', '_', 8, 'C', 'D', 'E', 'F', 0x40, 0x04);
}
END_TEST

START_TEST(method_flags_hold_arguments_and_serialization)
{
	size_t method = aml_method_begin(&aml, "_EVT", 1, true);

	aml_notify(&aml, "BTN", 0x80);
	aml_end(&aml, method);
	EXPECT(0x14, 13, '_', 'E', 'V', 'T', 0x09, 0x86, 'B', 'T', 'N', '_', 0x0a, 0x80);
}
END_TEST

START_TEST(template_is_a_buffer_with_an_end_tag)
{
	size_t resources = aml_resources_begin(&aml);

	aml_io(&aml, 0x3f8, 8);
	aml_interrupt_edge_high(&aml, 4);
	aml_resources_end(&aml, resources);
	EXPECT(0x11, 0x16, 0x0a, 19, 0x47, 1, 0xf8, 0x03, 0xf8, 0x03, 1, 8, 0x89, 6, 0, 0x03, 1, 4, 0, 0, 0, 0x79, 0);
}
END_TEST

START_TEST(fixed_memory_has_base_and_length)
{
	aml_memory32_fixed(&aml, 0xe0000000, 0x100000);
	EXPECT(0x86, 9, 0, 1, 0, 0, 0, 0xe0, 0, 0, 0x10, 0);
}
END_TEST

START_TEST(bus_range_counts_its_buses)
{
	aml_bus_range(&aml, 0, 255);
	EXPECT(0x88, 13, 0, 2, 0x0c, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 1);
}
END_TEST

START_TEST(low_window_is_a_dword_space)
{
	aml_memory_window(&aml, 0xc0000000, 0x40000000); /* ends with the last byte below 4 GiB */
	EXPECT(0x87, 23, 0, 0, 0x0c, 1, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x40);
}
END_TEST

START_TEST(high_window_is_a_qword_space)
{
	aml_memory_window(&aml, 0xc0000000, 0x40000001);
	EXPECT(0x8a, 43, 0, 0, 0x0c, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
	       0, 0, 0, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0);
}
END_TEST

/* A device with everything in it, into a buffer that is one byte shorter each time. */
static int write_device(size_t capacity)
{
	size_t device, block;

	start();
	aml_init(&aml, buffer, capacity);
	device = aml_device_begin(&aml, "\\_SB.DEV0");
	aml_name(&aml, "_CRS");
	block = aml_resources_begin(&aml);
	for (unsigned int i = 0; i < 12; i++)
		aml_memory_window(&aml, 0x1000, 0x1000);
	aml_resources_end(&aml, block);
	aml_io_region(&aml, "REG0", 0x600, 1);
	block = aml_package_begin(&aml, 1);
	aml_string(&aml, "abc");
	aml_end(&aml, block);
	aml_end(&aml, device);
	return aml_finish(&aml);
}

START_TEST(full_buffer_is_an_error_and_stays_in_bounds)
{
	int needed = write_device(sizeof(buffer));

	ck_assert_int_gt(needed, 300);
	for (size_t capacity = 0; capacity < (size_t)needed; capacity++) {
		ck_assert_int_eq(write_device(capacity), -ENOSPC);
		for (size_t i = capacity; i < (size_t)needed; i++)
			ck_assert_uint_eq(buffer[i], 0xee);
	}
	ck_assert_int_eq(write_device((size_t)needed), needed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aml builder");
	TCase *tc = tcase_create("bytes");

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_add_test(tc, integers_take_their_shortest_form);
	tcase_add_test(tc, paths_have_prefixes_and_padding);
	tcase_add_test(tc, eisa_ids_are_compressed);
	tcase_add_test(tc, strings_end_in_nul);
	tcase_add_test(tc, nested_blocks_count_themselves);
	tcase_add_loop_test(tc, package_length_grows_at_its_edges, 0, sizeof(lengths) / sizeof(lengths[0]));
	tcase_add_test(tc, field_units_are_named_widths);
	tcase_add_test(tc, method_flags_hold_arguments_and_serialization);
	tcase_add_test(tc, template_is_a_buffer_with_an_end_tag);
	tcase_add_test(tc, fixed_memory_has_base_and_length);
	tcase_add_test(tc, bus_range_counts_its_buses);
	tcase_add_test(tc, low_window_is_a_dword_space);
	tcase_add_test(tc, high_window_is_a_qword_space);
	tcase_add_test(tc, full_buffer_is_an_error_and_stays_in_bounds);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
