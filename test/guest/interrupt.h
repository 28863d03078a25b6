/* Exceptions, device interrupts as counters, and calls into ring 0. */
#ifndef TEST_GUEST_INTERRUPT_H
#define TEST_GUEST_INTERRUPT_H

#include <stdint.h>

/* How often each vector was delivered, on any CPU. A vector is used by one source only. */
extern volatile uint32_t interrupt_counts[256];

#define INTERRUPT_FIRST_DEVICE_VECTOR 0x30

/* Fills the IDT; exceptions print and panic from now on. */
void interrupt_init(void);
/* Switches this CPU's local APIC on and lets interrupts in. */
void interrupt_enable(void);
void interrupt_disable(void);
/* A vector that nobody has; from INTERRUPT_FIRST_DEVICE_VECTOR up. */
uint8_t interrupt_vector_alloc(void);
/* Has IOAPIC pin `pin` deliver `vector` to APIC 0: edge, active high, unmasked. */
void interrupt_route_pin(unsigned int pin, uint8_t vector);
/* Sleeps until an interrupt comes, unless vector's count is no longer `seen`. */
void interrupt_wait(uint8_t vector, uint32_t seen);

/* Runs in ring 0 with interrupts off; *flags are what RFLAGS will be back in ring 3. */
typedef void (*ring0_function)(void *arg, uint64_t *flags);
/* Slow where the host emulates ring 0: for single instructions. */
void ring0_call(ring0_function function, void *arg);

/* This CPU's local APIC, by MMIO. */
#define LAPIC_BASE 0xfee00000
uint32_t lapic_id(void);
void lapic_enable(void); /* part of interrupt_enable() */

#endif
