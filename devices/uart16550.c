#include "devices/uart16550.h"

#include <errno.h>
#include <linux/serial_reg.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "vmm/base/fd.h"

#define FIFO_BYTES 16
#define DIVISOR_115200 1

#define IER_BITS (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI)
#define MCR_BITS (UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 | UART_MCR_OUT2 | UART_MCR_LOOP)
#define MSR_LINES (UART_MSR_DCD | UART_MSR_RI | UART_MSR_DSR | UART_MSR_CTS)
#define IIR_FIFOS_ENABLED 0xc0
/* The cable is plugged in and the other end is ready. */
#define MSR_CONNECTED (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

struct uart16550 {
	struct bus *bus;
	struct bus_range range;
	struct stream *stream;
	int irq_fd;
	pthread_mutex_t access_lock;
	pthread_mutex_t state_lock; /* of all that follows */
	uint8_t fifo[FIFO_BYTES];
	unsigned int first, nr_received;
	bool input_waits; /* the stream had more than there was room for */
	bool overrun;
	bool thr_pending; /* the transmitter became empty and the guest does not know yet */
	bool line; /* of the interrupt */
	uint16_t divisor;
	uint8_t ier;
	uint8_t fcr;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t msr;
	uint8_t scratch;
};

/* What a register write leaves to be done once the state lock is released. */
struct uart16550_effects {
	bool transmit;
	uint8_t byte;
};

static unsigned int capacity(const struct uart16550 *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO ? FIFO_BYTES : 1;
}

static unsigned int trigger_level(const struct uart16550 *uart)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return uart->fcr & UART_FCR_ENABLE_FIFO ? levels[uart->fcr >> 6] : 1;
}

/* The pending interrupt of the highest priority (PC16550D, 8.5, table IV). Bytes below the trigger level are reported
 * at once as if their character timeout had passed: nothing more may come. */
static uint8_t interrupt_id(const struct uart16550 *uart)
{
	if ((uart->ier & UART_IER_RLSI) && uart->overrun)
		return UART_IIR_RLSI;
	if ((uart->ier & UART_IER_RDI) && uart->nr_received > 0)
		return uart->nr_received >= trigger_level(uart) ? UART_IIR_RDI : UART_IIR_RX_TIMEOUT;
	if ((uart->ier & UART_IER_THRI) && uart->thr_pending)
		return UART_IIR_THRI;
	if ((uart->ier & UART_IER_MSI) && (uart->msr & UART_MSR_ANY_DELTA))
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static void update_line(struct uart16550 *uart)
{
	bool raised = interrupt_id(uart) != UART_IIR_NO_INT;

	if (raised && !uart->line)
		fd_eventfd_signal(uart->irq_fd);
	uart->line = raised;
}

static void receive(struct uart16550 *uart, uint8_t byte)
{
	if (uart->nr_received == capacity(uart)) {
		uart->overrun = true;
		return;
	}
	uart->fifo[(uart->first + uart->nr_received) % FIFO_BYTES] = byte;
	uart->nr_received++;
}

/* In loopback the outputs are wired to the inputs: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
static uint8_t modem_lines(const struct uart16550 *uart)
{
	uint8_t lines = 0;

	if (!(uart->mcr & UART_MCR_LOOP))
		return uart->stream ? MSR_CONNECTED : 0;
	if (uart->mcr & UART_MCR_DTR)
		lines |= UART_MSR_DSR;
	if (uart->mcr & UART_MCR_RTS)
		lines |= UART_MSR_CTS;
	if (uart->mcr & UART_MCR_OUT1)
		lines |= UART_MSR_RI;
	if (uart->mcr & UART_MCR_OUT2)
		lines |= UART_MSR_DCD;
	return lines;
}

static void update_modem_status(struct uart16550 *uart)
{
	uint8_t lines = modem_lines(uart);
	uint8_t changed = (uart->msr ^ lines) & MSR_LINES;

	/* Each delta bit is four below its line, but of the ring indicator only the end counts. */
	if (lines & UART_MSR_RI)
		changed &= ~UART_MSR_RI;
	uart->msr = lines | (uart->msr & UART_MSR_ANY_DELTA) | changed >> 4;
}

