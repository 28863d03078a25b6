/* What nobody answers reads as ones and ignores writes; what somebody answers survives accesses of every width. */
#include "test/guest/port.h"
#include "test/guest/tests/tests.h"

#define NOWHERE_MMIO 0xdff00000 /* in the PCI window, behind all BARs */
#define NOWHERE_PORT 0x2000

static void ports_read_ones(const char *command_line)
{
	(void)command_line;
	out8(NOWHERE_PORT, 0);
	out16(NOWHERE_PORT, 0);
	out32(NOWHERE_PORT, 0);
	expect_equal(in8(NOWHERE_PORT), 0xff);
	expect_equal(in16(NOWHERE_PORT), 0xffff);
	expect_equal(in32(NOWHERE_PORT), 0xffffffff);
	expect_equal(in8(0xffff), 0xff);
}

static void no_legacy_configuration_ports(const char *command_line)
{
	(void)command_line;
	out32(0xcf8, 0x80000000);
	expect_equal(in32(0xcf8), 0xffffffff); /* so that kernels use ECAM */
	expect_equal(in32(0xcfc), 0xffffffff);
}

static void memory_reads_ones(const char *command_line)
{
	(void)command_line;
	mmio_write8(NOWHERE_MMIO, 0);
	mmio_write16(NOWHERE_MMIO, 0);
	mmio_write32(NOWHERE_MMIO, 0);
	mmio_write64(NOWHERE_MMIO, 0);
	expect_equal(mmio_read8(NOWHERE_MMIO), 0xff);
	expect_equal(mmio_read16(NOWHERE_MMIO), 0xffff);
	expect_equal(mmio_read32(NOWHERE_MMIO), 0xffffffff);
	expect_equal(mmio_read64(NOWHERE_MMIO), UINT64_MAX);
}

/* Ports whose devices act on a right write get wrong ones: the machine goes on. */
static void odd_accesses_do_no_harm(const char *command_line)
{
	(void)command_line;
	for (unsigned int port = 0x600; port < 0x604; port++) {
		in16((uint16_t)port);
		in32((uint16_t)port);
	}
	out8(0x600, 0x14); /* a sleep type without SLP_EN */
	out8(0x600, 0x20); /* S0 with SLP_EN: not a sleep state that exists */
	out8(0x602, 0x41); /* not the reset value */
	out8(0x505, 0); /* no event */
	out8(0x64, 0xff); /* a pulse of no line */
	in16(0x504);
	in32(0x503);
	for (unsigned int port = 0x3f5; port < 0x400; port++) {
		in16((uint16_t)port);
		in32((uint16_t)port);
	}
	expect_equal(in8(0x601), in8(0x601));
}

const struct test tests_bus[] = {
	{ "ports_read_ones", ports_read_ones },
	{ "no_legacy_configuration_ports", no_legacy_configuration_ports },
	{ "memory_reads_ones", memory_reads_ones },
	{ "odd_accesses_do_no_harm", odd_accesses_do_no_harm },
	TEST_END,
};
