#include <errno.h>

#include "devices/acpi_power.h"
#include "devices/i8042_reset.h"
#include "devices/pvpanic.h"
#include "test/unit/unit.h"
#include "vmm/base/fd.h"

#define POWER_PORT 0x600
#define PVPANIC_PORT 0x505

static struct bus bus;
static struct acpi_power power;
static struct i8042_reset i8042;
static struct pvpanic pvpanic;
static int event_fd;
static unsigned int nr_power_offs, nr_resets, nr_panics;

static void count(void *arg)
{
	unsigned int *counter = arg;

	(*counter)++;
}

static void power_off(void *arg)
{
	(void)arg;
	nr_power_offs++;
}

static void reset(void *arg)
{
	(void)arg;
	nr_resets++;
}

static void setup(void)
{
	struct acpi_power_config config = {
		.bus = &bus,
		.port = POWER_PORT,
		.power_off = power_off,
		.reset = reset,
	};

	nr_power_offs = nr_resets = nr_panics = 0;
	bus_init(&bus);
	event_fd = fd_eventfd();
	ck_assert_int_ge(event_fd, 0);
	config.event_fd = event_fd;
	ck_assert_int_eq(acpi_power_init(&power, &config), 0);
	ck_assert_int_eq(i8042_reset_init(&i8042, &bus, count, &nr_resets), 0);
	ck_assert_int_eq(pvpanic_init(&pvpanic, &bus, PVPANIC_PORT, count, &nr_panics), 0);
}

static void teardown(void)
{
	pvpanic_fini(&pvpanic);
	i8042_reset_fini(&i8042);
	acpi_power_fini(&power);
	fd_close(&event_fd);
	ck_assert_uint_eq(bus.maps[BUS_PIO].nr, 0);
	bus_fini(&bus);
}

static void out(uint16_t port, uint8_t value)
{
	bus_write(&bus, BUS_PIO, port, 1, value);
}

static uint8_t in(uint16_t port)
{
	return (uint8_t)bus_read(&bus, BUS_PIO, port, 1);
}

START_TEST(only_s5_with_the_enable_bit_powers_off)
{
	unsigned int expected = 0;

	for (unsigned int value = 0; value < 256; value++) {
		out(POWER_PORT + ACPI_POWER_SLEEP_CONTROL, (uint8_t)value);
		expected += (value & 0x20) && ((value >> 2) & 7) == 5;
		ck_assert_uint_eq(nr_power_offs, expected);
	}
	ck_assert_uint_gt(expected, 0);
	ck_assert_uint_eq(nr_resets, 0);
	ck_assert_uint_eq(in(POWER_PORT + ACPI_POWER_SLEEP_CONTROL), 0);
	ck_assert_uint_eq(in(POWER_PORT + ACPI_POWER_SLEEP_STATUS), 0);
}
END_TEST

START_TEST(only_the_reset_value_resets)
{
	for (unsigned int value = 0; value < 256; value++)
		if (value != ACPI_POWER_RESET_VALUE)
			out(POWER_PORT + ACPI_POWER_RESET, (uint8_t)value);
	ck_assert_uint_eq(nr_resets, 0);
	out(POWER_PORT + ACPI_POWER_RESET, ACPI_POWER_RESET_VALUE);
	ck_assert_uint_eq(nr_resets, 1);
	ck_assert_uint_eq(nr_power_offs, 0);
}
END_TEST

START_TEST(the_power_button_interrupts_and_reading_its_event_clears_it)
{
	ck_assert_uint_eq(in(POWER_PORT + ACPI_POWER_EVENT_STATUS), 0);
	acpi_power_press(&power);
	ck_assert(fd_eventfd_take(event_fd));
	ck_assert_uint_eq(in(POWER_PORT + ACPI_POWER_EVENT_STATUS), ACPI_POWER_EVENT_BUTTON);
	ck_assert_uint_eq(in(POWER_PORT + ACPI_POWER_EVENT_STATUS), 0);
	out(POWER_PORT + ACPI_POWER_EVENT_STATUS, 0xff);
	ck_assert_uint_eq(in(POWER_PORT + ACPI_POWER_EVENT_STATUS), 0);
	ck_assert(!fd_eventfd_take(event_fd));
}
END_TEST

START_TEST(a_wide_access_reaches_each_register_it_covers)
{
	bus_write(&bus, BUS_PIO, POWER_PORT, 4, (uint32_t)ACPI_POWER_RESET_VALUE << 16);
	ck_assert_uint_eq(nr_resets, 1);
	acpi_power_press(&power);
	ck_assert_uint_eq(bus_read(&bus, BUS_PIO, POWER_PORT, 4), (uint32_t)ACPI_POWER_EVENT_BUTTON << 24);
	bus_write(&bus, BUS_PIO, POWER_PORT + 2, 4, UINT32_MAX); /* leaves the block: nobody answers */
	ck_assert_uint_eq(nr_resets, 1);
}
END_TEST

START_TEST(the_keyboard_controller_only_resets)
{
	ck_assert_uint_eq(in(I8042_COMMAND_PORT), 0);
	for (unsigned int value = 0; value < 256; value++)
		if (value != I8042_COMMAND_PULSE_RESET)
			out(I8042_COMMAND_PORT, (uint8_t)value);
	ck_assert_uint_eq(nr_resets, 0);
	out(I8042_COMMAND_PORT, I8042_COMMAND_PULSE_RESET);
	ck_assert_uint_eq(nr_resets, 1);
	ck_assert_uint_eq(in(0x60), 0xff);
}
END_TEST

START_TEST(a_panic_ends_the_machine_but_a_crash_kernel_does_not)
{
	ck_assert_uint_eq(in(PVPANIC_PORT), 3);
	out(PVPANIC_PORT, 2);
	out(PVPANIC_PORT, 0);
	out(PVPANIC_PORT, 0xfc);
	ck_assert_uint_eq(nr_panics, 0);
	out(PVPANIC_PORT, 1);
	ck_assert_uint_eq(nr_panics, 1);
	out(PVPANIC_PORT, 3);
	ck_assert_uint_eq(nr_panics, 2);
}
END_TEST

START_TEST(a_taken_port_is_refused_and_a_zeroed_device_ends_quietly)
{
	struct pvpanic second_pvpanic;
	struct i8042_reset second_i8042;
	struct acpi_power nothing = { 0 };
	struct acpi_power_config config = { .bus = &bus, .port = POWER_PORT + 1, .event_fd = -1 };

	ck_assert_int_eq(pvpanic_init(&second_pvpanic, &bus, PVPANIC_PORT, count, &nr_panics), -EEXIST);
	pvpanic_fini(&second_pvpanic);
	ck_assert_int_eq(i8042_reset_init(&second_i8042, &bus, count, &nr_resets), -EEXIST);
	i8042_reset_fini(&second_i8042);
	ck_assert_int_eq(acpi_power_init(&nothing, &config), -EEXIST);
	acpi_power_fini(&nothing);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("legacy");
	TCase *tc = tcase_create("legacy");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_s5_with_the_enable_bit_powers_off);
	tcase_add_test(tc, only_the_reset_value_resets);
	tcase_add_test(tc, the_power_button_interrupts_and_reading_its_event_clears_it);
	tcase_add_test(tc, a_wide_access_reaches_each_register_it_covers);
	tcase_add_test(tc, the_keyboard_controller_only_resets);
	tcase_add_test(tc, a_panic_ends_the_machine_but_a_crash_kernel_does_not);
	tcase_add_test(tc, a_taken_port_is_refused_and_a_zeroed_device_ends_quietly);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
