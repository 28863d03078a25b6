/* Rules of the split virtqueue: what is handed out, what is refused, when kicks and interrupts happen. */
#include "virtio/core/virtq.h"

#include <errno.h>
#include <string.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "virtio/core/device.h"

#define SIZE 8
#define RINGS 0x10000
#define TABLE 0x40000
#define DATA 0x80000
#define RAM_BYTES (1 << 20)
#define ADJOINING RAM_BYTES /* a second region that begins where the first ends */
#define ADJOINING_BYTES (1 << 20)
#define FAR_BASE (UINT64_C(4) << 30)
#define FAR_BYTES (UINT64_C(2) << 30)
#define MAX_IOV (SIZE + 4)

#define INDIRECT VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT)
#define EVENT_IDX VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT)

static struct guest_memory memory;
static struct driver_queue driver;
static struct virtq vq;
static struct iovec iov[MAX_IOV];
static struct virtq_chain chain;

static void start(uint64_t features)
{
	driver_queue_init(&driver, &memory, RINGS, SIZE, features & EVENT_IDX);
	ck_assert_int_eq(virtq_activate(&vq, &memory, &driver.config, features), 0);
	chain = (struct virtq_chain){ .iov = iov, .max_iov = MAX_IOV };
}

static void setup(void)
{
	const struct guest_region regions[] = {
		{ .base = 0, .size_bytes = RAM_BYTES },
		{ .base = ADJOINING, .size_bytes = ADJOINING_BYTES },
		{ .base = FAR_BASE, .size_bytes = FAR_BYTES },
	};

	driver_memory_init(&memory, regions, 3);
	start(INDIRECT);
}

static void teardown(void)
{
	virtq_deactivate(&vq);
	driver_memory_fini(&memory);
}

static void *at(gpa_t gpa)
{
	return guest_memory_at(&memory, gpa, 1);
}

/* Offers descriptor 0 after the test has written the table itself. */
static void offer_raw(void)
{
	driver_offer(&driver, 0);
}

static void set_desc(unsigned int index, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	driver.ring.desc[index] = (struct vring_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

static void set_table(unsigned int index, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	struct vring_desc *table = at(TABLE);

	table[index] = (struct vring_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

static void assert_refused(void)
{
	ck_assert_int_eq(virtq_pop(&vq, &chain), -EBADMSG);
	ck_assert_int_eq(virtq_pop(&vq, &chain), -EBADMSG);
	ck_assert(!virtq_enable_kicks(&vq));
	ck_assert_uint_eq(driver.ring.used->idx, 0);
}

/* --- activation --- */

START_TEST(activation_refuses_sizes_that_are_no_power_of_two_or_too_large)
{
	static const uint16_t bad[] = { 0, 3, 7, 1000, VIRTQ_MAX_SIZE * 2, 65535 };
	struct virtq_config config = driver.config;

	config.size = bad[_i];
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EINVAL);
}
END_TEST

START_TEST(activation_refuses_misaligned_rings)
{
	struct virtq_config config = driver.config;

	config.desc += 8;
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EINVAL);
	config = driver.config;
	config.avail += 1;
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EINVAL);
	config = driver.config;
	config.used += 2;
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EINVAL);
}
END_TEST

START_TEST(activation_refuses_rings_that_reach_outside_guest_memory)
{
	const gpa_t end = ADJOINING + ADJOINING_BYTES;
	struct virtq_config config = driver.config;

	config.desc = end - SIZE * 16 + 16;
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EFAULT);
	config.desc = UINT64_MAX - 15;
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EFAULT);
	config = driver.config;
	/* one entry short: used_event belongs to the ring */
	config.avail = end - (4 + 2 * SIZE);
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EFAULT);
	config.avail = end - (6 + 2 * SIZE);
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), 0);
	config = driver.config;
	config.used = end - (4 + 8 * SIZE);
	ck_assert_int_eq(virtq_activate(&vq, &memory, &config, 0), -EFAULT);
}
END_TEST

/* --- chains --- */

