#include "devices/acpi_power.h"

#include <stdatomic.h>
#include <string.h>

#include "vmm/base/fd.h"

/* Sleep control (ACPI 6.5, table 4.19). SLP_EN reads as zero, and nothing else is worth remembering. */
#define SLEEP_TYPE(value) (((value) >> 2) & 7)
#define SLEEP_ENABLE 0x20

static uint8_t read_register(struct acpi_power *power, uint64_t reg)
{
	/* The guest never wakes from a sleep here, so the wake status is never set. */
	return reg == ACPI_POWER_EVENT_STATUS ? atomic_exchange(&power->events, 0) : 0;
}

static void write_register(struct acpi_power *power, uint64_t reg, uint8_t value)
{
	switch (reg) {
	case ACPI_POWER_SLEEP_CONTROL:
		if ((value & SLEEP_ENABLE) && SLEEP_TYPE(value) == ACPI_POWER_S5_SLEEP_TYPE)
			power->power_off(power->arg);
		break;
	case ACPI_POWER_RESET:
		if (value == ACPI_POWER_RESET_VALUE)
			power->reset(power->arg);
		break;
	default:
		break;
	}
}

/* The registers are a byte each; a wider access is that many accesses, as on any bus. */
static uint64_t block_read(void *owner, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)read_register(owner, offset + i) << (8 * i);
	return value;
}

static void block_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	for (unsigned int i = 0; i < size; i++)
		write_register(owner, offset + i, (uint8_t)(value >> (8 * i)));
}

static const struct bus_ops block_ops = { .read = block_read, .write = block_write };

int acpi_power_init(struct acpi_power *power, const struct acpi_power_config *config)
{
	int rc;

	*power = (struct acpi_power){
		.range = {
			.base = config->port,
			.size_bytes = ACPI_POWER_BYTES,
			.ops = &block_ops,
			.owner = power,
			.lock = &power->lock,
			.name = "acpi power",
		},
		.event_fd = config->event_fd,
		.power_off = config->power_off,
		.reset = config->reset,
		.arg = config->arg,
	};
	pthread_mutex_init(&power->lock, NULL);
	rc = bus_add(config->bus, BUS_PIO, &power->range);
	if (rc < 0) {
		pthread_mutex_destroy(&power->lock);
		return rc;
	}
	power->bus = config->bus;
	return 0;
}

void acpi_power_fini(struct acpi_power *power)
{
	if (!power->bus)
		return;
	bus_remove(power->bus, BUS_PIO, &power->range);
	pthread_mutex_destroy(&power->lock);
	memset(power, 0, sizeof(*power));
}

void acpi_power_press(struct acpi_power *power)
{
	atomic_fetch_or(&power->events, ACPI_POWER_EVENT_BUTTON);
	fd_eventfd_signal(power->event_fd);
}
