/* Power-off, reset and the power button of hardware-reduced ACPI: four byte registers in a row.
 *
 * The FADT points to the sleep and reset registers (ACPI 6.5, 4.8.3.6 and 4.8.3.7); the event status register is ours,
 * read by the generic event device's method in the DSDT when its interrupt comes (ACPI 6.5, 5.6.9). */
#ifndef DEVICES_ACPI_POWER_H
#define DEVICES_ACPI_POWER_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/core/bus.h"

/* Registers, from the block's base. */
#define ACPI_POWER_SLEEP_CONTROL 0
#define ACPI_POWER_SLEEP_STATUS 1
#define ACPI_POWER_RESET 2
#define ACPI_POWER_EVENT_STATUS 3 /* reading clears */
#define ACPI_POWER_BYTES 4

#define ACPI_POWER_S5_SLEEP_TYPE 5 /* what \_S5 names */
#define ACPI_POWER_RESET_VALUE 0x42 /* what the FADT names */
#define ACPI_POWER_EVENT_BUTTON 0x01

/* Embedded in the machine. */
struct acpi_power {
	struct bus_range range;
	pthread_mutex_t lock;
	struct bus *bus;
	int event_fd; /* the machine's */
	_Atomic uint8_t events; /* set by acpi_power_press() on any thread, taken by the guest */
	void (*power_off)(void *arg);
	void (*reset)(void *arg);
	void *arg;
};

struct acpi_power_config {
	struct bus *bus;
	uint16_t port; /* of the block */
	int event_fd; /* raises the generic event device's interrupt (irq_pin_open()); the caller's, who closes it later
		       */
	/* Run on the vCPU thread that wrote, with the device's lock held. */
	void (*power_off)(void *arg);
	void (*reset)(void *arg);
	void *arg;
};

/* 0, or bus_add()'s errno. Control thread. */
__attribute__((warn_unused_result)) int acpi_power_init(struct acpi_power *power,
							const struct acpi_power_config *config);
/* A zeroed object is fine. */
void acpi_power_fini(struct acpi_power *power);

/* Presses the power button: asks the guest to shut down. Any thread, and async-signal-safe. */
void acpi_power_press(struct acpi_power *power);

#endif
