/* virtio-net: frames to the driver. */
#include <string.h>

#include "test/unit/fake_timer.h"
#include "test/unit/virtio_net_fixture.h"

#define LARGEST NET_MAX_FRAME_BYTES
#define SECOND UINT64_C(1000000000)

static uint8_t frame[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES];

/* Gives a frame and checks that it comes back byte for byte, in `nr_buffers` buffers. */
static void check_frame(uint32_t len, unsigned int nr_buffers)
{
	uint8_t *sent = build(own_mac, len);

	memset(frame, 0, sizeof(frame));
	give(0, sent, len);
	ck_assert_uint_eq(collect(0, frame), NET_HEADER_BYTES + len);
	ck_assert_uint_eq(frame[10] | frame[11] << 8, nr_buffers);
	ck_assert_mem_eq(frame, sent, 10);
	ck_assert_mem_eq(frame + NET_HEADER_BYTES, sent + NET_HEADER_BYTES, len);
}

START_TEST(a_frame_fills_one_buffer_and_no_byte_more)
{
	offer(0, 1, 2000);
	check_frame(60, 1);
	ck_assert_uint_eq(at(RX_DATA)[72], UNTOUCHED);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
}
END_TEST

START_TEST(frames_of_every_size_arrive_whole)
{
	static const uint32_t sizes[] = { 14, 15, 60, 1514, 1588, 1589, 4096, 16000, 65535, LARGEST };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		restart(dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT));
		offer(0, 50, 1600);
		kick(0);
		check_frame(sizes[i], (NET_HEADER_BYTES + sizes[i] + 1599) / 1600);
		/* Once large frames came more is held; the next must do as well. */
		if (sizes[i] < 16000)
			check_frame(sizes[i], (NET_HEADER_BYTES + sizes[i] + 1599) / 1600);
	}
}
END_TEST

START_TEST(a_batch_of_frames_is_one_interrupt)
{
	uint8_t *sent = build(own_mac, 60);

	offer(0, 32, 1600);
	for (unsigned int i = 0; i < 20; i++)
		fake_net_give(fake, 0, sent, NET_HEADER_BYTES + 60);
	fake_loop_settle(loop, 100);
	for (unsigned int i = 0; i < 20; i++)
		ck_assert_uint_eq(collect(0, frame), NET_HEADER_BYTES + 60);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
}
END_TEST

START_TEST(without_buffers_the_backend_is_not_read)
{
	uint8_t *sent = build(own_mac, 60);

	ck_assert(!fake->pairs[0].reading);
	give(0, sent, 60);
	ck_assert_uint_eq(fake->pairs[0].nr_receives, 0);
	offer(0, 1, 2000);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), NET_HEADER_BYTES + 60);
	ck_assert(!fake->pairs[0].reading);
	offer(0, 1, 2000);
	kick(0);
	ck_assert(fake->pairs[0].reading);
}
END_TEST

START_TEST(a_frame_waits_for_the_buffers_that_it_still_needs)
{
	uint8_t *sent = build(own_mac, 9000);

	offer(0, 2, 1600);
	give(0, sent, 9000);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), 0);
	ck_assert(!fake->pairs[0].reading);
	offer(0, 2, 1600);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), 0);
	offer(0, 2, 1600);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), NET_HEADER_BYTES + 9000);
	ck_assert_mem_eq(frame + NET_HEADER_BYTES, sent + NET_HEADER_BYTES, 9000);
	ck_assert_uint_eq(frame[10], 6);
}
END_TEST

START_TEST(a_reset_forgets_a_frame_that_waits)
{
	offer(0, 2, 1600);
	give(0, build(own_mac, 9000), 9000);
	kick(0);
	restart(dev->features);
	offer(0, 8, 1600);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), 0);
	check_frame(60, 1);
}
END_TEST

