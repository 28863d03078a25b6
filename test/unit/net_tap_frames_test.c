/* A tap's frames on a socket pair in the tap's place: each arrives once, whatever the room and however they go. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "virtio/backend/net_tap_internal.h"
#include "vmm/base/fd.h"

#define MAX_FRAMES 200
#define PACKET 4096

static struct net_tap *tap;
static struct tap_pair *pair;
static int peer;
static unsigned int nr_events; /* calls of net_tap_set_events() */
static uint8_t bytes[MAX_FRAMES][PACKET];
static struct iovec iov[MAX_FRAMES][3];
static struct net_frame frames[MAX_FRAMES];
static unsigned int arrivals[MAX_FRAMES]; /* the numbers, as they came */
static unsigned int nr_arrivals;

/* In place of net_tap.c's. */
void net_tap_set_events(struct tap_pair *which)
{
	ck_assert_ptr_eq(which, pair);
	nr_events++;
}

static const struct net_backend_ops tap_ops = { .receive = net_tap_receive, .receive_many = net_tap_receive_many };

static void setup(void)
{
	int fds[2];

	tap = calloc(1, sizeof(*tap) + 2 * sizeof(tap->pairs[0]));
	ck_assert_ptr_nonnull(tap);
	tap->backend.ops = &tap_ops;
	tap->backend.nr_pairs = 2;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	tap->pairs[0].poll.fd = -1;
	pair = &tap->pairs[1];
	pair->tap = tap;
	pair->active = true;
	pair->poll.fd = fds[0];
	peer = fds[1];
}

static void teardown(void)
{
	net_tap_frames_fini(pair);
	fd_close(&pair->poll.fd);
	fd_close(&peer);
	free(tap);
}

/* Frames of one, two and three segments in turn, each beginning with its number. */
static void make_frames(unsigned int nr, uint32_t nr_bytes)
{
	for (unsigned int i = 0; i < nr; i++) {
		memset(bytes[i], (int)(i + 1), nr_bytes);
		memcpy(bytes[i], &i, sizeof(i));
		iov[i][0] = (struct iovec){ bytes[i], nr_bytes };
		if (i % 3 > 0) {
			iov[i][0].iov_len = NET_HEADER_BYTES;
			iov[i][1] = (struct iovec){ bytes[i] + NET_HEADER_BYTES, nr_bytes - NET_HEADER_BYTES };
		}
		if (i % 3 > 1) {
			iov[i][1].iov_len = 1;
			iov[i][2] = (struct iovec){ bytes[i] + NET_HEADER_BYTES + 1, nr_bytes - NET_HEADER_BYTES - 1 };
		}
		frames[i] = (struct net_frame){ .iov = iov[i], .nr_iov = i % 3 + 1, .nr_bytes = nr_bytes };
	}
	nr_arrivals = 0;
}

/* Takes up to `max` frames that wait, which must be whole: how many. */
static unsigned int take(unsigned int max)
{
	uint8_t got[PACKET + 1];
	unsigned int nr = 0, number;
	ssize_t len;

	while (nr < max && (len = read(peer, got, sizeof(got))) > 0) {
		memcpy(&number, got, sizeof(number));
		if (number >= MAX_FRAMES || len != (ssize_t)frames[number].nr_bytes ||
		    memcmp(got, bytes[number], (size_t)len) != 0 || nr_arrivals == MAX_FRAMES)
			ck_abort_msg("a frame that nobody sent, or one too many");
		arrivals[nr_arrivals++] = number;
		nr++;
	}
	return nr;
}

/* All of `nr` have come, each once and in order. */
static bool all_came(unsigned int nr)
{
	if (nr_arrivals != nr)
		return false;
	for (unsigned int i = 0; i < nr; i++) {
		if (arrivals[i] != i)
			return false;
	}
	return true;
}

/* All of `nr` have come, each once. */
static bool each_came_once(unsigned int nr)
{
	bool came[MAX_FRAMES] = { false };

	for (unsigned int i = 0; i < nr_arrivals; i++) {
		if (came[arrivals[i]])
			return false;
		came[arrivals[i]] = true;
	}
	return nr_arrivals == nr;
}

