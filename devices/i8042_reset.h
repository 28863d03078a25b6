/* The one thing of a keyboard controller that software still relies on: pulsing the CPU's reset line.
 *
 * Linux falls back to it when the ACPI reset register did not work (reboot=k asks for it first), and early boot code
 * uses it alone. Port 0x64 reads as an idle controller, so that whoever waits for it does not wait. There is no
 * keyboard: the ACPI tables say so, and port 0x60 is not answered. */
#ifndef DEVICES_I8042_RESET_H
#define DEVICES_I8042_RESET_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/core/bus.h"

#define I8042_COMMAND_PORT 0x64
#define I8042_COMMAND_PULSE_RESET 0xfe

/* Embedded in the machine. */
struct i8042_reset {
	struct bus_range range;
	pthread_mutex_t lock;
	struct bus *bus;
	void (*reset)(void *arg);
	void *arg;
};

/* `reset(arg)` runs on the vCPU thread that wrote, with the device's lock held. 0, or bus_add()'s errno.
 * Control thread. */
__attribute__((warn_unused_result)) int i8042_reset_init(struct i8042_reset *i8042, struct bus *bus,
							 void (*reset)(void *arg), void *arg);
/* A zeroed object is fine. */
void i8042_reset_fini(struct i8042_reset *i8042);

#endif
