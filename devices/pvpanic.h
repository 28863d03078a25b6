/* pvpanic: the guest's kernel says that it has panicked (QEMU, docs/specs/pvpanic; ACPI device QEMU0001).
 *
 * One byte port. Reading tells which events are understood: both. PANICKED ends the machine. CRASH_LOADED does not: the
 * guest is about to start its crash kernel, which saves a dump and then resets; that is only logged. */
#ifndef DEVICES_PVPANIC_H
#define DEVICES_PVPANIC_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/core/bus.h"

/* Embedded in the machine. */
struct pvpanic {
	struct bus_range range;
	pthread_mutex_t lock;
	struct bus *bus;
	void (*panicked)(void *arg);
	void *arg;
};

/* `panicked(arg)` runs on the vCPU thread that wrote, with the device's lock held. 0, or bus_add()'s errno.
 * Control thread. */
__attribute__((warn_unused_result)) int pvpanic_init(struct pvpanic *pvpanic, struct bus *bus, uint16_t port,
						     void (*panicked)(void *arg), void *arg);
/* A zeroed object is fine. */
void pvpanic_fini(struct pvpanic *pvpanic);

#endif
