#include "test/guest/smp.h"

#include <stddef.h>

#include "test/guest/acpi.h"
#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/layout.h"
#include "test/guest/port.h"
#include "test/guest/text.h"

#define LAPIC_ICR_LOW (LAPIC_BASE + 0x300)
#define LAPIC_ICR_HIGH (LAPIC_BASE + 0x310)
#define ICR_INIT 0x4500
#define ICR_STARTUP 0x4600
#define INIT_PAUSE_CYCLES (UINT64_C(30) << 20) /* some 10 ms */
#define SIPI_PAUSE_CYCLES (UINT64_C(1) << 30) /* some 300 ms: the host may emulate each instruction */
#define START_TIMEOUT_CYCLES (UINT64_C(20) << 30) /* some seconds */

#define MADT_BYTES 44
#define MADT_LAPIC 0
#define MADT_X2APIC 9

struct cpu {
	_Atomic bool online;
	uint32_t lapic_id;
	void (*_Atomic work)(void *arg); /* set by the first processor, cleared by this one */
	void *arg;
};

static struct cpu cpus[GUEST_MAX_CPUS];

/* start.S */
extern uint64_t gdt[];
extern uint8_t cpu_tss[GUEST_MAX_CPUS][TSS_BYTES];
extern uint8_t ring0_stacks[GUEST_MAX_CPUS][RING0_STACK_BYTES];
extern const uint8_t ap_trampoline[], ap_trampoline_end[];
extern volatile uint32_t smp_next_cpu;

void smp_ap_main(uint32_t index);

/* The APIC IDs of enabled processors, in the MADT's order. */
static unsigned int list_ids(uint32_t ids[GUEST_MAX_CPUS])
{
	const struct acpi_header *madt = acpi_find("APIC");
	const uint8_t *at, *end;
	unsigned int nr = 0;

	if (madt == NULL)
		return 0;
	end = (const uint8_t *)madt + madt->length;
	for (at = (const uint8_t *)madt + MADT_BYTES; at + 2 <= end && at[1] >= 2; at += at[1]) {
		if (nr == GUEST_MAX_CPUS)
			break;
		if (at[0] == MADT_LAPIC && (at[4] & 1))
			ids[nr++] = at[3];
		else if (at[0] == MADT_X2APIC && (at[8] & 1))
			memcpy(&ids[nr++], at + 4, 4);
	}
	return nr;
}

unsigned int smp_nr_listed(void)
{
	uint32_t ids[GUEST_MAX_CPUS];

	return list_ids(ids);
}

void smp_ap_main(uint32_t index)
{
	struct cpu *cpu = &cpus[index];

	cpu->lapic_id = lapic_id();
	cpu->online = true;
	for (;;) {
		void (*work)(void *arg) = cpu->work;

		if (work == NULL) {
			cpu_pause();
			continue;
		}
		work(cpu->arg);
		cpu->work = NULL;
	}
}

static void prepare_tss(unsigned int index)
{
	uint64_t base = (uint64_t)cpu_tss[index];
	uint64_t stack = (uint64_t)ring0_stacks[index] + RING0_STACK_BYTES;
	uint16_t bitmap = TSS_IO_BITMAP;

	memcpy(cpu_tss[index] + TSS_RSP0, &stack, sizeof(stack));
	memcpy(cpu_tss[index] + TSS_IO_BITMAP_OFFSET, &bitmap, sizeof(bitmap));
	cpu_tss[index][TSS_LAST_BYTE] = 0xff;
	gdt[TSS_SELECTOR / 8 + 2 * index] |= (base & 0xffffff) << 16 | (base & 0xff000000) << 32;
}

static void send(uint32_t id, uint32_t command)
{
	mmio_write32(LAPIC_ICR_HIGH, id << 24);
	mmio_write32(LAPIC_ICR_LOW, command);
}

static bool wait_online(const struct cpu *cpu, uint64_t cycles)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < cycles; cpu_pause()) {
		if (cpu->online)
			return true;
	}
	return cpu->online;
}

/* Intel SDM volume 3, 9.4.4.1: INIT, a pause, and up to two SIPIs. */
static bool start_one(unsigned int index, uint32_t id)
{
	prepare_tss(index);
	smp_next_cpu = index;
	send(id, ICR_INIT);
	wait_online(&cpus[index], INIT_PAUSE_CYCLES);
	send(id, ICR_STARTUP | AP_TRAMPOLINE >> 12);
	if (wait_online(&cpus[index], SIPI_PAUSE_CYCLES))
		return true;
	send(id, ICR_STARTUP | AP_TRAMPOLINE >> 12);
	return wait_online(&cpus[index], START_TIMEOUT_CYCLES);
}

unsigned int smp_start(unsigned int nr)
{
	uint32_t ids[GUEST_MAX_CPUS];
	unsigned int nr_ids = list_ids(ids), running = 1;
	uint32_t self = lapic_id();

	lapic_enable(); /* as a kernel does first: KVM does not deliver every IPI of a disabled one */
	memcpy((void *)AP_TRAMPOLINE, ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	for (unsigned int i = 0; i < nr_ids && running < nr; i++) {
		if (ids[i] == self)
			continue;
		if (!start_one(running, ids[i]))
			break;
		running++;
	}
	return running;
}

void smp_run(unsigned int cpu, void (*work)(void *arg), void *arg)
{
	cpus[cpu].arg = arg;
	cpus[cpu].work = work;
}

void smp_wait(unsigned int cpu)
{
	while (cpus[cpu].work != NULL)
		cpu_pause();
}

uint32_t smp_lapic_id(unsigned int cpu)
{
	return cpus[cpu].lapic_id;
}
