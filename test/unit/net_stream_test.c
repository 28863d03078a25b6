/* The stream backend on a socket pair, whose other end is the test. */
#include "virtio/backend/net_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "test/unit/loop_support.h"
#include "vmm/base/fd.h"

#define LARGEST NET_MAX_FRAME_BYTES

static struct loop *loop;
static struct net_backend *backend;
static int peer;
static unsigned int nr_readable, nr_writable, nr_links, nr_lost;
static bool link_is_up;
static uint8_t in[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES], out[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES];

static void on_readable(void *arg, unsigned int pair)
{
	ck_assert_ptr_eq(arg, &loop);
	ck_assert_uint_eq(pair, 0);
	nr_readable++;
	net_backend_set_reading(backend, 0, false);
}

static void on_writable(void *arg, unsigned int pair)
{
	(void)arg;
	(void)pair;
	nr_writable++;
}

static void on_link(void *arg, bool up)
{
	(void)arg;
	nr_links++;
	link_is_up = up;
}

static void on_lost(void *arg)
{
	ck_assert_ptr_eq(arg, &peer);
	nr_lost++;
}

static const struct net_user_ops user_ops = { on_readable, on_writable, on_link };
static const struct net_owner_ops owner_ops = { .lost = on_lost };

static void new_pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void setup(int engine)
{
	int fds[2];

	loop = make_loop(engine, 0);
	new_pair(fds);
	peer = fds[1];
	ck_assert_int_eq(net_stream_open(fds[0], "a peer", &backend), 0);
	net_backend_set_owner(backend, &owner_ops, &peer);
	ck_assert_int_eq(net_backend_attach(backend, &loop, 1, &user_ops, &loop), 0);
	ck_assert_int_eq(net_backend_set_active(backend, 0, true), 0);
}

static void teardown(void)
{
	net_backend_detach(backend);
	net_backend_close(backend);
	loop_destroy(loop);
	fd_close(&peer);
}

static bool reached(void *counter)
{
	return *(unsigned int *)counter > 0;
}

/* Runs the loop until the counter is above zero, and sets it back. */
static void wait_for(unsigned int *counter)
{
	loop_drain(loop, reached, counter);
	*counter = 0;
}

/* The next frame, which must be there already or come: its length with the header, at `in`. */
static int next_frame(void)
{
	const struct iovec iov[] = { { in, 5 }, { in + 5, 30 }, { in + 35, sizeof(in) - 35 } };
	int len;

	memset(in, 0xee, sizeof(in));
	while ((len = net_backend_receive(backend, 0, iov, 3)) == -EAGAIN) {
		net_backend_set_reading(backend, 0, true);
		wait_for(&nr_readable);
	}
	return len;
}

