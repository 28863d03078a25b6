#include "test/guest/interrupt.h"

#include <stddef.h>

#include "test/guest/layout.h"
#include "test/guest/port.h"
#include "test/guest/power.h"
#include "test/guest/serial.h"

#define GATE_INTERRUPT 0x8e
#define INVALID_OPCODE_VECTOR 6
#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1
#define LAPIC_ID (LAPIC_BASE + 0x20)
#define LAPIC_SPURIOUS (LAPIC_BASE + 0xf0)
#define LAPIC_ENABLE 0x100
#define SPURIOUS_VECTOR 0xff
#define IOAPIC_SELECT 0xfec00000
#define IOAPIC_WINDOW 0xfec00010
#define IOAPIC_REDIRECTION 0x10
#define FLAGS_IF 0x200

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

/* As interrupt_entry.S pushes it, then the processor's part. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern struct gate idt[256];
extern const uint8_t exception_entries[32][16];
extern const uint8_t device_entries[224][32];
extern const uint8_t invalid_opcode_entry[];

volatile uint32_t interrupt_counts[256];

/* In ring 0. */
void exception_handle(const struct frame *frame);
void exception_handle(const struct frame *frame)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	print("EXCEPTION %lu error %lx rip %lx cs %lx cr2 %lx rsp %lx\n", frame->vector, frame->error, frame->rip,
	      frame->cs, cr2, frame->rsp);
	power_report_panic();
}

static void set_gate(unsigned int vector, const void *entry, uint8_t type)
{
	uint64_t offset = (uint64_t)entry;

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)offset,
		.selector = KERNEL_CODE,
		.type = type,
		.offset_middle = (uint16_t)(offset >> 16),
		.offset_high = (uint32_t)(offset >> 32),
	};
}

void interrupt_init(void)
{
	for (unsigned int i = 0; i < 32; i++)
		set_gate(i, exception_entries[i], GATE_INTERRUPT);
	for (unsigned int i = 32; i < 256; i++)
		set_gate(i, device_entries[i - 32], GATE_INTERRUPT);
	set_gate(INVALID_OPCODE_VECTOR, invalid_opcode_entry, GATE_INTERRUPT);
}

void ring0_call(ring0_function function, void *arg)
{
	uint64_t magic = RING0_CALL_MAGIC;

	__asm__ volatile("ud2"
			 : "+a"(magic), "+D"(function), "+S"(arg)
			 :
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
}

static void allow_interrupts(void *arg, uint64_t *flags)
{
	(void)arg;
	*flags |= FLAGS_IF;
}

static void forbid_interrupts(void *arg, uint64_t *flags)
{
	(void)arg;
	*flags &= ~(uint64_t)FLAGS_IF;
}

void interrupt_enable(void)
{
	/* A machine with PICs may have a timer on them that is already ticking. */
	out8(PIC1_MASK, 0xff);
	out8(PIC2_MASK, 0xff);
	lapic_enable();
	ring0_call(allow_interrupts, NULL);
}

void interrupt_disable(void)
{
	ring0_call(forbid_interrupts, NULL);
}

uint8_t interrupt_vector_alloc(void)
{
	static unsigned int next = INTERRUPT_FIRST_DEVICE_VECTOR;

	if (next == SPURIOUS_VECTOR)
		power_panic("out of interrupt vectors");
	return (uint8_t)next++;
}

void interrupt_route_pin(unsigned int pin, uint8_t vector)
{
	mmio_write32(IOAPIC_SELECT, IOAPIC_REDIRECTION + 2 * pin + 1);
	mmio_write32(IOAPIC_WINDOW, 0);
	mmio_write32(IOAPIC_SELECT, IOAPIC_REDIRECTION + 2 * pin);
	mmio_write32(IOAPIC_WINDOW, vector);
}

struct wait {
	volatile uint32_t *count;
	uint32_t seen;
};

/* Interrupts are off up to the hlt itself, so none can slip in between the look and the sleep. */
static void sleep_until_changed(void *arg, uint64_t *flags)
{
	const struct wait *wait = arg;

	(void)flags;
	if (*wait->count == wait->seen)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void interrupt_wait(uint8_t vector, uint32_t seen)
{
	struct wait wait = { &interrupt_counts[vector], seen };

	while (interrupt_counts[vector] == seen)
		ring0_call(sleep_until_changed, &wait);
}

void lapic_enable(void)
{
	mmio_write32(LAPIC_SPURIOUS, LAPIC_ENABLE | SPURIOUS_VECTOR);
}

uint32_t lapic_id(void)
{
	return mmio_read32(LAPIC_ID) >> 24;
}
