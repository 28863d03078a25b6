#include <errno.h>
#include <linux/serial_reg.h>
#include <string.h>

#include "devices/uart16550.h"
#include "test/unit/stub_stream.h"
#include "test/unit/unit.h"
#include "vmm/base/fd.h"

#define PORT 0x3f8

static struct bus bus;
static struct stream stream;
static struct uart16550 *uart;
static int irq_fd;

static void setup(void)
{
	struct uart16550_config config = { .bus = &bus, .port = PORT, .stream = &stream };

	memset(&stream, 0, sizeof(stream));
	bus_init(&bus);
	irq_fd = fd_eventfd();
	ck_assert_int_ge(irq_fd, 0);
	config.irq_fd = irq_fd;
	ck_assert_int_eq(uart16550_create(&config, &uart), 0);
}

static void teardown(void)
{
	uart16550_destroy(uart);
	fd_close(&irq_fd);
	bus_fini(&bus);
}

static uint8_t in(unsigned int reg)
{
	return (uint8_t)bus_read(&bus, BUS_PIO, PORT + reg, 1);
}

static void out(unsigned int reg, uint8_t value)
{
	bus_write(&bus, BUS_PIO, PORT + reg, 1, value);
}

static bool interrupted(void)
{
	return fd_eventfd_take(irq_fd);
}

static void enable_fifo(void)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
}

static void check_output(const char *text)
{
	ck_assert_uint_eq(stream.output_len, strlen(text));
	ck_assert_mem_eq(stream.output, text, stream.output_len);
}

START_TEST(an_early_console_polls_and_writes)
{
	for (const char *c = "hi\n"; *c; c++) {
		ck_assert_uint_eq(in(UART_LSR) & (UART_LSR_THRE | UART_LSR_TEMT), UART_LSR_THRE | UART_LSR_TEMT);
		out(UART_TX, (uint8_t)*c);
	}
	check_output("hi\n");
	ck_assert(!interrupted());
}
END_TEST

/* The steps by which Linux's 8250 driver recognizes the chip. */
START_TEST(linux_recognizes_a_16550a)
{
	out(UART_IER, 0);
	ck_assert_uint_eq(in(UART_IER), 0);
	out(UART_IER, 0x0f);
	ck_assert_uint_eq(in(UART_IER), 0x0f);
	out(UART_IER, 0xf0);
	ck_assert_uint_eq(in(UART_IER), 0);
	out(UART_MCR, UART_MCR_LOOP | 0x0a);
	ck_assert_uint_eq(in(UART_MSR)&0xf0, 0x90);
	out(UART_MCR, 0);
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	ck_assert_uint_eq(in(UART_IIR) >> 6, 3);
	out(UART_LCR, UART_LCR_DLAB);
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
	ck_assert_uint_eq(in(UART_IIR) >> 5, 6); /* no 16750 */
	out(UART_LCR, 0);
	out(UART_FCR, 0);
	ck_assert_uint_eq(in(UART_IIR), UART_IIR_NO_INT);
	out(UART_SCR, 0xa5);
	ck_assert_uint_eq(in(UART_SCR), 0xa5);
}
END_TEST

START_TEST(divisor_latch_hides_data_and_interrupt_enable)
{
	out(UART_IER, UART_IER_RDI);
	out(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	out(UART_DLL, 0x34);
	out(UART_DLM, 0x12);
	ck_assert_uint_eq(in(UART_DLL), 0x34);
	ck_assert_uint_eq(in(UART_DLM), 0x12);
	ck_assert_uint_eq(in(UART_LCR), UART_LCR_DLAB | UART_LCR_WLEN8);
	out(UART_LCR, UART_LCR_WLEN8);
	ck_assert_uint_eq(in(UART_IER), UART_IER_RDI);
	ck_assert_uint_eq(stream.output_len, 0);
}
END_TEST

/* serial8250_do_startup(): the interrupt must be reasserted each time it is enabled. */
START_TEST(enabling_the_transmit_interrupt_always_raises_it)
{
	for (unsigned int i = 0; i < 3; i++) {
		out(UART_IER, UART_IER_THRI);
		ck_assert(interrupted());
		ck_assert_uint_eq(in(UART_IIR), UART_IIR_THRI);
		ck_assert_uint_eq(in(UART_IIR), UART_IIR_NO_INT);
		out(UART_IER, 0);
		ck_assert(!interrupted());
	}
}
END_TEST

START_TEST(each_batch_of_transmitted_bytes_raises_one_edge)
{
	enable_fifo();
	out(UART_IER, UART_IER_THRI);
	for (unsigned int batch = 0; batch < 3; batch++) {
		ck_assert(interrupted());
		ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_THRI);
		for (unsigned int i = 0; i < 16; i++)
			out(UART_TX, 'x');
	}
	ck_assert(interrupted());
	ck_assert_uint_eq(stream.output_len, 48);
	out(UART_IER, 0);
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_NO_INT);
}
END_TEST

