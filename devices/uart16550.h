/* The 16550A serial port, on a byte stream.
 *
 * Theory of operation. The transmitter is always empty: a byte that the guest writes goes to the stream before the
 * guest goes on. The receiver takes from the stream only what its FIFO has room for, so nothing is ever lost and a slow
 * guest holds up its writer, as hardware flow control would. The divisor is kept but not obeyed.
 *
 * The interrupt is an edge: it is raised when the identification register turns from "none" to a reason. Drivers read
 * that register until nothing is left, so a reason that arrives meanwhile is not missed.
 *
 * Locks: the access lock, taken by the bus, keeps vCPUs in turn and may be held while the stream's reader is slow. The
 * state lock is shared with the loop's thread and never held while waiting.
 *
 * Source: National Semiconductor PC16550D data sheet; register names as in <linux/serial_reg.h>. */
#ifndef DEVICES_UART16550_H
#define DEVICES_UART16550_H

#include <stdint.h>

#include "vmm/core/bus.h"
#include "vmm/core/stream.h"

#define UART16550_PORTS 8

struct uart16550;

struct uart16550_config {
	struct bus *bus;
	uint16_t port; /* the first of UART16550_PORTS */
	struct stream *stream; /* NULL: nobody is connected. Outlives the device, which attaches to it */
	int irq_fd; /* an eventfd that raises the interrupt (irq_pin_open()); the caller's */
};

/* 0, -ENOMEM, or bus_add()'s errno. Control thread, before the stream's loop runs. */
__attribute__((warn_unused_result)) int uart16550_create(const struct uart16550_config *config, struct uart16550 **out);
/* After the vCPU threads and the stream's loop have ended. NULL is fine. */
void uart16550_destroy(struct uart16550 *uart);

#endif