static uint8_t read_received(struct uart16550 *uart)
{
	uint8_t byte = uart->fifo[uart->first];

	if (uart->nr_received == 0)
		return 0;
	uart->first = (uart->first + 1) % FIFO_BYTES;
	uart->nr_received--;
	return byte;
}

static uint8_t read_interrupt_id(struct uart16550 *uart)
{
	uint8_t id = interrupt_id(uart);

	/* Being told is what ends this one. */
	if (id == UART_IIR_THRI)
		uart->thr_pending = false;
	return id | (uart->fcr & UART_FCR_ENABLE_FIFO ? IIR_FIFOS_ENABLED : 0);
}

static uint8_t read_line_status(struct uart16550 *uart)
{
	uint8_t status = UART_LSR_THRE | UART_LSR_TEMT;

	if (uart->nr_received > 0)
		status |= UART_LSR_DR;
	if (uart->overrun)
		status |= UART_LSR_OE;
	uart->overrun = false;
	return status;
}

static uint8_t read_modem_status(struct uart16550 *uart)
{
	uint8_t status = uart->msr;

	uart->msr &= ~UART_MSR_ANY_DELTA;
	return status;
}

static uint8_t read_register(struct uart16550 *uart, unsigned int reg)
{
	bool divisor_latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return divisor_latch ? (uint8_t)uart->divisor : read_received(uart);
	case UART_IER:
		return divisor_latch ? (uint8_t)(uart->divisor >> 8) : uart->ier;
	case UART_IIR:
		return read_interrupt_id(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return read_line_status(uart);
	case UART_MSR:
		return read_modem_status(uart);
	default:
		return uart->scratch;
	}
}

static void write_transmit(struct uart16550 *uart, uint8_t value, struct uart16550_effects *effects)
{
	if (uart->mcr & UART_MCR_LOOP) {
		receive(uart, value);
	} else {
		effects->transmit = true;
		effects->byte = value;
	}
	uart->thr_pending = true; /* sent already */
}

static void write_interrupt_enable(struct uart16550 *uart, uint8_t value)
{
	/* Turning the interrupt on while the transmitter is empty asks for one (PC16550D, 8.4.1): drivers start to send
	 * that way. */
	if ((value & UART_IER_THRI) && !(uart->ier & UART_IER_THRI))
		uart->thr_pending = true;
	uart->ier = value & IER_BITS;
}

static void write_fifo_control(struct uart16550 *uart, uint8_t value)
{
	bool switched = (value ^ uart->fcr) & UART_FCR_ENABLE_FIFO;

	if (switched || ((value & UART_FCR_ENABLE_FIFO) && (value & UART_FCR_CLEAR_RCVR)))
		uart->nr_received = 0;
	/* The other bits can only be set together with the enable bit (PC16550D, 8.3). */
	uart->fcr = value & UART_FCR_ENABLE_FIFO ? value & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK) : 0;
}

static void write_register(struct uart16550 *uart, unsigned int reg, uint8_t value, struct uart16550_effects *effects)
{
	bool divisor_latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (divisor_latch)
			uart->divisor = (uart->divisor & 0xff00) | value;
		else
			write_transmit(uart, value, effects);
		break;
	case UART_IER:
		if (divisor_latch)
			uart->divisor = (uint16_t)(uart->divisor & 0x00ff) | (uint16_t)(value << 8);
		else
			write_interrupt_enable(uart, value);
		break;
	case UART_FCR:
		write_fifo_control(uart, value);
		break;
	case UART_LCR:
		uart->lcr = value;
		break;
	case UART_MCR:
		uart->mcr = value & MCR_BITS;
		update_modem_status(uart);
		break;
	case UART_SCR:
		uart->scratch = value;
		break;
	default: /* the status registers are read-only */
		break;
	}
}

static bool has_room(const struct uart16550 *uart)
{
	return !(uart->mcr & UART_MCR_LOOP) && uart->nr_received < capacity(uart);
}

/* Asks for what could not be taken before; the FIFO is left to drain first, for one wakeup a FIFO. The state lock is
 * held. */
