#include "virtio/dev/console.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "virtio/core/queue.h"
#include "vmm/base/endian.h"

#define VIRTIO_CONSOLE_F_SIZE_BIT 0

/* Device configuration (virtio 1.2, 5.3.4). */
struct virtio_console_config {
	le16 cols;
	le16 rows;
	le32 max_nr_ports; /* MULTIPORT is not offered */
	le32 emerg_wr; /* EMERG_WRITE is not offered */
};

_Static_assert(sizeof(struct virtio_console_config) == 12, "virtio 1.2, 5.3.4");

#define QUEUE_RX 0
#define QUEUE_TX 1
#define NR_QUEUES 2
#define QUEUE_MAX_SIZE 128
#define MAX_SEGMENTS (QUEUE_MAX_SIZE + GUEST_MEMORY_MAX_REGIONS)
/* What one turn of the loop moves at most. */
#define MAX_TURN_BYTES (256 * 1024)

/* One direction. Its chain stays popped while it waits: for input to fill it, or for the reader to take its bytes. */
struct console_port {
	struct virtio_queue queue; /* first: the handler finds this by it */
	struct stream *stream;
	bool holds_chain;
	bool starved; /* input came and there was no room */
	struct virtq_chain chain;
	struct iovec iov[MAX_SEGMENTS];
};

struct console {
	struct virtio_device dev; /* first: the transport's handle */
	struct loop *loop;
	struct virtio_console_config config;
	struct console_port rx;
	struct console_port tx;
};

static bool hold_chain(struct console_port *port)
{
	if (port->holds_chain)
		return true;
	port->chain = (struct virtq_chain){ .iov = port->iov, .max_iov = MAX_SEGMENTS };
	port->holds_chain = virtio_queue_pop(&port->queue, &port->chain);
	return port->holds_chain;
}

static void give_back(struct console_port *port, uint32_t written)
{
	port->holds_chain = false;
	virtio_queue_push(&port->queue, port->chain.head, written);
}

/* Fills the chain with the input that waits. The number of bytes. */
static uint32_t read_input(struct stream *stream, struct cursor *room)
{
	uint32_t filled = 0;

	while (room->nr_iov > 0 && filled < MAX_TURN_BYTES) {
		size_t len = room->iov->iov_len;
		size_t got = stream_read(stream, room->iov->iov_base, len < MAX_TURN_BYTES ? len : MAX_TURN_BYTES);

		if (got == 0)
			break;
		cursor_skip(room, got);
		filled += (uint32_t)got;
	}
	return filled;
}

/* Input to the driver. A chain that got a byte is given back at once: a person is typing. */
static enum virtio_queue_next handle_rx(struct virtio_queue *queue)
{
	struct console_port *port = (struct console_port *)queue;

	while (hold_chain(port)) {
		uint32_t filled;

		if (port->chain.writable.nr_bytes == 0) {
			give_back(port, 0);
			continue;
		}
		filled = read_input(port->stream, &port->chain.writable);
		if (filled == 0) {
			if (port->starved) {
				port->starved = false;
				stream_want_input(port->stream);
			}
			return VIRTIO_QUEUE_BLOCKED;
		}
		give_back(port, filled);
	}
	port->starved = true;
	return VIRTIO_QUEUE_DRY;
}

/* Output of the driver. A chain is given back when the stream has taken its last byte: that is the back-pressure. */
static enum virtio_queue_next handle_tx(struct virtio_queue *queue)
{
	struct console_port *port = (struct console_port *)queue;
	size_t room = MAX_TURN_BYTES;

	while (hold_chain(port)) {
		struct cursor *data = &port->chain.readable;

		while (data->nr_iov > 0) {
			size_t len = data->iov->iov_len < room ? data->iov->iov_len : room;
			size_t taken;

			if (room == 0)
				return VIRTIO_QUEUE_AGAIN;
			taken = stream_write_some(port->stream, data->iov->iov_base, len);
			cursor_skip(data, taken);
			if (taken < len)
				return VIRTIO_QUEUE_BLOCKED;
			room -= taken;
		}
		give_back(port, 0);
	}
	return VIRTIO_QUEUE_DRY;
}

static void on_readable(void *arg)
{
	struct console *console = arg;

	if (console->rx.queue.running)
		virtio_queue_run(&console->rx.queue);
	else
		console->rx.starved = true;
}

static void on_writable(void *arg)
{
	struct console *console = arg;

	virtio_queue_run(&console->tx.queue);
}

struct activation {
	struct console *console;
	uint64_t features;
	const struct virtio_queue_setup *queues;
};

/* On the loop. Chains that are held wait for input or a reader, not for the device: there is nothing to drain. */
static int deactivate(void *arg)
{
	struct console *console = arg;

	virtio_queue_stop(&console->rx.queue);
	virtio_queue_stop(&console->tx.queue);
	/* Input that came meanwhile waits for the next driver. */
	console->rx.starved = true;
	console->rx.holds_chain = false;
	console->tx.holds_chain = false;
	return 0;
}

/* On the loop. */
static int activate(void *arg)
{
	const struct activation *a = arg;
	struct console *console = a->console;
	int rc = 0;

	if (a->queues[QUEUE_RX].enabled)
		rc = virtio_queue_start(&console->rx.queue, &console->dev, QUEUE_RX, console->loop,
					&a->queues[QUEUE_RX], a->features, handle_rx);
	if (rc == 0 && a->queues[QUEUE_TX].enabled)
		rc = virtio_queue_start(&console->tx.queue, &console->dev, QUEUE_TX, console->loop,
					&a->queues[QUEUE_TX], a->features, handle_tx);
	if (rc < 0)
		deactivate(console);
	return rc;
}

static int console_activate(struct virtio_device *dev, uint64_t features, const struct virtio_queue_setup *queues)
{
	struct console *console = (struct console *)dev;
	struct activation activation = { .console = console, .features = features, .queues = queues };

	return loop_call(console->loop, activate, &activation);
}

static void console_reset(struct virtio_device *dev)
{
	struct console *console = (struct console *)dev;

	loop_call(console->loop, deactivate, console);
}

static const struct virtio_device_ops console_ops = {
	.activate = console_activate,
	.reset = console_reset,
};

int console_create(struct stream *stream, struct loop *loop, struct virtio_device **out)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->loop = loop;
	console->rx.stream = stream;
	console->tx.stream = stream;
	console->dev = (struct virtio_device){
		.ops = &console_ops,
		.name = "console",
		.id = 3,
		.pci_class = 0x078000, /* communication controller, other */
		.features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT) |
			    VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT) | VIRTIO_FEATURE(VIRTIO_CONSOLE_F_SIZE_BIT),
		.nr_queues = NR_QUEUES,
		.queue_max_size = QUEUE_MAX_SIZE,
		.config = &console->config,
		.config_size = sizeof(console->config),
	};
	stream_attach(stream, &(struct stream_user){
				      .readable = on_readable,
				      .writable = on_writable,
				      .arg = console,
			      });
	*out = &console->dev;
	return 0;
}

void console_destroy(struct virtio_device *dev)
{
	if (!dev)
		return;
	console_reset(dev);
	free(dev);
}

void console_set_window(struct virtio_device *dev, uint16_t cols, uint16_t rows)
{
	struct console *console = (struct console *)dev;

	/* A reader that sees one of the two looks again: the transport raises the configuration's generation. */
	__atomic_store_n(&console->config.cols.raw, htole16(cols), __ATOMIC_RELAXED);
	__atomic_store_n(&console->config.rows.raw, htole16(rows), __ATOMIC_RELAXED);
	virtio_notify_config(dev);
}
