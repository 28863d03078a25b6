/* The ways that a guest ends. */
#ifndef TEST_GUEST_POWER_H
#define TEST_GUEST_POWER_H

_Noreturn void power_off(void); /* S5 by the FADT's sleep control register */
_Noreturn void power_reset(void); /* by the FADT's reset register */
_Noreturn void power_reset_keyboard(void); /* by the 8042's pulse */
_Noreturn void power_triple_fault(void);
_Noreturn void power_report_panic(void); /* pvpanic: "panicked" */
/* Prints what went wrong and reports a panic. */
_Noreturn void power_panic(const char *why);

#endif
