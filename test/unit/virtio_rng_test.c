/* virtio-rng from the driver's side. */
#include "virtio/dev/rng.h"

#include <string.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fakes.h"
#include "vmm/base/fd.h"

#define QUEUE_SIZE 8
#define RINGS 0x10000
#define DATA 0x100000
#define RAM_BYTES (4 << 20)

static struct guest_memory memory;
static struct driver_queue driver;
static struct loop *loop;
static struct fake_transport transport;
static struct virtio_device *dev;
static struct virtio_queue_setup queue;

static uint8_t *at(gpa_t gpa)
{
	return guest_memory_at(&memory, gpa, 1);
}

static void setup(void)
{
	const struct guest_region region = { .base = 0, .size_bytes = RAM_BYTES };

	driver_memory_init(&memory, &region, 1);
	loop = fake_loop_create();
	ck_assert_int_eq(rng_create(loop, &dev), 0);
	fake_transport_connect(&transport, dev, &memory);
	driver_queue_init(&driver, &memory, RINGS, QUEUE_SIZE, false);
	queue = (struct virtio_queue_setup){ .enabled = true, .config = driver.config, .kick_fd = fd_eventfd() };
	ck_assert_int_eq(dev->ops->activate(dev, dev->features & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT), &queue), 0);
}

static void teardown(void)
{
	rng_destroy(dev);
	fake_loop_destroy(loop);
	fd_close(&queue.kick_fd);
	driver_memory_fini(&memory);
}

static uint32_t run(const struct driver_buffer *buffers, unsigned int nr)
{
	uint16_t head;
	uint32_t len;

	driver_add(&driver, buffers, nr);
	fd_eventfd_signal(queue.kick_fd);
	fake_loop_settle(loop, 20);
	ck_assert(driver_collect(&driver, &head, &len));
	return len;
}

/* Whether 64 bytes at `gpa` look as if nobody had written them; by chance once in 2^512. */
static bool untouched(gpa_t gpa)
{
	static const uint8_t zeros[64];

	return memcmp(at(gpa), zeros, sizeof(zeros)) == 0;
}

START_TEST(a_buffer_is_filled_to_its_end_and_no_further)
{
	const struct driver_buffer buffer = { DATA, 512, true };

	ck_assert_uint_eq(run(&buffer, 1), 512);
	for (unsigned int i = 0; i < 512; i += 64)
		ck_assert(!untouched(DATA + i));
	ck_assert(untouched(DATA + 512));
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
}
END_TEST

START_TEST(two_requests_get_different_bytes)
{
	const struct driver_buffer first = { DATA, 64, true }, second = { DATA + 64, 64, true };

	ck_assert_uint_eq(run(&first, 1), 64);
	ck_assert_uint_eq(run(&second, 1), 64);
	ck_assert_mem_ne(at(DATA), at(DATA + 64), 64);
}
END_TEST

START_TEST(all_segments_of_a_chain_are_filled)
{
	const struct driver_buffer buffers[] = { { DATA, 1, true },
						 { DATA + 64, 64, true },
						 { DATA + 256, 300, true } };

	ck_assert_uint_eq(run(buffers, 3), 365);
	ck_assert(!untouched(DATA + 64));
	ck_assert(!untouched(DATA + 256 + 300 - 64));
}
END_TEST

START_TEST(a_request_gets_at_most_64_kib)
{
	const struct driver_buffer buffers[] = { { DATA, 65000, true }, { DATA + 65000, 1 << 20, true } };

	ck_assert_uint_eq(run(buffers, 2), 65536);
	ck_assert(!untouched(DATA + 65536 - 64));
	ck_assert(untouched(DATA + 65536));
}
END_TEST

START_TEST(a_request_with_nothing_to_write_comes_back_with_nothing)
{
	const struct driver_buffer readable = { DATA, 64, false }, empty = { DATA, 0, true };

	ck_assert_uint_eq(run(&readable, 1), 0);
	ck_assert_uint_eq(run(&empty, 1), 0);
	ck_assert(untouched(DATA));
}
END_TEST

START_TEST(a_broken_ring_ends_in_a_reset_and_a_new_start)
{
	const struct driver_buffer buffer = { DATA, 64, true };

	driver_offer(&driver, QUEUE_SIZE);
	fd_eventfd_signal(queue.kick_fd);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	dev->ops->reset(dev);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	driver_queue_init(&driver, &memory, RINGS, QUEUE_SIZE, false);
	ck_assert_int_eq(dev->ops->activate(dev, VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT), &queue), 0);
	ck_assert_uint_eq(run(&buffer, 1), 64);
}
END_TEST

START_TEST(a_device_whose_queue_is_not_enabled_does_nothing)
{
	dev->ops->reset(dev);
	queue.enabled = false;
	ck_assert_int_eq(dev->ops->activate(dev, VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT), &queue), 0);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
}
END_TEST

static Suite *rng_suite(void)
{
	Suite *suite = suite_create("virtio rng");
	TCase *tc = tcase_create("rng");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_buffer_is_filled_to_its_end_and_no_further);
	tcase_add_test(tc, two_requests_get_different_bytes);
	tcase_add_test(tc, all_segments_of_a_chain_are_filled);
	tcase_add_test(tc, a_request_gets_at_most_64_kib);
	tcase_add_test(tc, a_request_with_nothing_to_write_comes_back_with_nothing);
	tcase_add_test(tc, a_broken_ring_ends_in_a_reset_and_a_new_start);
	tcase_add_test(tc, a_device_whose_queue_is_not_enabled_does_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(rng_suite());
}
