#include "devices/i8042_reset.h"

#include <string.h>

/* Neither buffer full, no key, no error. */
#define STATUS_IDLE 0

static uint64_t port_read(void *owner, uint64_t offset, unsigned int size)
{
	(void)owner;
	(void)offset;
	(void)size;
	return STATUS_IDLE;
}

static void port_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct i8042_reset *i8042 = owner;

	(void)offset;
	(void)size;
	if ((uint8_t)value == I8042_COMMAND_PULSE_RESET)
		i8042->reset(i8042->arg);
}

static const struct bus_ops port_ops = { .read = port_read, .write = port_write };

int i8042_reset_init(struct i8042_reset *i8042, struct bus *bus, void (*reset)(void *arg), void *arg)
{
	int rc;

	*i8042 = (struct i8042_reset){
		.range = {
			.base = I8042_COMMAND_PORT,
			.size_bytes = 1,
			.ops = &port_ops,
			.owner = i8042,
			.lock = &i8042->lock,
			.name = "i8042",
		},
		.reset = reset,
		.arg = arg,
	};
	pthread_mutex_init(&i8042->lock, NULL);
	rc = bus_add(bus, BUS_PIO, &i8042->range);
	if (rc < 0) {
		pthread_mutex_destroy(&i8042->lock);
		return rc;
	}
	i8042->bus = bus;
	return 0;
}

void i8042_reset_fini(struct i8042_reset *i8042)
{
	if (!i8042->bus)
		return;
	bus_remove(i8042->bus, BUS_PIO, &i8042->range);
	pthread_mutex_destroy(&i8042->lock);
	memset(i8042, 0, sizeof(*i8042));
}