START_TEST(after_large_frames_no_byte_is_copied)
{
	offer(0, 60, 1600);
	check_frame(LARGEST, 41);
	offer(0, 41, 1600);
	kick(0);
	check_frame(LARGEST, 41);
	offer(0, 41, 1600);
	kick(0);
	/* Small ones again, for long enough that less is held. */
	for (unsigned int i = 0; i < 1000; i++) {
		check_frame(60, 1);
		offer(0, 1, 1600);
		kick(0);
	}
	check_frame(1514, 1);
	check_frame(9000, 6);
}
END_TEST

START_TEST(small_frames_take_one_segment_after_large_ones_too)
{
	offer(0, 60, 1600);
	check_frame(60, 1);
	check_frame(1514, 1);
	ck_assert_uint_eq(fake->pairs[0].nr_iov_in, 1);
	check_frame(9000, 6);
	kick(0);
	ck_assert_uint_gt(fake->pairs[0].nr_iov_in, 6);
	/* What is held by then takes many small frames, which are copied in the end. */
	for (unsigned int i = 0; i < 1000; i++) {
		check_frame(60, 1);
		offer(0, 1, 1600);
		kick(0);
	}
	ck_assert_uint_eq(fake->pairs[0].nr_iov_in, 1);
	check_frame(9000, 6);
	check_frame(60, 1);
}
END_TEST

START_TEST(without_merging_a_frame_has_one_buffer_or_is_lost)
{
	restart(CORE);
	offer(0, 3, 1526);
	kick(0);
	give(0, build(own_mac, 1515), 1515);
	ck_assert_uint_eq(collect(0, frame), 0);
	check_frame(1514, 1);
	check_frame(60, 1);
}
END_TEST

START_TEST(buffers_of_many_segments_are_filled_in_order)
{
	struct driver_buffer buffers[QUEUE_SIZE];
	uint8_t *sent = build(own_mac, 1000);
	uint16_t head;
	uint32_t len;

	for (unsigned int i = 0; i < 60; i++)
		buffers[i] = (struct driver_buffer){ RX_DATA + i * 100, 7 + i, true };
	driver_add(&rings[0], buffers, 60);
	kick(0);
	give(0, sent, 1000);
	ck_assert(driver_collect(&rings[0], &head, &len));
	ck_assert_uint_eq(len, NET_HEADER_BYTES + 1000);
	for (unsigned int i = 0, done = 0; done < len; i++) {
		uint32_t part = len - done < 7 + i ? len - done : 7 + i;

		for (uint32_t j = 0; j < part; j++)
			if (done + j != 10)
				ck_assert_uint_eq(at(RX_DATA + i * 100)[j], sent[done + j]);
		done += part;
	}
	/* Not a byte in the segment's gap, and the count lies in the second segment. */
	ck_assert_uint_eq(at(RX_DATA + 100)[3], 1);
}
END_TEST

START_TEST(a_ring_of_tiny_buffers_loses_the_frame_and_goes_on)
{
	offer(0, 64, NET_HEADER_BYTES);
	give(0, build(own_mac, 9000), 9000);
	kick(0);
	ck_assert_uint_eq(transport.nr_needs_reset, 0);
	ck_assert_uint_eq(collect(0, frame), 0);
	check_frame(60, 6);
}
END_TEST

START_TEST(a_buffer_without_room_for_a_header_breaks_the_queue)
{
	offer(0, 1, NET_HEADER_BYTES - 1);
	give(0, build(own_mac, 60), 60);
	kick(0);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	ck_assert(!fake->pairs[0].reading);
	restart(dev->features);
	offer(0, 1, 1600);
	kick(0);
	check_frame(60, 1);
}
END_TEST

START_TEST(a_readable_buffer_breaks_the_queue)
{
	const struct driver_buffer buffers[] = { { RX_DATA, 12, false }, { RX_DATA + 64, 2000, true } };

	driver_add(&rings[0], buffers, 2);
	kick(0);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
}
END_TEST

START_TEST(a_broken_ring_stops_the_reading)
{
	offer(0, 4, 1600);
	kick(0);
	ck_assert(fake->pairs[0].reading);
	rings[0].avail_idx += 1000;
	driver_offer(&rings[0], 0);
	/* What is held already may still be given; then it ends. */
	for (unsigned int i = 0; i < 10; i++)
		give(0, build(own_mac, 60), 60);
	kick(0);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	ck_assert(!fake->pairs[0].reading);
}
END_TEST