START_TEST(typed_bytes_arrive_in_order_with_one_edge)
{
	enable_fifo();
	out(UART_IER, UART_IER_RDI);
	stub_stream_type(&stream, "ls\n");
	ck_assert(interrupted());
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_RDI);
	for (const char *c = "ls\n"; *c; c++) {
		ck_assert(in(UART_LSR)&UART_LSR_DR);
		ck_assert_uint_eq(in(UART_RX), (uint8_t)*c);
	}
	ck_assert(!(in(UART_LSR)&UART_LSR_DR));
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_NO_INT);
	ck_assert(!interrupted());
	ck_assert_uint_eq(in(UART_RX), 0);
}
END_TEST

START_TEST(bytes_below_the_trigger_level_are_a_timeout)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8);
	out(UART_IER, UART_IER_RDI);
	stub_stream_type(&stream, "1234567");
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_RX_TIMEOUT);
	stub_stream_type(&stream, "8");
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_RDI);
}
END_TEST

START_TEST(more_input_than_the_fifo_holds_waits_and_nothing_is_lost)
{
	char got[41] = "";

	enable_fifo();
	stub_stream_type(&stream, "0123456789abcdefghijklmnopqrstuvwxyzABCD");
	ck_assert_uint_eq(stream.input_taken, 16);
	for (unsigned int i = 0; i < 40; i++) {
		ck_assert(in(UART_LSR)&UART_LSR_DR);
		got[i] = (char)in(UART_RX);
		if (stream.nr_wants > 0) {
			stream.nr_wants = 0;
			stub_stream_turn(&stream);
		}
	}
	ck_assert_str_eq(got, "0123456789abcdefghijklmnopqrstuvwxyzABCD");
	ck_assert(!(in(UART_LSR)&UART_LSR_OE));
}
END_TEST

START_TEST(without_fifo_one_byte_is_held)
{
	stub_stream_type(&stream, "ab");
	ck_assert_uint_eq(stream.input_taken, 1);
	ck_assert_uint_eq(in(UART_RX), 'a');
	ck_assert_uint_eq(stream.nr_wants, 1);
	stub_stream_turn(&stream);
	ck_assert_uint_eq(in(UART_RX), 'b');
}
END_TEST

START_TEST(clearing_the_receiver_asks_for_what_waited)
{
	enable_fifo();
	stub_stream_type(&stream, "0123456789abcdefXY");
	enable_fifo();
	ck_assert(!(in(UART_LSR)&UART_LSR_DR));
	ck_assert_uint_eq(stream.nr_wants, 1);
	stub_stream_turn(&stream);
	ck_assert_uint_eq(in(UART_RX), 'X');
}
END_TEST

START_TEST(loopback_returns_bytes_and_reports_overrun)
{
	enable_fifo();
	out(UART_MCR, UART_MCR_LOOP);
	out(UART_IER, UART_IER_RLSI);
	for (unsigned int i = 0; i < 17; i++)
		out(UART_TX, (uint8_t)i);
	ck_assert_uint_eq(stream.output_len, 0);
	ck_assert(interrupted());
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_RLSI);
	ck_assert(in(UART_LSR)&UART_LSR_OE);
	ck_assert(!(in(UART_LSR)&UART_LSR_OE));
	for (unsigned int i = 0; i < 16; i++)
		ck_assert_uint_eq(in(UART_RX), i);
}
END_TEST

START_TEST(loopback_keeps_the_terminal_out)
{
	out(UART_MCR, UART_MCR_LOOP);
	stub_stream_type(&stream, "x");
	ck_assert(!(in(UART_LSR)&UART_LSR_DR));
	out(UART_MCR, 0);
	ck_assert_uint_eq(stream.nr_wants, 1);
	stub_stream_turn(&stream);
	ck_assert_uint_eq(in(UART_RX), 'x');
}
END_TEST

START_TEST(modem_status_shows_a_connection_and_tells_changes_once)
{
	ck_assert_uint_eq(in(UART_MSR), UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS);
	out(UART_IER, UART_IER_MSI);
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	ck_assert(interrupted());
	ck_assert_uint_eq(in(UART_IIR), UART_IIR_MSI);
	ck_assert_uint_eq(in(UART_MSR), UART_MSR_RI | UART_MSR_DDCD | UART_MSR_DDSR | UART_MSR_DCTS);
	ck_assert_uint_eq(in(UART_IIR), UART_IIR_NO_INT);
	out(UART_MCR, UART_MCR_LOOP);
	ck_assert_uint_eq(in(UART_MSR), UART_MSR_TERI);
}
END_TEST