static unsigned int transmit(unsigned int first, unsigned int nr)
{
	return net_tap_transmit(&tap->backend, 1, &frames[first], nr);
}

/* Until all are done with, making room for `room` each time; at once for none. What a call leaves it asks room for. */
static void transmit_all(unsigned int nr, unsigned int room)
{
	unsigned int done = transmit(0, nr);

	while (done < nr) {
		if (!pair->no_room || nr_events != 1)
			ck_abort_msg("nobody would tell of room");
		pair->no_room = false;
		nr_events = 0;
		ck_assert_uint_gt(take(room), 0);
		done += transmit(done, nr - done);
	}
	if (done != nr || pair->no_room || nr_events != 0 || pair->sent_ahead != 0)
		ck_abort_msg("something is left of a call that is done");
	take(MAX_FRAMES);
}

/* With a batch where the host permits, then without. */
static void set_batch(int without)
{
	pair->no_batch = without == 1;
}

START_TEST(batches_of_every_size_arrive_in_order)
{
	bool good = true;

	set_batch(_i);
	for (unsigned int nr = 1; nr <= 70; nr++) {
		make_frames(nr, 60);
		transmit_all(nr, 0);
		good = good && all_came(nr);
	}
	ck_assert(good);
	ck_assert(_i == 0 || pair->batch == NULL);
}
END_TEST

START_TEST(none_and_one_need_no_batch)
{
	make_frames(2, 60);
	ck_assert_uint_eq(transmit(0, 0), 0);
	transmit_all(1, 0);
	ck_assert(all_came(1));
	ck_assert_ptr_null(pair->batch);
}
END_TEST

/* As many frames of PACKET bytes as the socket holds. */
static unsigned int capacity(void)
{
	unsigned int nr = 0;
	uint8_t got[PACKET];

	while (write(pair->poll.fd, bytes[0], PACKET) == PACKET)
		nr++;
	ck_assert_int_eq(errno, EAGAIN);
	for (unsigned int i = 0; i < nr; i++)
		ck_assert_int_eq(read(peer, got, sizeof(got)), PACKET);
	return nr;
}

START_TEST(a_socket_that_fills_up_gets_the_rest_later)
{
	static const unsigned int rooms[] = { 1, 2, 3, 7, MAX_FRAMES };
	unsigned int room = capacity();
	bool good = true;

	set_batch(_i % 2);
	ck_assert_uint_lt(room, MAX_FRAMES / 2);
	for (unsigned int nr = 1; nr <= MAX_FRAMES; nr = nr < 70 ? nr + 1 : nr + 65) {
		make_frames(nr, PACKET);
		transmit_all(nr, rooms[_i / 2]);
		/* They are all alike: where one has no room the later have none. */
		good = good && all_came(nr);
	}
	ck_assert(good);
}
END_TEST

/* What a batch does when room comes while it runs: of what is left, some have gone already. */
START_TEST(what_went_ahead_does_not_go_again)
{
	static const struct {
		unsigned int nr;
		uint64_t ahead;
	} cases[] = {
		{ 2, 2 },
		{ 3, 2 },
		{ 3, 6 },
		{ 5, 0xa },
		{ 63, UINT64_C(1) << 62 },
		{ 64, UINT64_C(0xaaaaaaaaaaaaaaaa) },
		{ 64, UINT64_C(1) << 63 },
		{ 64, ~UINT64_C(1) },
		{ 100, UINT64_C(0x7ffffffffffffffe) },
		{ 130, UINT64_C(1) << 63 | 2 },
		{ 64, ~UINT64_C(0) },
	};

	make_frames(cases[_i / 2].nr, PACKET);
	set_batch(_i % 2);
	pair->sent_ahead = cases[_i / 2].ahead;
	for (unsigned int i = 0; i < 64; i++) {
		if (pair->sent_ahead >> i & 1)
			arrivals[nr_arrivals++] = i;
	}
	transmit_all(cases[_i / 2].nr, 3);
	ck_assert(each_came_once(cases[_i / 2].nr));
}
END_TEST

