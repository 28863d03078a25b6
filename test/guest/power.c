#include "test/guest/power.h"

#include <stddef.h>

#include "test/guest/acpi.h"
#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/port.h"
#include "test/guest/serial.h"

#define PVPANIC_PORT 0x505
#define PVPANIC_PANICKED 1
#define KEYBOARD_COMMAND_PORT 0x64
#define KEYBOARD_PULSE_RESET 0xfe
#define SLEEP_ENABLE 0x20 /* ACPI 6.5, 4.8.3.7 */
#define SLEEP_TYPE_SHIFT 2
#define S5_SLEEP_TYPE 5
/* QEMU's isa-debug-exit, where the guest is developed without a machine that answers the rest. */
#define DEBUG_EXIT_PORT 0xf4

static _Noreturn void stop(void)
{
	for (;;)
		cpu_pause();
}

static void write_register(const struct acpi_register *reg, uint8_t value)
{
	if (reg->space == ACPI_SPACE_IO)
		out8((uint16_t)reg->address, value);
	else if (reg->address != 0)
		mmio_write8(reg->address, value);
}

_Noreturn void power_off(void)
{
	const struct acpi_fadt *fadt = acpi_find("FACP");

	if (fadt != NULL && fadt->header.length >= sizeof(*fadt))
		write_register(&fadt->sleep_control, S5_SLEEP_TYPE << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);
	out8(DEBUG_EXIT_PORT, 0);
	stop();
}

_Noreturn void power_reset(void)
{
	const struct acpi_fadt *fadt = acpi_find("FACP");

	if (fadt != NULL)
		write_register(&fadt->reset_register, fadt->reset_value);
	stop();
}

_Noreturn void power_reset_keyboard(void)
{
	out8(KEYBOARD_COMMAND_PORT, KEYBOARD_PULSE_RESET);
	stop();
}

static void fault_without_idt(void *arg, uint64_t *flags)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_idt;

	(void)arg;
	(void)flags;
	__asm__ volatile("lidt %0; ud2" : : "m"(no_idt));
}

_Noreturn void power_triple_fault(void)
{
	ring0_call(fault_without_idt, NULL);
	stop();
}

_Noreturn void power_report_panic(void)
{
	out8(PVPANIC_PORT, PVPANIC_PANICKED);
	stop();
}

_Noreturn void power_panic(const char *why)
{
	print("PANIC: %s\n", why);
	power_report_panic();
}
