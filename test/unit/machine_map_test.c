/* vmm/machine: the E820 map and the command line that the kernel gets. */
#include "test/unit/unit.h"

#include <stdlib.h>

#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/reset_vector.h"
#include "vmm/machine/address_map.h"
#include "vmm/machine/command_line.h"

static bool is_backed(const struct guest_memory *memory, gpa_t base, uint64_t size_bytes)
{
	for (unsigned int i = 0; i < memory->nr_regions; i++) {
		if (range_contains(memory->regions[i].base, memory->regions[i].size_bytes, base, size_bytes))
			return true;
	}
	return false;
}

static uint64_t usable(uint64_t memory_bytes)
{
	struct guest_memory memory = { 0 };
	struct boot_e820 map[BOOT_E820_MAX];
	uint64_t end = 0, ram = 0;
	unsigned int nr;

	memory.nr_regions = layout_memory(memory_bytes, memory.regions);
	nr = address_map_fill(&memory, map);
	for (unsigned int i = 0; i < nr; i++) {
		ck_assert_uint_ge(map[i].base, end);
		ck_assert_uint_gt(map[i].size_bytes, 0);
		end = map[i].base + map[i].size_bytes;
		if (map[i].type != BOOT_E820_RAM)
			continue;
		ram += map[i].size_bytes;
		ck_assert_msg(is_backed(&memory, map[i].base, map[i].size_bytes), "RAM entry %u is not backed", i);
		ck_assert(!ranges_overlap(map[i].base, map[i].size_bytes, LAYOUT_ACPI_BASE, LAYOUT_ACPI_SIZE));
		ck_assert(!ranges_overlap(map[i].base, map[i].size_bytes, LAYOUT_GAP_BASE,
					  LAYOUT_ABOVE_4G - LAYOUT_GAP_BASE));
	}
	return ram;
}

START_TEST(the_map_is_ascending_disjoint_and_loses_only_the_hole_below_1_mib)
{
	const uint64_t hole = LAYOUT_HIGH_RAM_BASE - LAYOUT_LOW_RAM_END;
	const uint64_t sizes[] = { 16 * LAYOUT_MIB, 512 * LAYOUT_MIB, 3 * LAYOUT_GIB, 3 * LAYOUT_GIB + LAYOUT_MIB,
				   64 * LAYOUT_GIB };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		ck_assert_uint_eq(usable(sizes[i]), sizes[i] - hole);
}
END_TEST

START_TEST(a_console_is_added_only_if_none_is_named)
{
	const struct {
		const char *line, *device, *expected;
	} cases[] = {
		{ "root=/dev/vda quiet", "ttyS0", "console=ttyS0 root=/dev/vda quiet" },
		{ NULL, "ttyS0", "console=ttyS0" },
		{ "", "hvc0", "console=hvc0" },
		{ "console=tty0 quiet", "ttyS0", "console=tty0 quiet" },
		{ "quiet console=hvc0", "ttyS0", "quiet console=hvc0" },
		{ "netconsole=x", "ttyS0", "console=ttyS0 netconsole=x" },
		{ "quiet -- console=x", "ttyS0", "console=ttyS0 quiet -- console=x" },
		{ "console=tty0 -- x", "ttyS0", "console=tty0 -- x" },
		{ "a=-- \t console=hvc0", "ttyS0", "a=-- \t console=hvc0" },
		{ "consol", "ttyS0", "console=ttyS0 consol" },
		{ "quiet", NULL, "quiet" },
		{ NULL, NULL, "" },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line;

		ck_assert_int_eq(command_line_build(cases[i].line, cases[i].device, &line), 0);
		ck_assert_str_eq(line, cases[i].expected);
		free(line);
	}
}
END_TEST

/* What Linux jumps to when it falls back to the firmware for a reboot. */
START_TEST(the_reset_vector_writes_the_reset_value_and_halts)
{
	static const uint8_t expected[] = { 0xba, 0x02, 0x06, 0xb0, 0x42, 0xee, 0xf4, 0xeb, 0xfd };
	const struct guest_region low = { .base = 0, .size_bytes = 2 * LAYOUT_MIB };
	struct guest_memory memory;

	ck_assert_int_eq(guest_memory_create(&low, 1, &memory), 0);
	ck_assert_int_eq(reset_vector_write(&memory, 0x602, 0x42), 0);
	ck_assert_mem_eq(guest_memory_at(&memory, 0xffff0, sizeof(expected)), expected, sizeof(expected));
	ck_assert(!ranges_overlap(LAYOUT_ACPI_BASE, LAYOUT_ACPI_SIZE, LAYOUT_RESET_VECTOR, 16));
	guest_memory_destroy(&memory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tc = tcase_create("machine");

	tcase_add_test(tc, the_map_is_ascending_disjoint_and_loses_only_the_hole_below_1_mib);
	tcase_add_test(tc, the_reset_vector_writes_the_reset_value_and_halts);
	tcase_add_test(tc, a_console_is_added_only_if_none_is_named);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