static bool take_input_request(struct uart16550 *uart)
{
	bool wanted = uart->input_waits && has_room(uart) && uart->nr_received == 0;

	if (wanted)
		uart->input_waits = false;
	return wanted;
}

/* Ports are a byte each; a wider access is that many accesses, as on the ISA bus. */
static uint64_t port_read(void *owner, uint64_t offset, unsigned int size)
{
	struct uart16550 *uart = owner;
	uint64_t value = 0;
	bool want_input;

	pthread_mutex_lock(&uart->state_lock);
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)read_register(uart, (unsigned int)offset + i) << (8 * i);
	update_line(uart);
	want_input = take_input_request(uart);
	pthread_mutex_unlock(&uart->state_lock);
	if (want_input)
		stream_want_input(uart->stream);
	return value;
}

static void write_byte(struct uart16550 *uart, unsigned int reg, uint8_t value)
{
	struct uart16550_effects effects = { .transmit = false };
	bool want_input;

	pthread_mutex_lock(&uart->state_lock);
	write_register(uart, reg, value, &effects);
	want_input = take_input_request(uart);
	if (!effects.transmit)
		update_line(uart);
	pthread_mutex_unlock(&uart->state_lock);
	if (want_input)
		stream_want_input(uart->stream);
	if (!effects.transmit)
		return;

	/* The byte is out before the guest hears that the transmitter is empty. */
	if (uart->stream)
		stream_write(uart->stream, &effects.byte, 1);
	pthread_mutex_lock(&uart->state_lock);
	update_line(uart);
	pthread_mutex_unlock(&uart->state_lock);
}

static void port_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	for (unsigned int i = 0; i < size; i++)
		write_byte(owner, (unsigned int)offset + i, (uint8_t)(value >> (8 * i)));
}

static const struct bus_ops port_ops = { .read = port_read, .write = port_write };

/* The loop's thread: input waits. */
static void stream_readable(void *arg)
{
	struct uart16550 *uart = arg;
	uint8_t bytes[FIFO_BYTES];

	pthread_mutex_lock(&uart->state_lock);
	if (has_room(uart)) {
		size_t nr = stream_read(uart->stream, bytes, capacity(uart) - uart->nr_received);

		for (size_t i = 0; i < nr; i++)
			receive(uart, bytes[i]);
		update_line(uart);
	}
	/* Whether more waits is not known: ask again once there is room. */
	uart->input_waits = !has_room(uart);
	pthread_mutex_unlock(&uart->state_lock);
}

int uart16550_create(const struct uart16550_config *config, struct uart16550 **out)
{
	struct uart16550 *uart;
	int rc;

	uart = calloc(1, sizeof(*uart));
	if (!uart)
		return -ENOMEM;
	uart->bus = config->bus;
	uart->stream = config->stream;
	uart->irq_fd = config->irq_fd;
	uart->divisor = DIVISOR_115200;
	uart->lcr = UART_LCR_WLEN8;
	uart->msr = modem_lines(uart);
	pthread_mutex_init(&uart->access_lock, NULL);
	pthread_mutex_init(&uart->state_lock, NULL);
	uart->range = (struct bus_range){
		.base = config->port,
		.size_bytes = UART16550_PORTS,
		.ops = &port_ops,
		.owner = uart,
		.lock = &uart->access_lock,
		.name = "uart",
	};
	rc = bus_add(config->bus, BUS_PIO, &uart->range);
	if (rc < 0)
		goto free_uart;
	if (uart->stream) {
		struct stream_user user = { .readable = stream_readable, .arg = uart };

		stream_attach(uart->stream, &user);
	}
	*out = uart;
	return 0;

free_uart:
	pthread_mutex_destroy(&uart->state_lock);
	pthread_mutex_destroy(&uart->access_lock);
	free(uart);
	return rc;
}

void uart16550_destroy(struct uart16550 *uart)
{
	if (!uart)
		return;
	bus_remove(uart->bus, BUS_PIO, &uart->range);
	pthread_mutex_destroy(&uart->state_lock);
	pthread_mutex_destroy(&uart->access_lock);
	free(uart);
}