static void send_all(const void *bytes, size_t len)
{
	ck_assert_int_eq(send(peer, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static uint8_t *pattern(uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		out[NET_HEADER_BYTES + i] = (uint8_t)(i * 5 + i / 251);
	return out + NET_HEADER_BYTES;
}

static void send_frame(uint32_t len)
{
	uint32_t wire = htonl(len);

	send_all(&wire, 4);
	send_all(pattern(len), len);
}

static void check_next(uint32_t len)
{
	static const uint8_t header[NET_HEADER_BYTES];

	ck_assert_int_eq(next_frame(), NET_HEADER_BYTES + (int)len);
	ck_assert_mem_eq(in, header, sizeof(header));
	ck_assert_mem_eq(in + NET_HEADER_BYTES, pattern(len), len);
	if (len < LARGEST)
		ck_assert_uint_eq(in[NET_HEADER_BYTES + len], 0xee);
}

START_TEST(frames_of_every_size_arrive_whole)
{
	static const uint32_t sizes[] = { 0, 1, 14, 60, 1514, 65535, LARGEST, 60 };

	setup(_i);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_frame(sizes[i]);
		check_next(sizes[i]);
	}
	teardown();
}
END_TEST

START_TEST(frames_come_out_however_the_bytes_came_in)
{
	uint8_t bytes[4 + 60 + 4 + 20];
	uint32_t wire = htonl(60);

	setup(_i);
	memcpy(bytes, &wire, 4);
	memcpy(bytes + 4, pattern(60), 60);
	wire = htonl(20);
	memcpy(bytes + 64, &wire, 4);
	memcpy(bytes + 68, pattern(20), 20);
	for (unsigned int cut = 1; cut < sizeof(bytes); cut++) {
		const struct iovec iov = { in, sizeof(in) };

		send_all(bytes, cut);
		if (cut < 64)
			ck_assert_int_eq(net_backend_receive(backend, 0, &iov, 1), -EAGAIN);
		send_all(bytes + cut, sizeof(bytes) - cut);
		check_next(60);
		check_next(20);
	}
	teardown();
}
END_TEST

START_TEST(many_frames_come_in_order)
{
	setup(_i);
	for (unsigned int i = 0; i < 100; i++)
		send_frame(60);
	for (unsigned int i = 0; i < 100; i++)
		check_next(60);
	teardown();
}
END_TEST

/* Reads exactly `len` bytes of what the backend sent. */
static void take(uint8_t *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = recv(peer, bytes + done, len - done, 0);

		ck_assert_int_gt(got, 0);
		done += (size_t)got;
	}
}

static struct net_frame frame_of(struct iovec iov[3], uint32_t len)
{
	iov[0] = (struct iovec){ out, NET_HEADER_BYTES };
	iov[1] = (struct iovec){ out + NET_HEADER_BYTES, len / 3 };
	iov[2] = (struct iovec){ out + NET_HEADER_BYTES + len / 3, len - len / 3 };
	return (struct net_frame){ .iov = iov, .nr_iov = 3, .nr_bytes = NET_HEADER_BYTES + len };
}

/* The same with the header and the beginning of the frame in one segment. */
static struct net_frame joined_frame_of(struct iovec iov[3], uint32_t len)
{
	struct net_frame frame = frame_of(iov, len);

	iov[1] = (struct iovec){ out, NET_HEADER_BYTES + len / 3 };
	frame.iov = &iov[1];
	frame.nr_iov = 2;
	return frame;
}

START_TEST(a_batch_goes_out_as_lengths_and_frames)
{
	static const uint32_t sizes[] = { 14, 60, 1514, 9000 };
	struct iovec iov[4][3];
	struct net_frame frames[4];
	uint8_t got[4 + 9000];

	setup(_i);
	pattern(9000);
	for (unsigned int i = 0; i < 4; i++)
		frames[i] = i % 2 ? frame_of(iov[i], sizes[i]) : joined_frame_of(iov[i], sizes[i]);
	ck_assert_uint_eq(net_backend_transmit(backend, 0, frames, 4), 4);
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t wire = htonl(sizes[i]);

		take(got, 4 + sizes[i]);
		ck_assert_mem_eq(got, &wire, 4);
		ck_assert_mem_eq(got + 4, pattern(sizes[i]), sizes[i]);
	}
	teardown();
}
END_TEST

/* Whether the peer has a whole frame of 30000 bytes in `got`, as far as it is there. */
struct reader {
	uint8_t got[4 + 30000];
	size_t done;
};

static bool read_some(void *arg)
{
	struct reader *reader = arg;
	ssize_t len;

	do {
		len = recv(peer, reader->got + reader->done, sizeof(reader->got) - reader->done, MSG_DONTWAIT);
		if (len > 0)
			reader->done += (size_t)len;
	} while (len > 0 && reader->done < sizeof(reader->got));
	return reader->done == sizeof(reader->got);
}

START_TEST(a_full_socket_loses_and_tears_nothing)
{
	static struct reader reader;
	const uint32_t wire = htonl(30000);
	unsigned int sent = 0;
	struct net_frame frame;
	struct iovec iov[3];

	setup(_i);
	pattern(30000);
	frame = frame_of(iov, 30000);
	for (unsigned int taken = 0; taken < 200; taken++) {
		while (sent < 200 && net_backend_transmit(backend, 0, &frame, 1) == 1)
			sent++;
		ck_assert_uint_gt(sent, taken);
		/* The rest of a frame may still be with the backend, whose loop sends it when there is room. */
		reader.done = 0;
		loop_drain(loop, read_some, &reader);
		ck_assert_mem_eq(reader.got, &wire, 4);
		ck_assert_mem_eq(reader.got + 4, out + NET_HEADER_BYTES, 30000);
	}
	teardown();
}
END_TEST

