/* vmm/core/bus: accesses reach the right device, whole, or nobody. */
#include "test/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "vmm/core/bus.h"

struct probe {
	struct bus_range range;
	pthread_mutex_t lock;
	uint64_t offset;
	unsigned int size;
	uint64_t value;
	unsigned int accesses;
};

static uint64_t probe_read(void *owner, uint64_t offset, unsigned int size)
{
	struct probe *p = owner;

	p->offset = offset;
	p->size = size;
	p->accesses++;
	return p->value;
}

static void probe_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct probe *p = owner;

	p->offset = offset;
	p->size = size;
	p->value = value;
	p->accesses++;
}

static const struct bus_ops probe_ops = { .read = probe_read, .write = probe_write };

static void probe_init(struct probe *p, uint64_t base, uint64_t size)
{
	*p = (struct probe){ .range = { .base = base,
					.size_bytes = size,
					.ops = &probe_ops,
					.owner = p,
					.lock = &p->lock,
					.name = "probe" } };
	pthread_mutex_init(&p->lock, NULL);
}

START_TEST(accesses_reach_the_range_that_holds_them_whole)
{
	struct probe a, b;
	struct bus bus;

	bus_init(&bus);
	probe_init(&a, 0x1000, 0x100);
	probe_init(&b, 0x1100, 0x100);
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &b.range), 0);
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &a.range), 0);
	bus_write(&bus, BUS_MMIO, 0x10fc, 4, 0x12345678);
	ck_assert_uint_eq(a.offset, 0xfc);
	ck_assert_uint_eq(a.value, 0x12345678);
	ck_assert_uint_eq(b.accesses, 0);
	/* Across the border: nobody's. */
	bus_write(&bus, BUS_MMIO, 0x10fe, 4, 1);
	ck_assert_uint_eq(a.accesses, 1);
	ck_assert_uint_eq(bus_read(&bus, BUS_MMIO, 0x10fe, 4), UINT64_MAX);
	b.value = 9;
	ck_assert_uint_eq(bus_read(&bus, BUS_MMIO, 0x1100, 1), 9);
	/* The other space is another world. */
	ck_assert_uint_eq(bus_read(&bus, BUS_PIO, 0x1000, 1), UINT64_MAX);
	bus_fini(&bus);
}
END_TEST

START_TEST(nobody_and_odd_sizes_read_as_ones)
{
	struct probe a;
	struct bus bus;

	bus_init(&bus);
	probe_init(&a, 0x1000, 0x100);
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &a.range), 0);
	ck_assert_uint_eq(bus_read(&bus, BUS_MMIO, 0xfff, 1), UINT64_MAX);
	ck_assert_uint_eq(bus_read(&bus, BUS_MMIO, 0x1100, 1), UINT64_MAX);
	ck_assert_uint_eq(bus_read(&bus, BUS_MMIO, UINT64_MAX, 8), UINT64_MAX);
	ck_assert_uint_eq(bus_read(&bus, BUS_MMIO, 0x1000, 3), UINT64_MAX);
	bus_write(&bus, BUS_MMIO, 0x1000, 0, 1);
	bus_write(&bus, BUS_MMIO, 0x1000, 16, 1);
	ck_assert_uint_eq(a.accesses, 0);
	bus_fini(&bus);
}
END_TEST

START_TEST(overlaps_are_refused_and_removal_frees_the_place)
{
	struct probe a, b;
	struct bus bus;

	bus_init(&bus);
	probe_init(&a, 0x1000, 0x100);
	probe_init(&b, 0x10ff, 0x10);
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &a.range), 0);
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &b.range), -EEXIST);
	b.range.base = 0xff8;
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &b.range), -EEXIST);
	bus_remove(&bus, BUS_MMIO, &a.range);
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &b.range), 0);
	bus_remove(&bus, BUS_MMIO, &a.range);
	ck_assert_uint_eq(bus.maps[BUS_MMIO].nr, 1);
	bus_fini(&bus);
}
END_TEST

START_TEST(a_full_map_refuses_the_next)
{
	static struct probe many[BUS_MAX_RANGES + 1];
	struct bus bus;

	bus_init(&bus);
	for (unsigned int i = 0; i < BUS_MAX_RANGES; i++) {
		probe_init(&many[i], 0x1000 * (i * 7 % BUS_MAX_RANGES), 0x1000);
		ck_assert_int_eq(bus_add(&bus, BUS_PIO, &many[i].range), 0);
	}
	probe_init(&many[BUS_MAX_RANGES], 0x10000000, 1);
	ck_assert_int_eq(bus_add(&bus, BUS_PIO, &many[BUS_MAX_RANGES].range), -ENOSPC);
	for (unsigned int i = 0; i < BUS_MAX_RANGES; i++) {
		(void)bus_read(&bus, BUS_PIO, many[i].range.base + 5, 1);
		ck_assert_uint_eq(many[i].accesses, 1);
	}
	bus_fini(&bus);
}
END_TEST

/* A device that moves its own range from inside a write, as a BAR does, while others read. */
struct mover {
	struct probe probe;
	struct bus *bus;
};

static void mover_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct mover *m = owner;

	(void)offset;
	(void)size;
	bus_remove(m->bus, BUS_MMIO, &m->probe.range);
	m->probe.range.base = value;
	ck_assert_int_eq(bus_add(m->bus, BUS_MMIO, &m->probe.range), 0);
}

static const struct bus_ops mover_ops = { .read = probe_read, .write = mover_write };

static void *read_all_the_time(void *arg)
{
	struct mover *m = arg;

	for (int i = 0; i < 20000; i++) {
		uint64_t v = bus_read(m->bus, BUS_MMIO, i % 2 ? 0x1000 : 0x9000, 4);

		ck_assert(v == UINT64_MAX || v == 42);
	}
	return NULL;
}

START_TEST(a_range_may_move_under_readers)
{
	struct mover m;
	struct bus bus;
	pthread_t reader;

	bus_init(&bus);
	probe_init(&m.probe, 0x1000, 0x100);
	m.probe.range.ops = &mover_ops;
	m.probe.range.owner = &m;
	m.probe.value = 42;
	m.bus = &bus;
	ck_assert_int_eq(bus_add(&bus, BUS_MMIO, &m.probe.range), 0);
	ck_assert_int_eq(pthread_create(&reader, NULL, read_all_the_time, &m), 0);
	for (int i = 0; i < 5000; i++) {
		bus_write(&bus, BUS_MMIO, 0x1000, 4, 0x9000);
		bus_write(&bus, BUS_MMIO, 0x9000, 4, 0x1000);
	}
	pthread_join(reader, NULL);
	ck_assert_uint_eq(bus.maps[BUS_MMIO].nr, 1);
	bus_fini(&bus);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus");
	TCase *tc = tcase_create("bus");

	tcase_add_test(tc, accesses_reach_the_range_that_holds_them_whole);
	tcase_add_test(tc, nobody_and_odd_sizes_read_as_ones);
	tcase_add_test(tc, overlaps_are_refused_and_removal_frees_the_place);
	tcase_add_test(tc, a_full_map_refuses_the_next);
	tcase_add_test(tc, a_range_may_move_under_readers);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