START_TEST(what_went_ahead_stays_so_while_there_is_no_room)
{
	make_frames(MAX_FRAMES, PACKET);
	set_batch(_i);
	while (write(pair->poll.fd, bytes[0], PACKET) == PACKET)
		;
	pair->sent_ahead = 0xf2;
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(transmit(0, 64), 0);
		ck_assert_uint_eq(pair->sent_ahead, 0xf2);
		ck_assert(pair->no_room);
		ck_assert_uint_eq(nr_events, i + 1);
	}
}
END_TEST

/* Small frames find room where large ones do not: they may come earlier, but none twice. */
START_TEST(frames_of_all_sizes_arrive_once)
{
	unsigned int nr = 150;

	set_batch(_i);
	make_frames(nr, PACKET);
	for (unsigned int i = 0; i < nr; i++) {
		uint32_t nr_bytes = i * 37 % 5 == 0 ? PACKET : 64 + i;

		frames[i].nr_bytes = nr_bytes;
		frames[i].nr_iov = 1;
		iov[i][0].iov_len = nr_bytes;
	}
	transmit_all(nr, 2);
	ck_assert(each_came_once(nr));
	ck_assert(_i == 0 || all_came(nr));
}
END_TEST

START_TEST(what_is_refused_is_dropped)
{
	unsigned int nr = _i / 2 == 0 ? 5 : 100, good = 0;

	set_batch(_i % 2);
	make_frames(nr, 60);
	for (unsigned int i = 0; i < nr; i += 3)
		iov[i][0].iov_base = (void *)16;
	transmit_all(nr, 0);
	for (unsigned int i = 0; i < nr; i++) {
		if (i % 3 == 0)
			continue;
		ck_assert_uint_lt(good, nr_arrivals);
		ck_assert_uint_eq(arrivals[good++], i);
	}
	ck_assert_uint_eq(nr_arrivals, good);
}
END_TEST

START_TEST(without_a_descriptor_all_are_dropped)
{
	set_batch(_i);
	make_frames(100, 60);
	fd_close(&pair->poll.fd);
	transmit_all(100, 0);
	ck_assert_uint_eq(nr_arrivals, 0);
}
END_TEST

START_TEST(an_end_is_not_final)
{
	make_frames(10, 60);
	transmit_all(10, 0);
	net_tap_frames_fini(pair);
	ck_assert_ptr_null(pair->batch);
	nr_arrivals = 0;
	transmit_all(10, 0);
	ck_assert(all_came(10));
}
END_TEST

START_TEST(a_frame_is_received_into_segments)
{
	uint8_t in[100] = { 0 };
	const struct iovec parts[] = { { in, 12 }, { in + 12, 20 }, { in + 32, sizeof(in) - 32 } };
	unsigned int nr = _i == 0 ? 1 : 3;
	const struct iovec whole = { in, sizeof(in) };

	make_frames(1, 60);
	ck_assert_int_eq(net_tap_receive(&tap->backend, 1, _i ? parts : &whole, nr), -EAGAIN);
	ck_assert_int_eq(write(peer, bytes[0], 60), 60);
	ck_assert_int_eq(net_tap_receive(&tap->backend, 1, _i ? parts : &whole, nr), 60);
	ck_assert_mem_eq(in, bytes[0], 60);
	ck_assert_uint_eq(in[60], 0);
	fd_close(&pair->poll.fd);
	ck_assert_int_eq(net_tap_receive(&tap->backend, 1, _i ? parts : &whole, nr), -EBADF);
}
END_TEST

/* --- many at a time --- */

static uint8_t slot_bytes[NET_MAX_SLOTS][PACKET];

/* Receives up to `nr` into memory that is large enough here: how many. */
static unsigned int receive_many(struct net_slot *slots, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		slots[i] = (struct net_slot){ slot_bytes[i], PACKET + 1 };
	return net_tap_receive_many(&tap->backend, 1, slots, nr);
}