START_TEST(runts_and_unknown_headers_are_dropped)
{
	uint8_t *sent = build(own_mac, 60);

	offer(0, 8, 1600);
	kick(0);
	for (uint32_t len = 0; len < NET_HEADER_BYTES + 14; len++)
		fake_net_give(fake, 0, sent, len);
	sent[1] = 99;
	give(0, sent, 60);
	sent[1] = VIRTIO_NET_HDR_GSO_ECN;
	give(0, sent, 60);
	ck_assert_uint_eq(collect(0, frame), 0);
	check_frame(14, 1);
}
END_TEST

START_TEST(offloads_that_the_driver_did_not_ask_for_are_dropped)
{
	static const struct {
		uint8_t flags, gso_type;
		uint64_t feature;
	} cases[] = {
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_NONE, BIT(VIRTIO_NET_F_GUEST_CSUM) },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, BIT(VIRTIO_NET_F_GUEST_TSO4) },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV6, BIT(VIRTIO_NET_F_GUEST_TSO6) },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
		  BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_ECN) },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_UDP, BIT(VIRTIO_NET_F_GUEST_UFO) },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, 5, BIT(54) | BIT(55) },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t all = CORE | BIT(VIRTIO_NET_F_GUEST_CSUM) | cases[i].feature;
		uint8_t *sent = build(own_mac, 100);

		sent[0] = cases[i].flags;
		sent[1] = cases[i].gso_type;
		for (unsigned int with = 0; with < 2; with++) {
			restart(with ? all : all & ~cases[i].feature);
			offer(0, 2, 1600);
			kick(0);
			give(0, sent, 100);
			ck_assert_uint_eq(collect(0, frame), with ? NET_HEADER_BYTES + 100 : 0);
			/* Without checksums none of the others counts. */
			restart(cases[i].feature & ~BIT(VIRTIO_NET_F_GUEST_CSUM) ? CORE | cases[i].feature : CORE);
			ck_assert_uint_eq(fake->offloads, 0);
		}
		ck_assert_mem_eq(frame, sent, 2);
	}
}
END_TEST

START_TEST(frames_from_before_the_driver_are_thrown_away)
{
	dev->ops->reset(dev);
	fake_net_give(fake, 0, build(own_mac, 60), NET_HEADER_BYTES + 60);
	activate(dev->features);
	offer(0, 1, 1600);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), 0);
	check_frame(60, 1);
}
END_TEST

/* Frames of both sizes, more than the driver has buffers for. */
START_TEST(what_was_received_ahead_waits_for_buffers)
{
	unsigned int nr = 0;

	for (uint32_t i = 0; i < 100; i++) {
		uint32_t len = i % 10 == 9 ? 9000 + i : 60 + i;

		fake_net_give(fake, 0, build(own_mac, len), NET_HEADER_BYTES + len);
	}
	for (unsigned int i = 0; i < 500 && nr < 100; i++) {
		offer(0, 2, 1600);
		kick(0);
		while (nr < 100 && rings[0].nr_free > QUEUE_SIZE - 8) {
			uint32_t len = nr % 10 == 9 ? 9000 + nr : 60 + nr;
			uint32_t got = collect(0, frame);

			if (got == 0)
				break;
			ck_assert_uint_eq(got, NET_HEADER_BYTES + len);
			ck_assert_mem_eq(frame + NET_HEADER_BYTES, build(own_mac, len) + NET_HEADER_BYTES, len);
			nr++;
		}
	}
	ck_assert_uint_eq(nr, 100);
}
END_TEST

START_TEST(a_reset_forgets_what_was_received_ahead)
{
	uint8_t *sent = build(own_mac, 60);

	for (unsigned int i = 0; i < 50; i++)
		fake_net_give(fake, 0, sent, NET_HEADER_BYTES + 60);
	offer(0, 10, 1600);
	kick(0);
	ck_assert_uint_lt(fake->pairs[0].in_end - fake->pairs[0].in_at, 40);
	restart(dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT));
	offer(0, 10, 1600);
	kick(0);
	ck_assert_uint_eq(collect(0, frame), 0);
	check_frame(61, 1);
}
END_TEST

