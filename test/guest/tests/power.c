/* The ends of a machine. Chosen one by one (test=power.off): each is the last thing that its guest does. */
#include "test/guest/power.h"

#include "test/guest/interrupt.h"
#include "test/guest/port.h"
#include "test/guest/serial.h"
#include "test/guest/tests/tests.h"

#define EVENT_GSI 5
#define EVENT_STATUS 0x603
#define EVENT_POWER_BUTTON 1

#define END(name, call)                                                                                                \
	static void name(const char *command_line)                                                                     \
	{                                                                                                              \
		(void)command_line;                                                                                    \
		print("goes\n");                                                                                       \
		call();                                                                                                \
	}

END(off, power_off)
END(reset, power_reset)
END(keyboard, power_reset_keyboard)
END(triple_fault, power_triple_fault)
END(panic, power_report_panic)

/* Waits for the power button as the generic event device's method would. */
static void button(const char *command_line)
{
	uint8_t vector = interrupt_vector_alloc();

	(void)command_line;
	interrupt_enable();
	interrupt_route_pin(EVENT_GSI, vector);
	expect_equal(in8(EVENT_STATUS), 0);
	print("ready\n");
	interrupt_wait(vector, 0);
	expect_equal(in8(EVENT_STATUS), EVENT_POWER_BUTTON);
	expect_equal(in8(EVENT_STATUS), 0); /* reading has cleared it */
	print("pressed ");
}

const struct test tests_power[] = {
	{ "off", off },
	{ "reset", reset },
	{ "keyboard", keyboard },
	{ "triple_fault", triple_fault },
	{ "panic", panic },
	{ "button", button },
	TEST_END,
};