START_TEST(an_empty_ring_pops_nothing)
{
	ck_assert_int_eq(virtq_pop(&vq, &chain), 0);
	ck_assert(!virtq_publish(&vq));
}
END_TEST

START_TEST(a_chain_is_handed_out_as_readable_and_writable_bytes)
{
	const struct driver_buffer buffers[] = {
		{ DATA, 16, false }, { DATA + 100, 5, false }, { DATA + 200, 512, true }, { DATA + 1000, 1, true }
	};
	uint16_t head = driver_add(&driver, buffers, 4);

	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.head, head);
	ck_assert_uint_eq(chain.readable.nr_iov, 2);
	ck_assert_uint_eq(chain.readable.nr_bytes, 21);
	ck_assert_ptr_eq(chain.readable.iov[0].iov_base, at(DATA));
	ck_assert_ptr_eq(chain.readable.iov[1].iov_base, at(DATA + 100));
	ck_assert_uint_eq(chain.writable.nr_iov, 2);
	ck_assert_uint_eq(chain.writable.nr_bytes, 513);
	ck_assert_ptr_eq(chain.writable.iov[0].iov_base, at(DATA + 200));
	ck_assert_uint_eq(chain.writable.iov[1].iov_len, 1);
	ck_assert_int_eq(virtq_pop(&vq, &chain), 0);
}
END_TEST

START_TEST(an_indirect_table_may_follow_direct_descriptors_and_lie_anywhere)
{
	const struct driver_buffer buffers[] = {
		{ DATA, 1, false }, { DATA + 1, 2, false }, { DATA + 3, 4, true }, { DATA + 7, 8, true }
	};

	/* every split, and a table with no alignment at all */
	driver_offer(&driver, driver_build(&driver, buffers, 4, _i, TABLE + 3));
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.readable.nr_bytes, 3);
	ck_assert_uint_eq(chain.writable.nr_bytes, 12);
	ck_assert_ptr_eq(chain.writable.iov[1].iov_base, at(DATA + 7));
}
END_TEST

START_TEST(segments_of_no_bytes_are_left_out_wherever_they_point)
{
	set_desc(0, DATA, 16, VRING_DESC_F_NEXT, 1);
	set_desc(1, UINT64_MAX, 0, VRING_DESC_F_NEXT, 2);
	set_desc(2, 0, 0, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 3);
	set_desc(3, DATA + 50, 3, VRING_DESC_F_WRITE, 0);
	offer_raw();
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.readable.nr_iov, 1);
	ck_assert_uint_eq(chain.writable.nr_iov, 1);
	ck_assert_uint_eq(chain.writable.nr_bytes, 3);
}
END_TEST

START_TEST(a_chain_of_only_empty_descriptors_is_an_empty_chain)
{
	set_desc(0, DATA, 0, VRING_DESC_F_NEXT, 1);
	set_desc(1, DATA, 0, VRING_DESC_F_WRITE, 0);
	offer_raw();
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.readable.nr_iov + chain.writable.nr_iov, 0);
	ck_assert_uint_eq(chain.readable.nr_bytes + chain.writable.nr_bytes, 0);
}
END_TEST

START_TEST(a_segment_across_adjoining_regions_is_split_between_them)
{
	set_desc(0, ADJOINING - 10, 30, 0, 0);
	offer_raw();
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.readable.nr_iov, 2);
	ck_assert_uint_eq(chain.readable.nr_bytes, 30);
	ck_assert_uint_eq(chain.readable.iov[0].iov_len, 10);
	ck_assert_ptr_eq(chain.readable.iov[0].iov_base, at(ADJOINING - 10));
	ck_assert_ptr_eq(chain.readable.iov[1].iov_base, at(ADJOINING));
}
END_TEST

START_TEST(a_chain_as_long_as_the_queue_is_taken)
{
	struct driver_buffer buffers[SIZE];

	for (unsigned int i = 0; i < SIZE; i++)
		buffers[i] = (struct driver_buffer){ DATA + i, 1, i >= SIZE / 2 };
	driver_offer(&driver, driver_build(&driver, buffers, SIZE, _i ? SIZE : 0, TABLE));
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.readable.nr_bytes, SIZE / 2);
	ck_assert_uint_eq(chain.writable.nr_bytes, SIZE / 2);
}
END_TEST

