#include "vmm/core/bus.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/checked.h"

void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
	pthread_rwlock_init(&bus->lock, NULL);
}

void bus_fini(struct bus *bus)
{
	pthread_rwlock_destroy(&bus->lock);
}

/* The index of the first range whose base is above `address`. The lock is held. */
static unsigned int upper_bound(const struct bus *bus, enum bus_space space, uint64_t address)
{
	unsigned int low = 0, high = bus->maps[space].nr;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (bus->maps[space].ranges[mid]->base <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool overlaps(const struct bus_range *a, const struct bus_range *b)
{
	return ranges_overlap(a->base, a->size_bytes, b->base, b->size_bytes);
}

int bus_add(struct bus *bus, enum bus_space space, struct bus_range *range)
{
	struct bus_range **ranges = bus->maps[space].ranges;
	unsigned int at;
	int rc = 0;

	pthread_rwlock_wrlock(&bus->lock);
	at = upper_bound(bus, space, range->base);
	if ((at > 0 && overlaps(ranges[at - 1], range)) || (at < bus->maps[space].nr && overlaps(ranges[at], range))) {
		rc = -EEXIST;
	} else if (bus->maps[space].nr == BUS_MAX_RANGES) {
		rc = -ENOSPC;
	} else {
		memmove(&ranges[at + 1], &ranges[at], (bus->maps[space].nr - at) * sizeof(struct bus_range *));
		ranges[at] = range;
		bus->maps[space].nr++;
	}
	pthread_rwlock_unlock(&bus->lock);
	return rc;
}

void bus_remove(struct bus *bus, enum bus_space space, struct bus_range *range)
{
	struct bus_range **ranges = bus->maps[space].ranges;

	pthread_rwlock_wrlock(&bus->lock);
	for (unsigned int i = 0; i < bus->maps[space].nr; i++) {
		if (ranges[i] != range)
			continue;
		bus->maps[space].nr--;
		memmove(&ranges[i], &ranges[i + 1], (bus->maps[space].nr - i) * sizeof(struct bus_range *));
		break;
	}
	pthread_rwlock_unlock(&bus->lock);
}

/* Copies the range that holds the whole access: it may move while the device runs. */
static bool find(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size, struct bus_range *found)
{
	unsigned int at;
	bool hit = false;

	pthread_rwlock_rdlock(&bus->lock);
	at = upper_bound(bus, space, address);
	if (at > 0) {
		const struct bus_range *range = bus->maps[space].ranges[at - 1];

		hit = range_contains(range->base, range->size_bytes, address, size);
		if (hit)
			*found = *range;
	}
	pthread_rwlock_unlock(&bus->lock);
	return hit;
}

static bool valid_size(unsigned int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

uint64_t bus_read(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size)
{
	struct bus_range range;
	uint64_t value;

	if (!valid_size(size) || !find(bus, space, address, size, &range) || !range.ops->read)
		return UINT64_MAX;
	pthread_mutex_lock(range.lock);
	value = range.ops->read(range.owner, address - range.base, size);
	pthread_mutex_unlock(range.lock);
	return value;
}

void bus_write(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size, uint64_t value)
{
	struct bus_range range;

	if (!valid_size(size) || !find(bus, space, address, size, &range) || !range.ops->write)
		return;
	pthread_mutex_lock(range.lock);
	range.ops->write(range.owner, address - range.base, size, value);
	pthread_mutex_unlock(range.lock);
}
