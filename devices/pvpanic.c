#include "devices/pvpanic.h"

#include <misc/pvpanic.h>
#include <string.h>

#include "vmm/base/log.h"

static uint64_t port_read(void *owner, uint64_t offset, unsigned int size)
{
	(void)owner;
	(void)offset;
	(void)size;
	return PVPANIC_PANICKED | PVPANIC_CRASH_LOADED;
}

static void port_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pvpanic *pvpanic = owner;

	(void)offset;
	(void)size;
	if (value & PVPANIC_CRASH_LOADED)
		log_guest("the guest has panicked and starts its crash kernel");
	if (value & PVPANIC_PANICKED)
		pvpanic->panicked(pvpanic->arg);
}

static const struct bus_ops port_ops = { .read = port_read, .write = port_write };

int pvpanic_init(struct pvpanic *pvpanic, struct bus *bus, uint16_t port, void (*panicked)(void *arg), void *arg)
{
	int rc;

	*pvpanic = (struct pvpanic){
		.range = {
			.base = port,
			.size_bytes = 1,
			.ops = &port_ops,
			.owner = pvpanic,
			.lock = &pvpanic->lock,
			.name = "pvpanic",
		},
		.panicked = panicked,
		.arg = arg,
	};
	pthread_mutex_init(&pvpanic->lock, NULL);
	rc = bus_add(bus, BUS_PIO, &pvpanic->range);
	if (rc < 0) {
		pthread_mutex_destroy(&pvpanic->lock);
		return rc;
	}
	pvpanic->bus = bus;
	return 0;
}

void pvpanic_fini(struct pvpanic *pvpanic)
{
	if (!pvpanic->bus)
		return;
	bus_remove(pvpanic->bus, BUS_PIO, &pvpanic->range);
	pthread_mutex_destroy(&pvpanic->lock);
	memset(pvpanic, 0, sizeof(*pvpanic));
}