/* --- hostile rings --- */

START_TEST(an_available_index_that_jumps_too_far_breaks_the_queue)
{
	set_desc(0, DATA, 16, 0, 0);
	driver.ring.avail->idx = SIZE + 1;
	assert_refused();
}
END_TEST

START_TEST(an_available_index_that_goes_back_breaks_the_queue)
{
	driver.ring.avail->idx = UINT16_MAX;
	assert_refused();
}
END_TEST

START_TEST(an_index_jump_seen_while_enabling_kicks_ends_in_a_broken_queue)
{
	driver.ring.avail->idx = SIZE + 1;
	ck_assert(virtq_enable_kicks(&vq));
	/* even if the driver takes it back */
	driver.ring.avail->idx = 0;
	assert_refused();
}
END_TEST

START_TEST(a_head_outside_the_table_breaks_the_queue)
{
	driver_offer(&driver, SIZE);
	assert_refused();
}
END_TEST

START_TEST(a_next_outside_the_table_breaks_the_queue)
{
	set_desc(0, DATA, 16, VRING_DESC_F_NEXT, SIZE);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(a_loop_breaks_the_queue)
{
	set_desc(0, DATA, 16, VRING_DESC_F_NEXT, 1);
	set_desc(1, DATA, 16, VRING_DESC_F_NEXT, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(a_loop_of_empty_descriptors_breaks_the_queue)
{
	set_desc(0, DATA, 0, VRING_DESC_F_NEXT, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(a_loop_in_an_indirect_table_breaks_the_queue)
{
	set_desc(0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
	set_table(0, DATA, 0, VRING_DESC_F_NEXT, 1);
	set_table(1, DATA, 0, VRING_DESC_F_NEXT, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(an_indirect_chain_longer_than_the_queue_breaks_it)
{
	/* direct ones count too */
	set_desc(0, DATA, 1, VRING_DESC_F_NEXT, 1);
	set_desc(1, TABLE, SIZE * 16, VRING_DESC_F_INDIRECT, 0);
	for (unsigned int i = 0; i < SIZE; i++)
		set_table(i, DATA, 1, i + 1 < SIZE ? VRING_DESC_F_NEXT : 0, i + 1);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(a_readable_descriptor_after_a_writable_one_breaks_the_queue)
{
	set_desc(0, DATA, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	set_desc(1, DATA, 16, 0, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(an_indirect_descriptor_that_was_not_negotiated_breaks_the_queue)
{
	start(0);
	set_desc(0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	set_table(0, DATA, 16, 0, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(an_indirect_table_within_a_table_breaks_the_queue)
{
	set_desc(0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	set_table(0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(an_indirect_descriptor_that_goes_on_breaks_the_queue)
{
	set_desc(0, TABLE, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	set_desc(1, DATA, 1, 0, 0);
	set_table(0, DATA, 16, 0, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(an_indirect_table_of_a_bad_length_breaks_the_queue)
{
	static const uint32_t bad[] = { 0, 1, 15, 17, 40, UINT32_MAX, 0xfffffff0, (65536 + 1) * 16 };

	set_table(0, DATA, 1, 0, 0);
	set_desc(0, TABLE, bad[_i], VRING_DESC_F_INDIRECT, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(an_indirect_table_is_no_longer_than_next_can_reach)
{
	struct vring_desc *table = at(FAR_BASE);

	table[0] = (struct vring_desc){ .addr = DATA, .len = 1, .flags = VRING_DESC_F_NEXT, .next = 65535 };
	table[65535] = (struct vring_desc){ .addr = DATA, .len = 2 };
	set_desc(0, FAR_BASE, (65536 + _i) * 16, VRING_DESC_F_INDIRECT, 0);
	offer_raw();
	if (_i == 0) {
		ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
		ck_assert_uint_eq(chain.readable.nr_bytes, 3);
	} else {
		assert_refused();
	}
}
END_TEST

START_TEST(an_indirect_table_outside_guest_memory_breaks_the_queue)
{
	static const uint64_t bad[] = { ADJOINING + ADJOINING_BYTES - 16, FAR_BASE - 16, UINT64_MAX - 15 };

	set_desc(0, bad[_i], 32, VRING_DESC_F_INDIRECT, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(a_next_outside_the_indirect_table_breaks_the_queue)
{
	set_desc(0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
	set_table(0, DATA, 1, VRING_DESC_F_NEXT, 2);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(a_segment_outside_guest_memory_breaks_the_queue)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ ADJOINING + ADJOINING_BYTES, 1 },
		{ ADJOINING + ADJOINING_BYTES - 8, 16 },
		{ FAR_BASE - 1, 2 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX - 7, 16 },
		{ 0, UINT32_MAX },
		{ FAR_BASE + FAR_BYTES - 1, 2 },
	};

	set_desc(0, bad[_i].addr, bad[_i].len, VRING_DESC_F_WRITE, 0);
	offer_raw();
	assert_refused();
}
END_TEST

START_TEST(more_than_four_gib_in_one_chain_breaks_the_queue)
{
	set_desc(0, FAR_BASE, (uint32_t)FAR_BYTES, VRING_DESC_F_NEXT, 1);
	set_desc(1, FAR_BASE, (uint32_t)FAR_BYTES, VRING_DESC_F_NEXT, 2);
	set_desc(2, DATA, _i, VRING_DESC_F_WRITE, 0);
	offer_raw();
	if (_i == 0) {
		ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
		ck_assert_uint_eq(chain.readable.nr_bytes, UINT64_C(1) << 32);
	} else {
		assert_refused();
	}
}
END_TEST

START_TEST(more_segments_than_the_caller_has_room_for_break_the_queue)
{
	const struct driver_buffer buffers[] = { { DATA, 1, false }, { DATA, 1, false }, { DATA, 1, true } };

	driver_add(&driver, buffers, 3);
	chain.max_iov = 2;
	assert_refused();
}
END_TEST

START_TEST(a_head_in_flight_offered_again_breaks_the_queue)
{
	set_desc(0, DATA, 16, 0, 0);
	offer_raw();
	offer_raw();
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_int_eq(virtq_pop(&vq, &chain), -EBADMSG);
	/* what was popped before can still be given back */
	virtq_push(&vq, chain.head, 0);
	ck_assert(virtq_publish(&vq));
	ck_assert_uint_eq(driver.ring.used->idx, 1);
}
END_TEST

START_TEST(a_head_may_come_again_after_it_was_pushed)
{
	set_desc(0, DATA, 16, 0, 0);
	for (unsigned int i = 0; i < 3 * SIZE; i++) {
		offer_raw();
		ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
		virtq_push(&vq, chain.head, i);
		ck_assert(virtq_publish(&vq));
		ck_assert_uint_eq(driver.ring.used->ring[i % SIZE].len, i);
	}
}
END_TEST

/* --- kicks and interrupts --- */

START_TEST(pushed_chains_are_invisible_until_published_and_then_all_at_once)
{
	const struct driver_buffer buffer = { DATA, 4, true };
	uint16_t first = driver_add(&driver, &buffer, 1), second = driver_add(&driver, &buffer, 1), head;
	uint32_t len;

	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert_uint_eq(vq.in_flight, 2);
	virtq_push(&vq, second, 4);
	virtq_push(&vq, first, 3);
	ck_assert_uint_eq(vq.in_flight, 0);
	ck_assert(!driver_collect(&driver, &head, &len));
	ck_assert(virtq_publish(&vq));
	ck_assert(driver_collect(&driver, &head, &len));
	ck_assert_uint_eq(head, second);
	ck_assert_uint_eq(len, 4);
	ck_assert(driver_collect(&driver, &head, &len));
	ck_assert_uint_eq(head, first);
	ck_assert_uint_eq(len, 3);
	ck_assert(!virtq_publish(&vq));
}
END_TEST

START_TEST(no_interrupt_flag_suppresses_the_interrupt)
{
	const struct driver_buffer buffer = { DATA, 4, true };

	ck_assert(virtq_driver_waits(&vq));
	driver.ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	ck_assert(!virtq_driver_waits(&vq));
	driver_add(&driver, &buffer, 1);
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	virtq_push(&vq, chain.head, 4);
	ck_assert(!virtq_publish(&vq));
	ck_assert_uint_eq(driver.ring.used->idx, 1);
}
END_TEST

START_TEST(kicks_are_disabled_and_enabled_by_the_used_flags)
{
	const struct driver_buffer buffer = { DATA, 4, true };

	virtq_disable_kicks(&vq);
	ck_assert(!driver_must_kick(&driver, 0));
	driver_add(&driver, &buffer, 1);
	ck_assert_msg(virtq_enable_kicks(&vq), "a chain that came before kicks were enabled is lost");
	ck_assert(driver_must_kick(&driver, 0));
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert(!virtq_enable_kicks(&vq));
}
END_TEST

START_TEST(with_event_idx_flags_are_ignored_and_the_event_decides)
{
	const struct driver_buffer buffer = { DATA, 4, true };

	start(EVENT_IDX);
	driver.ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	driver_set_used_event(&driver, 1);
	for (unsigned int i = 0; i < 3; i++) {
		driver_add(&driver, &buffer, 1);
		ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
		virtq_push(&vq, chain.head, 4);
		ck_assert_int_eq(virtq_driver_waits(&vq), i == 1);
		ck_assert_int_eq(virtq_publish(&vq), i == 1);
	}
}
END_TEST

START_TEST(with_event_idx_the_driver_kicks_only_after_kicks_were_enabled)
{
	const struct driver_buffer buffer = { DATA, 4, true };

	start(EVENT_IDX);
	driver_add(&driver, &buffer, 1);
	ck_assert(driver_must_kick(&driver, 0));
	virtq_disable_kicks(&vq);
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	driver_add(&driver, &buffer, 1);
	ck_assert(!driver_must_kick(&driver, 1));
	ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
	ck_assert(!virtq_enable_kicks(&vq));
	driver_add(&driver, &buffer, 1);
	ck_assert(driver_must_kick(&driver, 2));
}
END_TEST

/* Batches of 1 to SIZE across the 2^16 wrap, with the event before, in and after each batch. */
START_TEST(event_idx_decides_right_across_the_wrap_of_the_index)
{
	const struct driver_buffer buffer = { DATA, 4, true };
	uint16_t begin = (uint16_t)(65536 - SIZE - 3);

	for (int distance = -2; distance <= SIZE + 1; distance++) {
		for (unsigned int batch = 1; batch <= SIZE; batch++) {
			uint16_t idx = begin, head;
			uint32_t len;

			start(EVENT_IDX);
			driver_queue_set_index(&driver, idx);
			vq.last_avail = vq.seen_avail = vq.next_used = vq.published_used = idx;
			for (unsigned int round = 0; round < 4; round++) {
				uint16_t event = (uint16_t)(idx + distance);
				bool inside = distance >= 0 && distance < (int)batch;

				driver_set_used_event(&driver, event);
				for (unsigned int i = 0; i < batch; i++)
					driver_add(&driver, &buffer, 1);
				for (unsigned int i = 0; i < batch; i++) {
					ck_assert_int_eq(virtq_pop(&vq, &chain), 1);
					virtq_push(&vq, chain.head, 0);
				}
				ck_assert_int_eq(virtq_pop(&vq, &chain), 0);
				/* With the very next, and not with one that comes later. */
				ck_assert_int_eq(virtq_driver_waits(&vq), distance == 0);
				ck_assert_int_eq(virtq_publish(&vq), inside);
				ck_assert_int_eq(inside, vring_need_event(event, (uint16_t)(idx + batch), idx));
				ck_assert(!virtq_enable_kicks(&vq));
				idx = (uint16_t)(idx + batch);
				ck_assert_uint_eq(vring_avail_event(&driver.ring), idx);
				while (driver_collect(&driver, &head, &len))
					;
			}
		}
	}
}
END_TEST

static Suite *virtq_suite(void)
{
	Suite *suite = suite_create("virtq");
	TCase *tc = tcase_create("activation");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, activation_refuses_sizes_that_are_no_power_of_two_or_too_large, 0, 6);
	tcase_add_test(tc, activation_refuses_misaligned_rings);
	tcase_add_test(tc, activation_refuses_rings_that_reach_outside_guest_memory);
	suite_add_tcase(suite, tc);

	tc = tcase_create("chains");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_empty_ring_pops_nothing);
	tcase_add_test(tc, a_chain_is_handed_out_as_readable_and_writable_bytes);
	tcase_add_loop_test(tc, an_indirect_table_may_follow_direct_descriptors_and_lie_anywhere, 0, 4);
	tcase_add_test(tc, segments_of_no_bytes_are_left_out_wherever_they_point);
	tcase_add_test(tc, a_chain_of_only_empty_descriptors_is_an_empty_chain);
	tcase_add_test(tc, a_segment_across_adjoining_regions_is_split_between_them);
	tcase_add_loop_test(tc, a_chain_as_long_as_the_queue_is_taken, 0, 2);
	suite_add_tcase(suite, tc);

	tc = tcase_create("hostile");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_available_index_that_jumps_too_far_breaks_the_queue);
	tcase_add_test(tc, an_available_index_that_goes_back_breaks_the_queue);
	tcase_add_test(tc, an_index_jump_seen_while_enabling_kicks_ends_in_a_broken_queue);
	tcase_add_test(tc, a_head_outside_the_table_breaks_the_queue);
	tcase_add_test(tc, a_next_outside_the_table_breaks_the_queue);
	tcase_add_test(tc, a_loop_breaks_the_queue);
	tcase_add_test(tc, a_loop_of_empty_descriptors_breaks_the_queue);
	tcase_add_test(tc, a_loop_in_an_indirect_table_breaks_the_queue);
	tcase_add_test(tc, an_indirect_chain_longer_than_the_queue_breaks_it);
	tcase_add_test(tc, a_readable_descriptor_after_a_writable_one_breaks_the_queue);
	tcase_add_test(tc, an_indirect_descriptor_that_was_not_negotiated_breaks_the_queue);
	tcase_add_test(tc, an_indirect_table_within_a_table_breaks_the_queue);
	tcase_add_test(tc, an_indirect_descriptor_that_goes_on_breaks_the_queue);
	tcase_add_loop_test(tc, an_indirect_table_of_a_bad_length_breaks_the_queue, 0, 8);
	tcase_add_loop_test(tc, an_indirect_table_is_no_longer_than_next_can_reach, 0, 2);
	tcase_add_loop_test(tc, an_indirect_table_outside_guest_memory_breaks_the_queue, 0, 3);
	tcase_add_test(tc, a_next_outside_the_indirect_table_breaks_the_queue);
	tcase_add_loop_test(tc, a_segment_outside_guest_memory_breaks_the_queue, 0, 7);
	tcase_add_loop_test(tc, more_than_four_gib_in_one_chain_breaks_the_queue, 0, 2);
	tcase_add_test(tc, more_segments_than_the_caller_has_room_for_break_the_queue);
	tcase_add_test(tc, a_head_in_flight_offered_again_breaks_the_queue);
	tcase_add_test(tc, a_head_may_come_again_after_it_was_pushed);
	suite_add_tcase(suite, tc);

	tc = tcase_create("notification");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pushed_chains_are_invisible_until_published_and_then_all_at_once);
	tcase_add_test(tc, no_interrupt_flag_suppresses_the_interrupt);
	tcase_add_test(tc, kicks_are_disabled_and_enabled_by_the_used_flags);
	tcase_add_test(tc, with_event_idx_flags_are_ignored_and_the_event_decides);
	tcase_add_test(tc, with_event_idx_the_driver_kicks_only_after_kicks_were_enabled);
	tcase_add_test(tc, event_idx_decides_right_across_the_wrap_of_the_index);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(virtq_suite());
}
