/* The memory map is what the command line says was asked for (memory=BYTES), and all of it is there. */
#include "test/guest/boot_info.h"
#include "test/guest/pages.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define GAP_BASE (3 * GIB)
#define GAP_END (4 * GIB)
#define LOW_RAM_END 0x9fc00

static void map_is_as_asked(const char *command_line)
{
	uint64_t memory = option_number(command_line, "memory", 0), ram = 0, end = 0;
	uint64_t below = memory < GAP_BASE ? memory : GAP_BASE;

	for (unsigned int i = 0; i < boot_info.nr_ranges; i++) {
		const struct boot_range *range = &boot_info.ranges[i];

		expect(range->size_bytes > 0);
		expect(range->base >= end); /* ascending, disjoint */
		end = range->base + range->size_bytes;
		if (range->type != BOOT_INFO_RAM)
			continue;
		ram += range->size_bytes;
		expect(end <= LOW_RAM_END || (range->base >= MIB && end <= below) || range->base >= GAP_END);
	}
	expect_equal(ram, memory - (MIB - LOW_RAM_END));
}

static bool is_ram(uint64_t address)
{
	for (unsigned int i = 0; i < boot_info.nr_ranges; i++) {
		const struct boot_range *range = &boot_info.ranges[i];

		if (address >= range->base && address - range->base < range->size_bytes)
			return range->type == BOOT_INFO_RAM;
	}
	return false;
}

static void tables_are_not_called_ram(const char *command_line)
{
	(void)command_line;
	expect(boot_info.rsdp != 0);
	expect(!is_ram(boot_info.rsdp));
	expect(!is_ram(0xfee00000));
	expect(!is_ram(0xe0000000));
}

/* Every word of RAM that this visits holds its own address at the end: no two addresses are one memory. */
#define STRIDE (16 * MIB)

static void visit(bool writes)
{
	for (unsigned int i = 0; i < boot_info.nr_ranges; i++) {
		const struct boot_range *range = &boot_info.ranges[i];
		uint64_t at = range->base, last = range->base + range->size_bytes - 8;

		if (range->type != BOOT_INFO_RAM || last < pages_next())
			continue;
		if (at < pages_next())
			at = (pages_next() + MIB - 1) & ~(MIB - 1);
		if (writes)
			pages_map(at, last + 8 - at);
		for (; at <= last; at = last - at > STRIDE ? at + STRIDE : at == last ? last + 1 : last) {
			volatile uint64_t *word = (volatile uint64_t *)at;

			if (writes)
				*word = at;
			else
				expect_equal(*word, at);
		}
	}
}

static void all_ranges_are_distinct_memory(const char *command_line)
{
	(void)command_line;
	visit(true);
	visit(false);
}

static void fresh_memory_is_zero(const char *command_line)
{
	const volatile uint64_t *words = (const volatile uint64_t *)((pages_next() + 4 * MIB) & ~(MIB - 1));

	(void)command_line;
	for (unsigned int i = 0; i < 4096 / 8; i++)
		expect_equal(words[i], 0);
}

static void initrd_is_where_it_was_said(const char *command_line)
{
	const uint8_t *bytes = (const uint8_t *)boot_info.initrd;

	/* The host made it of this many bytes, each the low byte of its offset times 7. */
	expect_equal(boot_info.initrd_bytes, option_number(command_line, "initrd", 0));
	for (uint64_t i = 0; i < boot_info.initrd_bytes; i++) {
		if (bytes[i] != (uint8_t)(i * 7)) {
			expect_equal(bytes[i], (uint8_t)(i * 7));
			return;
		}
	}
}

const struct test tests_memory[] = {
	{ "map_is_as_asked", map_is_as_asked },
	{ "tables_are_not_called_ram", tables_are_not_called_ram },
	{ "fresh_memory_is_zero", fresh_memory_is_zero },
	{ "initrd_is_where_it_was_said", initrd_is_where_it_was_said },
	{ "all_ranges_are_distinct_memory", all_ranges_are_distinct_memory },
	TEST_END,
};