START_TEST(interrupts_are_reported_by_priority)
{
	enable_fifo();
	out(UART_MCR, UART_MCR_LOOP);
	for (unsigned int i = 0; i < 17; i++)
		out(UART_TX, 0);
	out(UART_IER, UART_IER_RLSI | UART_IER_RDI | UART_IER_THRI | UART_IER_MSI);
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_RLSI);
	in(UART_LSR);
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_RDI);
	enable_fifo();
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_THRI);
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_MSI);
	in(UART_MSR);
	ck_assert_uint_eq(in(UART_IIR)&0x0f, UART_IIR_NO_INT);
}
END_TEST

START_TEST(wide_accesses_are_bytes_in_a_row)
{
	bus_write(&bus, BUS_PIO, PORT + UART_MSR, 2, 0xa500);
	ck_assert_uint_eq(in(UART_SCR), 0xa5);
	ck_assert_uint_eq(bus_read(&bus, BUS_PIO, PORT + UART_MSR, 2) >> 8, 0xa5);
	bus_write(&bus, BUS_PIO, PORT + UART_SCR, 4, 0); /* leaves the range: nobody answers */
	ck_assert_uint_eq(in(UART_SCR), 0xa5);
}
END_TEST

START_TEST(random_accesses_harm_nothing_and_a_fresh_set_up_works)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	uint32_t seed = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		stream.output_len = 0;
		if (seed & 0x100)
			bus_write(&bus, BUS_PIO, PORT + (seed >> 28), sizes[(seed >> 12) & 3], seed >> 4);
		else
			bus_read(&bus, BUS_PIO, PORT + (seed >> 28), sizes[(seed >> 12) & 3]);
		if ((seed & 0xf000) == 0 && stream.input_len < 1000)
			stub_stream_type(&stream, "abc");
		else
			stub_stream_turn(&stream);
	}
	out(UART_LCR, UART_LCR_WLEN8);
	out(UART_MCR, 0);
	out(UART_IER, 0);
	enable_fifo();
	stream.output_len = 0;
	out(UART_TX, 'k');
	check_output("k");
}
END_TEST

START_TEST(without_a_stream_output_is_dropped_and_nobody_is_connected)
{
	struct uart16550_config config = { .bus = &bus, .port = 0x2f8, .irq_fd = irq_fd };
	struct uart16550 *second;

	ck_assert_int_eq(uart16550_create(&config, &second), 0);
	bus_write(&bus, BUS_PIO, 0x2f8 + UART_TX, 1, 'x');
	ck_assert_uint_eq(bus_read(&bus, BUS_PIO, 0x2f8 + UART_MSR, 1), 0);
	ck_assert_uint_eq(bus_read(&bus, BUS_PIO, 0x2f8 + UART_LSR, 1), UART_LSR_THRE | UART_LSR_TEMT);
	uart16550_destroy(second);
	config.port = PORT;
	second = NULL;
	ck_assert_int_eq(uart16550_create(&config, &second), -EEXIST);
	ck_assert_ptr_null(second);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("uart16550");
	TCase *tc = tcase_create("uart");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_early_console_polls_and_writes);
	tcase_add_test(tc, linux_recognizes_a_16550a);
	tcase_add_test(tc, divisor_latch_hides_data_and_interrupt_enable);
	tcase_add_test(tc, enabling_the_transmit_interrupt_always_raises_it);
	tcase_add_test(tc, each_batch_of_transmitted_bytes_raises_one_edge);
	tcase_add_test(tc, typed_bytes_arrive_in_order_with_one_edge);
	tcase_add_test(tc, bytes_below_the_trigger_level_are_a_timeout);
	tcase_add_test(tc, more_input_than_the_fifo_holds_waits_and_nothing_is_lost);
	tcase_add_test(tc, without_fifo_one_byte_is_held);
	tcase_add_test(tc, clearing_the_receiver_asks_for_what_waited);
	tcase_add_test(tc, loopback_returns_bytes_and_reports_overrun);
	tcase_add_test(tc, loopback_keeps_the_terminal_out);
	tcase_add_test(tc, modem_status_shows_a_connection_and_tells_changes_once);
	tcase_add_test(tc, interrupts_are_reported_by_priority);
	tcase_add_test(tc, wide_accesses_are_bytes_in_a_row);
	tcase_add_test(tc, random_accesses_harm_nothing_and_a_fresh_set_up_works);
	tcase_add_test(tc, without_a_stream_output_is_dropped_and_nobody_is_connected);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
