/* Frames received ahead: their order, how many are asked for, and when there are no more. */
#include "virtio/dev/net_rx_ahead.h"

#include <string.h>

#include "test/unit/unit.h"
#include "virtio/backend/net_ops.h"

#define LARGEST (NET_HEADER_BYTES + NET_MAX_FRAME_BYTES)

static struct net_rx_ahead ahead;
static struct net_backend backend;
static unsigned int nr_waiting; /* in the backend */
static unsigned int nr_given; /* frames; each begins with its number */
static unsigned int nr_calls, asked; /* calls of receive_many, what the last was asked for */
static uint64_t holes; /* slots that stay empty: a mask */
static uint32_t nr_bytes;

static unsigned int receive_many(struct net_backend *which, unsigned int pair, struct net_slot *slots, unsigned int nr)
{
	unsigned int received = 0;

	ck_assert_ptr_eq(which, &backend);
	ck_assert_uint_eq(pair, 3);
	ck_assert_uint_le(nr, NET_MAX_SLOTS);
	nr_calls++;
	asked = nr;
	for (unsigned int i = 0; i < nr; i++) {
		slots[i].nr_bytes = 0;
		if (nr_waiting == 0 || (holes >> i & 1))
			continue;
		memset(slots[i].bytes, (int)nr_given, nr_bytes);
		memcpy(slots[i].bytes, &nr_given, sizeof(nr_given));
		slots[i].nr_bytes = nr_bytes;
		nr_given++;
		nr_waiting--;
		received++;
	}
	return received;
}

static struct iovec memory; /* of the slots, as the backend was told */

static void hold_slots(struct net_backend *which, unsigned int pair, void *bytes, size_t len)
{
	ck_assert_ptr_eq(which, &backend);
	ck_assert_uint_eq(pair, 3);
	memory = (struct iovec){ bytes, len };
}

static const struct net_backend_ops ops = { .receive_many = receive_many, .hold_slots = hold_slots };

static void setup(void)
{
	backend.ops = &ops;
	nr_bytes = 60;
	ck_assert_int_eq(net_rx_ahead_init(&ahead), 0);
}

static void teardown(void)
{
	net_rx_ahead_fini(&ahead);
	net_rx_ahead_fini(&ahead);
}

/* Takes a frame, which must be whole: its number, or -1 if there is none. */
static int next(void)
{
	uint8_t *bytes = NULL;
	unsigned int number;
	uint32_t len = net_rx_ahead_next(&ahead, &backend, 3, &bytes);

	if (len == 0)
		return -1;
	memcpy(&number, bytes, sizeof(number));
	for (uint32_t i = sizeof(number); i < len; i++) {
		if (bytes[i] != (uint8_t)number)
			ck_abort_msg("another frame's byte");
	}
	ck_assert_uint_eq(len, nr_bytes);
	return (int)number;
}

/* Takes all there are: how many, if they came in order. */
static int take_all(int first)
{
	int nr = 0, number;

	while ((number = next()) >= 0) {
		if (number != first + nr++)
			return -1;
	}
	return nr;
}

START_TEST(frames_of_every_number_come_in_order)
{
	int first = 0;

	for (unsigned int nr = 0; nr < 200; nr++) {
		nr_waiting = nr;
		ck_assert_int_eq(take_all(first), nr);
		ck_assert(!net_rx_ahead_waits(&ahead));
		first += (int)nr;
	}
}
END_TEST

START_TEST(many_are_asked_for_where_many_come)
{
	nr_waiting = 1000;
	ck_assert_int_eq(take_all(0), 1000);
	ck_assert_uint_le(nr_calls, 1000 / NET_RX_AHEAD_SLOTS + 6);
	/* One at a time again, and then a single one is asked for. */
	for (unsigned int i = 0; i < 10; i++) {
		nr_waiting = 1;
		ck_assert_int_eq(take_all(1000 + (int)i), 1);
	}
	nr_waiting = 1;
	ck_assert_int_eq(next(), 1010);
	ck_assert_uint_eq(asked, 1);
}
END_TEST