static void give_frames(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		ck_assert_int_eq(write(peer, bytes[i], frames[i].nr_bytes), frames[i].nr_bytes);
}

START_TEST(many_are_received_in_order)
{
	struct net_slot slots[NET_MAX_SLOTS];
	bool good = true;

	set_batch(_i);
	make_frames(NET_MAX_SLOTS, 60);
	for (unsigned int nr = 1; nr <= NET_MAX_SLOTS; nr++) {
		for (unsigned int waiting = 0; waiting <= nr + 1 && waiting <= NET_MAX_SLOTS; waiting += 3) {
			unsigned int came = waiting < nr ? waiting : nr;

			give_frames(waiting);
			good = good && receive_many(slots, nr) == came;
			for (unsigned int i = 0; i < nr; i++) {
				good = good && slots[i].nr_bytes == (i < came ? 60 : 0);
				good = good && (i >= came || memcmp(slots[i].bytes, bytes[i], 60) == 0);
			}
			good = good && receive_many(slots, 1) == waiting - came;
		}
	}
	ck_assert(good);
	ck_assert(_i == 0 || pair->batch == NULL);
}
END_TEST

START_TEST(one_batch_serves_both_directions)
{
	struct net_slot slots[NET_MAX_SLOTS];

	set_batch(_i % 2);
	/* Slots near the end can hold more than what is held. */
	if (_i >= 2)
		net_tap_hold_slots(&tap->backend, 1, slot_bytes, sizeof(slot_bytes));
	for (unsigned int i = 0; i < 10; i++) {
		make_frames(20, 60 + i);
		give_frames(20);
		ck_assert_uint_eq(transmit(0, 20), 20);
		ck_assert_uint_eq(receive_many(slots, 30), 20);
		ck_assert_uint_eq(slots[19].nr_bytes, 60 + i);
		ck_assert_mem_eq(slots[19].bytes, bytes[19], 60 + i);
		ck_assert_uint_eq(take(MAX_FRAMES), 20);
		ck_assert(all_came(20));
	}
}
END_TEST

START_TEST(without_a_descriptor_nothing_is_received)
{
	struct net_slot slots[NET_MAX_SLOTS];

	set_batch(_i % 2);
	make_frames(3, 60);
	give_frames(3);
	fd_close(&pair->poll.fd);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_uint_eq(receive_many(slots, _i < 2 ? NET_MAX_SLOTS : 1), 0);
	ck_assert_uint_eq(slots[0].nr_bytes, 0);
}
END_TEST

static Suite *frames_suite(void)
{
	Suite *suite = suite_create("net tap frames");
	TCase *tc = tcase_create("transmit");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, batches_of_every_size_arrive_in_order, 0, 2);
	tcase_add_test(tc, none_and_one_need_no_batch);
	tcase_add_loop_test(tc, a_socket_that_fills_up_gets_the_rest_later, 0, 10);
	tcase_add_loop_test(tc, what_went_ahead_does_not_go_again, 0, 22);
	tcase_add_loop_test(tc, what_went_ahead_stays_so_while_there_is_no_room, 0, 2);
	tcase_add_loop_test(tc, frames_of_all_sizes_arrive_once, 0, 2);
	tcase_add_loop_test(tc, what_is_refused_is_dropped, 0, 4);
	tcase_add_loop_test(tc, without_a_descriptor_all_are_dropped, 0, 2);
	tcase_add_test(tc, an_end_is_not_final);
	suite_add_tcase(suite, tc);

	tc = tcase_create("receive");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_frame_is_received_into_segments, 0, 2);
	tcase_add_loop_test(tc, many_are_received_in_order, 0, 2);
	tcase_add_loop_test(tc, one_batch_serves_both_directions, 0, 4);
	tcase_add_loop_test(tc, without_a_descriptor_nothing_is_received, 0, 4);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(frames_suite());
}