START_TEST(room_is_told_once_it_is_there)
{
	static uint8_t sink[1 << 20];
	struct net_frame frame;
	struct iovec iov[3];

	setup(_i);
	pattern(30000);
	frame = frame_of(iov, 30000);
	while (net_backend_transmit(backend, 0, &frame, 1) == 1)
		;
	ck_assert_uint_eq(nr_writable, 0);
	while (recv(peer, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
	wait_for(&nr_writable);
	ck_assert_uint_eq(net_backend_transmit(backend, 0, &frame, 1), 1);
	teardown();
}
END_TEST

START_TEST(a_peer_that_goes_takes_the_link_down_and_a_new_one_up)
{
	struct iovec iov[3];
	struct net_frame frame;
	int fds[2];

	for (unsigned int reading = 0; reading < 2; reading++) {
		const struct iovec room = { in, sizeof(in) };

		setup(_i);
		pattern(60);
		frame = frame_of(iov, 60);
		send_frame(60);
		if (reading)
			check_next(60);
		net_backend_set_reading(backend, 0, reading != 0);
		fd_close(&peer);
		if (reading) {
			wait_for(&nr_readable);
			ck_assert_int_eq(net_backend_receive(backend, 0, &room, 1), -EAGAIN);
		}
		wait_for(&nr_lost);
		ck_assert(!net_backend_link_up(backend) && !link_is_up);
		/* What is sent to nobody is dropped, not held. */
		ck_assert_uint_eq(net_backend_transmit(backend, 0, &frame, 1), 1);
		new_pair(fds);
		ck_assert_int_eq(net_stream_reconnect(backend, fds[0]), 0);
		peer = fds[1];
		ck_assert(net_backend_link_up(backend) && link_is_up);
		/* Nothing of the old stream is left. */
		send_frame(1514);
		check_next(1514);
		ck_assert_uint_eq(net_backend_transmit(backend, 0, &frame, 1), 1);
		nr_lost = 0;
		teardown();
	}
}
END_TEST

START_TEST(a_peer_that_breaks_off_within_a_frame_leaves_no_trace_of_it)
{
	const uint32_t wire = htonl(100);
	int fds[2];

	setup(_i);
	send_all(&wire, 4);
	send_all(pattern(50), 50);
	ck_assert_int_eq(net_backend_receive(backend, 0, &(struct iovec){ in, sizeof(in) }, 1), -EAGAIN);
	new_pair(fds);
	ck_assert_int_eq(net_stream_reconnect(backend, fds[0]), 0);
	fd_close(&peer);
	peer = fds[1];
	/* Told even though the link was up all the time. */
	ck_assert_uint_eq(nr_links, 2);
	send_frame(60);
	check_next(60);
	teardown();
}
END_TEST

START_TEST(a_length_that_no_frame_has_ends_the_stream)
{
	const uint32_t wire = htonl(LARGEST + 1);

	setup(_i);
	send_frame(60);
	send_all(&wire, 4);
	check_next(60);
	ck_assert_int_eq(net_backend_receive(backend, 0, &(struct iovec){ in, sizeof(in) }, 1), -EAGAIN);
	wait_for(&nr_lost);
	ck_assert(!link_is_up);
	teardown();
}
END_TEST

START_TEST(what_waited_can_be_thrown_away)
{
	setup(_i);
	send_frame(60);
	send_frame(9000);
	send_all("\0\0\0\x14half a frame", 16);
	net_backend_flush(backend, 0);
	send_all("12345678", 8);
	ck_assert_int_eq(next_frame(), NET_HEADER_BYTES + 20);
	ck_assert_mem_eq(in + NET_HEADER_BYTES, "half a frame12345678", 20);
	teardown();
}
END_TEST

START_TEST(what_is_no_stream_is_refused)
{
	struct net_backend *none = NULL;
	int fds[2];

	setup(_i);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	ck_assert_int_eq(net_stream_open(fds[0], "datagrams", &none), -EINVAL);
	ck_assert_int_eq(net_stream_reconnect(backend, fds[0]), -EINVAL);
	ck_assert_ptr_null(none);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	send_frame(60);
	check_next(60);
	ck_assert_uint_eq(net_backend_tx_offloads(backend) | net_backend_rx_offloads(backend), 0);
	ck_assert_int_eq(net_backend_vhost_fd(backend, 0), -1);
	teardown();
}
END_TEST

static Suite *net_suite(void)
{
	Suite *suite = suite_create("net stream");
	TCase *tc = tcase_create("stream");

	add_engine_test(tc, frames_of_every_size_arrive_whole);
	add_engine_test(tc, frames_come_out_however_the_bytes_came_in);
	add_engine_test(tc, many_frames_come_in_order);
	add_engine_test(tc, a_batch_goes_out_as_lengths_and_frames);
	add_engine_test(tc, a_full_socket_loses_and_tears_nothing);
	add_engine_test(tc, room_is_told_once_it_is_there);
	add_engine_test(tc, a_peer_that_goes_takes_the_link_down_and_a_new_one_up);
	add_engine_test(tc, a_peer_that_breaks_off_within_a_frame_leaves_no_trace_of_it);
	add_engine_test(tc, a_length_that_no_frame_has_ends_the_stream);
	add_engine_test(tc, what_waited_can_be_thrown_away);
	add_engine_test(tc, what_is_no_stream_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(net_suite());
}
