/* Who answers an access that left the guest: one map for MMIO, one for port I/O. */
#ifndef VMM_CORE_BUS_H
#define VMM_CORE_BUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum bus_space {
	BUS_MMIO,
	BUS_PIO,
	BUS_NR_SPACES,
};

/* `offset` counts from the range's base; `size` is 1, 2, 4 or 8 and the access lies inside the range. The value's
 * unused upper bytes are zero. Called on a vCPU thread with the range's lock held. */
struct bus_ops {
	uint64_t (*read)(void *owner, uint64_t offset, unsigned int size);
	void (*write)(void *owner, uint64_t offset, unsigned int size, uint64_t value);
};

/* Embedded in the device that answers; the caller sets all fields before bus_add(). */
struct bus_range {
	uint64_t base;
	uint64_t size_bytes;
	const struct bus_ops *ops;
	void *owner;
	pthread_mutex_t *lock; /* taken around each access: the device's own */
	const char *name; /* for messages */
};

#define BUS_MAX_RANGES 128

struct bus {
	pthread_rwlock_t lock; /* the maps: read at each access, written when a BAR moves */
	struct {
		unsigned int nr;
		struct bus_range *ranges[BUS_MAX_RANGES]; /* ascending by base, disjoint */
	} maps[BUS_NR_SPACES];
};

void bus_init(struct bus *bus);
void bus_fini(struct bus *bus);

/* 0; -EEXIST if a byte of the range is taken, -ENOSPC if the map is full. Any thread. */
__attribute__((warn_unused_result)) int bus_add(struct bus *bus, enum bus_space space, struct bus_range *range);
void bus_remove(struct bus *bus, enum bus_space space, struct bus_range *range);

/* One access of a guest. A read that nobody answers gives ones, a write is dropped, as on a PC. vCPU thread.
 * The map's lock is not held while the device runs, so a device may add, remove or move ranges from its handlers; a
 * range's storage must outlive the VM's vCPU threads. */
uint64_t bus_read(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size);
void bus_write(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size, uint64_t value);

#endif
