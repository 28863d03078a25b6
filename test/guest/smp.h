/* The other processors: each is brought to ring 3 by INIT and SIPI, and then runs what it is given. */
#ifndef TEST_GUEST_SMP_H
#define TEST_GUEST_SMP_H

#include <stdbool.h>
#include <stdint.h>

/* How many processors the MADT lists as enabled (at most GUEST_MAX_CPUS); 0 without a MADT. */
unsigned int smp_nr_listed(void);
/* Starts listed processors until `nr` run, this one included. The number that run: fewer if one did not answer. */
unsigned int smp_start(unsigned int nr);
/* Has processor `cpu` (1 ..) run `work(arg)`; smp_wait() returns when it has. */
void smp_run(unsigned int cpu, void (*work)(void *arg), void *arg);
void smp_wait(unsigned int cpu);
/* The local APIC ID that processor `cpu` found in its own local APIC. */
uint32_t smp_lapic_id(unsigned int cpu);

#endif