START_TEST(a_short_answer_means_that_none_waits)
{
	nr_waiting = 100;
	ck_assert_int_ge(next(), 0);
	while (net_rx_ahead_waits(&ahead) || nr_waiting > 0)
		ck_assert_int_ge(next(), 0);
	nr_calls = 0;
	/* What comes after the short answer waits until the backend is asked again. */
	nr_waiting = 1;
	ck_assert_int_eq(next(), -1);
	ck_assert_uint_eq(nr_calls, 0);
	ck_assert_int_eq(next(), 100);
	ck_assert_uint_eq(nr_calls, 1);
}
END_TEST

START_TEST(empty_slots_are_no_frames)
{
	static const uint64_t masks[] = { 1, 2, 0x5555, 0x8000, 0x7fff, 0xfffe, 0xffff, ~UINT64_C(0) };
	int first;

	nr_waiting = 100;
	first = take_all(0);
	ck_assert_int_eq(first, 100);
	for (unsigned int i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		/* Asks for many, of which some slots get nothing. */
		ahead.nr_expected = NET_RX_AHEAD_SLOTS;
		holes = masks[i];
		nr_waiting = 5;
		first += take_all(first);
		ck_assert_uint_eq(first, nr_given);
		holes = 0;
		first += take_all(first);
		ck_assert_uint_eq(nr_waiting, 0);
		ck_assert_uint_eq(first, nr_given);
	}
}
END_TEST

START_TEST(what_is_dropped_is_gone)
{
	unsigned int left;

	nr_waiting = 40;
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(next(), i);
	ck_assert(net_rx_ahead_waits(&ahead));
	net_rx_ahead_drop(&ahead);
	ck_assert(!net_rx_ahead_waits(&ahead));
	left = nr_waiting;
	ck_assert_uint_gt(left, 0);
	ck_assert_int_eq(take_all(40 - (int)left), (int)left);
}
END_TEST

START_TEST(the_largest_frames_fit)
{
	nr_bytes = LARGEST;
	nr_waiting = 3 * NET_RX_AHEAD_SLOTS;
	ck_assert_int_eq(take_all(0), 3 * NET_RX_AHEAD_SLOTS);
	memset(net_rx_ahead_room(&ahead), 1, LARGEST);
}
END_TEST

START_TEST(under_load_the_backend_is_told_where_the_slots_lie)
{
	nr_waiting = NET_RX_AHEAD_SLOTS / 2;
	ck_assert_int_eq(take_all(0), NET_RX_AHEAD_SLOTS / 2);
	ck_assert_ptr_null(memory.iov_base);
	nr_waiting = 3 * NET_RX_AHEAD_SLOTS;
	ck_assert_int_eq(take_all(NET_RX_AHEAD_SLOTS / 2), 3 * NET_RX_AHEAD_SLOTS);
	ck_assert_ptr_nonnull(memory.iov_base);
	for (unsigned int i = 0; i < NET_RX_AHEAD_SLOTS; i++) {
		ck_assert(ahead.slots[i].bytes >= (uint8_t *)memory.iov_base);
		ck_assert(ahead.slots[i].bytes + LARGEST <= (uint8_t *)memory.iov_base + memory.iov_len);
	}
	/* All of it is ours to be written. */
	memset(memory.iov_base, 1, memory.iov_len);
}
END_TEST

static Suite *ahead_suite(void)
{
	Suite *suite = suite_create("virtio net rx ahead");
	TCase *tc = tcase_create("ahead");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, frames_of_every_number_come_in_order);
	tcase_add_test(tc, many_are_asked_for_where_many_come);
	tcase_add_test(tc, a_short_answer_means_that_none_waits);
	tcase_add_test(tc, empty_slots_are_no_frames);
	tcase_add_test(tc, what_is_dropped_is_gone);
	tcase_add_test(tc, the_largest_frames_fit);
	tcase_add_test(tc, under_load_the_backend_is_told_where_the_slots_lie);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(ahead_suite());
}