START_TEST(a_limit_of_packets_holds_frames_back_and_loses_none)
{
	uint8_t *sent;
	unsigned int nr = 0;

	config.in.packets = (struct bucket_rate){ .per_second = 10, .burst = 5 };
	make_device(1);
	activate(dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT));
	sent = build(own_mac, 60);
	offer(0, 60, 1600);
	for (unsigned int i = 0; i < 20; i++)
		fake_net_give(fake, 0, sent, NET_HEADER_BYTES + 60);
	kick(0);
	while (collect(0, frame) > 0)
		nr++;
	ck_assert_uint_eq(nr, 5);
	ck_assert(!fake->pairs[0].reading);
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 100);
	while (collect(0, frame) > 0)
		nr++;
	ck_assert_uint_ge(nr, 14);
	ck_assert_uint_le(nr, 16);
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 100);
	while (collect(0, frame) > 0)
		nr++;
	ck_assert_uint_eq(nr, 20);
	restart(dev->features);
	ck_assert_uint_eq(fake_timer_nr_set(), 0);
}
END_TEST

START_TEST(a_limit_of_bytes_lets_a_frame_larger_than_its_burst_pass)
{
	config.in.bytes = (struct bucket_rate){ .per_second = 1000, .burst = 100 };
	make_device(1);
	activate(dev->features);
	offer(0, 8, 1600);
	kick(0);
	check_frame(1514, 1);
	give(0, build(own_mac, 60), 60);
	ck_assert_uint_eq(collect(0, frame), 0);
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 100);
	ck_assert_uint_eq(collect(0, frame), 0);
	fake_timer_advance(SECOND);
	fake_loop_settle(loop, 100);
	ck_assert_uint_eq(collect(0, frame), NET_HEADER_BYTES + 60);
}
END_TEST

static Suite *net_suite(void)
{
	Suite *suite = suite_create("virtio net rx");
	TCase *tc = tcase_create("rx");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_frame_fills_one_buffer_and_no_byte_more);
	tcase_add_test(tc, frames_of_every_size_arrive_whole);
	tcase_add_test(tc, a_batch_of_frames_is_one_interrupt);
	tcase_add_test(tc, without_buffers_the_backend_is_not_read);
	tcase_add_test(tc, a_frame_waits_for_the_buffers_that_it_still_needs);
	tcase_add_test(tc, a_reset_forgets_a_frame_that_waits);
	tcase_add_test(tc, after_large_frames_no_byte_is_copied);
	tcase_add_test(tc, small_frames_take_one_segment_after_large_ones_too);
	tcase_add_test(tc, without_merging_a_frame_has_one_buffer_or_is_lost);
	tcase_add_test(tc, buffers_of_many_segments_are_filled_in_order);
	tcase_add_test(tc, a_ring_of_tiny_buffers_loses_the_frame_and_goes_on);
	tcase_add_test(tc, a_buffer_without_room_for_a_header_breaks_the_queue);
	tcase_add_test(tc, a_readable_buffer_breaks_the_queue);
	tcase_add_test(tc, a_broken_ring_stops_the_reading);
	tcase_add_test(tc, runts_and_unknown_headers_are_dropped);
	tcase_add_test(tc, offloads_that_the_driver_did_not_ask_for_are_dropped);
	tcase_add_test(tc, frames_from_before_the_driver_are_thrown_away);
	tcase_add_test(tc, what_was_received_ahead_waits_for_buffers);
	tcase_add_test(tc, a_reset_forgets_what_was_received_ahead);
	tcase_add_test(tc, a_limit_of_packets_holds_frames_back_and_loses_none);
	tcase_add_test(tc, a_limit_of_bytes_lets_a_frame_larger_than_its_burst_pass);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(net_suite());
}
