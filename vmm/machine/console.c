#include <string.h>

#include "virtio/dev/console.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

static const char help[] = "\r\nmote: Ctrl-] then q ends the machine, p presses its power button, ? shows this, "
			   "Ctrl-] sends Ctrl-]\r\n";

static void obey(void *arg, enum stream_command command)
{
	struct machine *machine = arg;

	switch (command) {
	case STREAM_COMMAND_QUIT:
		machine_stop(machine);
		break;
	case STREAM_COMMAND_POWER:
		machine_power_button(machine);
		break;
	case STREAM_COMMAND_HELP:
		(void)stream_write_some(machine->console.stream, help, sizeof(help) - 1);
		break;
	}
}

static int init_serial(struct machine *machine)
{
	struct uart16550_config config = {
		.bus = &machine->bus,
		.port = LAYOUT_SERIAL_PORT,
		.stream = machine->console.stream,
	};
	int rc = irq_pin_open(&machine->irqs, LAYOUT_SERIAL_GSI);

	if (rc < 0)
		return rc;
	machine->console.irq_fd = config.irq_fd = rc;
	return uart16550_create(&config, &machine->console.uart);
}

static int init_hvc(struct machine *machine)
{
	int rc = console_create(machine->console.stream, machine->control, &machine->console.hvc);

	return rc < 0 ? rc : machine_plug(machine, machine->console.hvc, &machine->console.hvc_pci);
}

int machine_console_init(struct machine *machine, const struct machine_config *config)
{
	const struct stream_config stream = {
		.in_fd = config->console_in_fd,
		.out_fd = config->console_out_fd,
		.escape = config->console_escape,
		.command = obey,
		.command_arg = machine,
	};
	int rc;

	if (config->console == MACHINE_CONSOLE_NONE)
		return 0;
	rc = stream_create(machine->control, &stream, &machine->console.stream);
	if (rc == 0)
		rc = config->console == MACHINE_CONSOLE_SERIAL ? init_serial(machine) : init_hvc(machine);
	if (rc < 0)
		log_error("cannot set up the console: %s", strerror(-rc));
	return rc;
}

void machine_console_release(struct machine *machine)
{
	if (machine->console.stream)
		stream_shutdown(machine->console.stream);
}

void machine_console_fini(struct machine *machine)
{
	virtio_pci_destroy(machine->console.hvc_pci);
	console_destroy(machine->console.hvc);
	uart16550_destroy(machine->console.uart);
	fd_close(&machine->console.irq_fd);
	if (machine->console.stream)
		stream_destroy(machine->console.stream);
	machine->console = (struct machine_console_part){ .irq_fd = -1 };
}
