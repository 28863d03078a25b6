/* virtio-console: for a machine whose only console it is, so the verdict goes out through it. */
#include "test/guest/cpu.h"
#include "test/guest/pages.h"
#include "test/guest/power.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"
#include "test/guest/virtio.h"

enum {
	QUEUE_INPUT,
	QUEUE_OUTPUT,
};

struct console {
	struct virtio_device dev;
	struct virtqueue input, output;
};

static void open_console(struct console *console)
{
	if (!virtio_open(&console->dev, VIRTIO_ID_CONSOLE, 0) || !virtio_negotiate(&console->dev, VIRTIO_F_VERSION_1) ||
	    !virtio_queue_enable(&console->dev, QUEUE_INPUT, 64, &console->input) ||
	    !virtio_queue_enable(&console->dev, QUEUE_OUTPUT, 64, &console->output))
		power_panic("no working virtio-console");
	virtio_ready(&console->dev);
}

static void write_bytes(struct console *console, const void *bytes, uint32_t len)
{
	const struct virtqueue_segment segment = { bytes, len };
	uint32_t written;

	while (virtqueue_add(&console->output, &segment, 1, 0) < 0)
		cpu_pause();
	virtqueue_kick(&console->output);
	while (virtqueue_poll(&console->output, &written) < 0)
		cpu_pause();
}

static void write_text(struct console *console, const char *text)
{
	write_bytes(console, text, (uint32_t)strlen(text));
}

static void says_hello(const char *command_line)
{
	struct console console;
	uint8_t *page = pages_alloc(16);

	(void)command_line;
	open_console(&console);
	write_text(&console, "console says hello\n");
	/* A large piece at once: 65,536 bytes, ending in a line. */
	memset(page, 'x', 65536);
	page[65535] = '\n';
	write_bytes(&console, page, 65536);
	write_text(&console, "console done\n");
}

/* Gives every byte of the input back, until a '.'. */
static void echo(const char *command_line)
{
	struct console console;
	uint8_t *buffer = pages_alloc(1);
	uint32_t len = 0;

	(void)command_line;
	open_console(&console);
	write_text(&console, "ready\n");
	do {
		const struct virtqueue_segment segment = { buffer, PAGE_BYTES };

		if (virtqueue_add(&console.input, &segment, 0, 1) < 0)
			power_panic("no room in the input queue");
		virtqueue_kick(&console.input);
		while (virtqueue_poll(&console.input, &len) < 0)
			cpu_pause();
		write_bytes(&console, buffer, len);
	} while (len == 0 || buffer[len - 1] != '.');
	write_text(&console, "\nconsole done\n");
}

const struct test tests_console[] = {
	{ "says_hello", says_hello },
	{ "echo", echo },
	TEST_END,
};
