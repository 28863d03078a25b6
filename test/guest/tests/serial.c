/* The 16550 at COM1: registers, and input that arrives polled or by interrupt through the IOAPIC. */
#include "test/guest/serial.h"

#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/port.h"
#include "test/guest/tests/tests.h"

#define UART_DATA (SERIAL_PORT + 0)
#define UART_IER (SERIAL_PORT + 1)
#define UART_IER_RX 1
#define UART_IIR (SERIAL_PORT + 2)
#define UART_IIR_NONE 1
#define UART_LCR (SERIAL_PORT + 3)
#define UART_LCR_DLAB 0x80
#define UART_MCR (SERIAL_PORT + 4)
#define UART_MCR_OUT2 8
#define UART_LSR (SERIAL_PORT + 5)
#define UART_LSR_DATA 1
#define UART_LSR_EMPTY 0x60
#define UART_SCRATCH (SERIAL_PORT + 7)

#define SERIAL_GSI 4

static void registers_are_a_16550s(const char *command_line)
{
	uint8_t lcr = in8(UART_LCR);

	(void)command_line;
	out8(UART_SCRATCH, 0x5a);
	expect_equal(in8(UART_SCRATCH), 0x5a);
	expect_equal(in8(UART_LSR) & UART_LSR_EMPTY, UART_LSR_EMPTY);
	out8(UART_LCR, lcr | UART_LCR_DLAB);
	out8(UART_DATA, 0x0c);
	out8(UART_IER, 0x01);
	expect_equal(in8(UART_DATA), 0x0c);
	expect_equal(in8(UART_IER), 0x01);
	out8(UART_LCR, lcr & (uint8_t)~UART_LCR_DLAB);
	expect_equal(in8(UART_IER) & 0xf0, 0);
}

/* Says "ready", then gives every character back, until a '.'. */
static void echo(bool by_interrupt)
{
	uint8_t vector = 0, c = 0;

	if (by_interrupt) {
		vector = interrupt_vector_alloc();
		interrupt_route_pin(SERIAL_GSI, vector);
		interrupt_enable();
		out8(UART_MCR, UART_MCR_OUT2);
		out8(UART_IER, UART_IER_RX);
	}
	print("ready\n");
	while (c != '.') {
		uint32_t seen = interrupt_counts[vector];

		if ((in8(UART_LSR) & UART_LSR_DATA) == 0) {
			if (by_interrupt)
				interrupt_wait(vector, seen);
			continue;
		}
		c = in8(UART_DATA);
		out8(UART_DATA, c);
		if (by_interrupt)
			in8(UART_IIR);
	}
	print("\n");
	if (by_interrupt) {
		expect(interrupt_counts[vector] > 0);
		out8(UART_IER, 0);
	}
}

static void polled_echo(const char *command_line)
{
	(void)command_line;
	echo(false);
}

static void interrupt_echo(const char *command_line)
{
	(void)command_line;
	echo(true);
}

const struct test tests_serial[] = {
	{ "registers", registers_are_a_16550s },
	{ "polled_echo", polled_echo },
	{ "interrupt_echo", interrupt_echo },
	TEST_END,
};
