/* virtio-net: frames from the driver. */
#include <string.h>

#include "test/unit/fake_timer.h"
#include "test/unit/virtio_net_fixture.h"

#define SECOND UINT64_C(1000000000)
/* The largest frame that the device copies behind its header: NET_TX_COPY_BYTES, whose header clashes with Linux's. */
#define COPIED 244

static const uint8_t peer[6] = { 0x52, 0x54, 0x00, 0x00, 0x00, 0x01 };

/* The last frame that the backend got. */
static const struct fake_frame *last(void)
{
	return &fake->pairs[0].out[(fake->pairs[0].nr_out - 1) % FAKE_NET_FRAMES];
}

static void check_frame(uint32_t len, uint32_t step)
{
	uint8_t *sent = build(peer, len);
	unsigned int before = fake->pairs[0].nr_out;

	ck_assert(transmit(0, sent, NET_HEADER_BYTES + len, step));
	ck_assert_uint_eq(fake->pairs[0].nr_out, before + 1);
	ck_assert_uint_eq(last()->nr_bytes, NET_HEADER_BYTES + len);
	ck_assert_mem_eq(last()->bytes, sent, NET_HEADER_BYTES + len);
}

/* A frame that must not reach the backend; its chain comes back all the same. */
static void check_dropped(const uint8_t *frame, uint32_t len)
{
	unsigned int before = fake->pairs[0].nr_out;

	ck_assert(transmit(0, frame, len, len));
	ck_assert_uint_eq(fake->pairs[0].nr_out, before);
	ck_assert_uint_eq(transport.nr_needs_reset, 0);
}

START_TEST(frames_of_every_size_and_framing_arrive_whole)
{
	static const uint32_t sizes[] = { 14, 15, 60, 1514, 9000, 65535, NET_MAX_FRAME_BYTES };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t total = NET_HEADER_BYTES + sizes[i];

		check_frame(sizes[i], total);
		check_frame(sizes[i], (total + 1) / 2);
		check_frame(sizes[i], total / 60 + 1);
	}
	check_frame(60, 12);
	check_frame(60, 5);
	check_frame(20, 1);
}
END_TEST

START_TEST(a_small_frame_is_one_segment)
{
	check_frame(60, 7);
	ck_assert_uint_eq(fake->pairs[0].nr_iov_out, 1);
	check_frame(COPIED, 50);
	ck_assert_uint_eq(fake->pairs[0].nr_iov_out, 1);
	/* One byte more stays where it is. */
	check_frame(COPIED + 1, NET_HEADER_BYTES + COPIED + 1);
	ck_assert_uint_eq(fake->pairs[0].nr_iov_out, 2);
}
END_TEST

/* As many bytes as one segment has, in `nr` buffers with a gap of a byte before each whose bit is set: how many
 * segments the backend gets behind the header, or 0 if not every byte came. */
static unsigned int segments_of(unsigned int nr, uint32_t step, uint32_t gaps)
{
	uint8_t *sent = build(own_mac, nr * step - NET_HEADER_BYTES);
	const struct fake_frame *got = &fake->pairs[0].out[fake->pairs[0].nr_out % FAKE_NET_FRAMES];
	struct driver_buffer buffers[32];
	gpa_t gpa = TX_DATA;
	uint16_t head;
	uint32_t used;

	for (unsigned int i = 0; i < nr; i++) {
		gpa += gaps >> i & 1;
		buffers[i] = (struct driver_buffer){ gpa, step, false };
		memcpy(at(gpa), sent + i * step, step);
		gpa += step;
	}
	driver_add(&rings[1], buffers, nr);
	kick(1);
	if (!driver_collect(&rings[1], &head, &used) || got->nr_bytes != nr * step ||
	    memcmp(got->bytes, sent, nr * step) != 0)
		return 0;
	return fake->pairs[0].nr_iov_out - 1;
}

START_TEST(segments_that_adjoin_are_one)
{
	ck_assert_uint_eq(segments_of(1, 2000, 0), 1);
	ck_assert_uint_eq(segments_of(17, 2000, 0), 1);
	ck_assert_uint_eq(segments_of(17, 2000, 1), 1);
	ck_assert_uint_eq(segments_of(17, 2000, 0x1ffff), 17);
	ck_assert_uint_eq(segments_of(17, 2000, 0x10000), 2);
	ck_assert_uint_eq(segments_of(17, 2000, 2), 2);
	ck_assert_uint_eq(segments_of(16, 2000, 0xf0f0), 9);
	/* The header is the first of them, or no whole one. */
	ck_assert_uint_eq(segments_of(32, NET_HEADER_BYTES, 0), 1);
	ck_assert_uint_eq(segments_of(32, NET_HEADER_BYTES, 0xffffffff), 31);
	ck_assert_uint_eq(segments_of(32, NET_HEADER_BYTES - 1, 0xffffffff), 31);
}
END_TEST

START_TEST(what_is_no_frame_is_dropped)
{
	static uint8_t garbage[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES + 1];

	for (uint32_t len = 1; len < NET_HEADER_BYTES + 14; len++)
		check_dropped(garbage, len);
	check_dropped(garbage, sizeof(garbage));
	check_frame(60, 72);
}
END_TEST

START_TEST(a_chain_without_a_readable_byte_comes_back)
{
	const struct driver_buffer buffer = { TX_DATA, 100, true };
	uint16_t head;
	uint32_t len;

	driver_add(&rings[1], &buffer, 1);
	kick(1);
	ck_assert(driver_collect(&rings[1], &head, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(fake->pairs[0].nr_out, 0);
}
END_TEST

START_TEST(only_negotiated_offloads_are_asked_of_the_backend)
{
	static const struct {
		uint8_t gso_type;
		uint64_t feature;
	} cases[] = {
		{ VIRTIO_NET_HDR_GSO_NONE, BIT(VIRTIO_NET_F_CSUM) },
		{ VIRTIO_NET_HDR_GSO_TCPV4, BIT(VIRTIO_NET_F_HOST_TSO4) },
		{ VIRTIO_NET_HDR_GSO_TCPV6, BIT(VIRTIO_NET_F_HOST_TSO6) },
		{ VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN,
		  BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_HOST_ECN) },
		{ VIRTIO_NET_HDR_GSO_UDP, BIT(VIRTIO_NET_F_HOST_UFO) },
		{ 5, BIT(56) },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *sent = build(peer, 100);

		sent[0] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		sent[1] = cases[i].gso_type;
		restart((CORE | BIT(VIRTIO_NET_F_CSUM)) & ~cases[i].feature);
		check_dropped(sent, NET_HEADER_BYTES + 100);
		restart((CORE | cases[i].feature) & ~BIT(VIRTIO_NET_F_CSUM));
		check_dropped(sent, NET_HEADER_BYTES + 100);
		restart(CORE | BIT(VIRTIO_NET_F_CSUM) | cases[i].feature);
		ck_assert(transmit(0, sent, NET_HEADER_BYTES + 100, 50));
		ck_assert_uint_eq(last()->nr_bytes, NET_HEADER_BYTES + 100);
		ck_assert_mem_eq(last()->bytes, sent, NET_HEADER_BYTES + 100);
	}
}
END_TEST

START_TEST(garbage_in_the_header_is_dropped_or_taken_out)
{
	uint8_t *sent = build(peer, 60);

	sent[1] = 2;
	check_dropped(sent, NET_HEADER_BYTES + 60);
	sent[1] = 0x7f;
	check_dropped(sent, NET_HEADER_BYTES + 60);
	sent[1] = VIRTIO_NET_HDR_GSO_ECN;
	check_dropped(sent, NET_HEADER_BYTES + 60);
	sent[1] = 0;
	sent[0] = 0xfe;
	sent[10] = 0xab;
	ck_assert(transmit(0, sent, NET_HEADER_BYTES + 60, 72));
	ck_assert_uint_eq(last()->bytes[0], 0);
	ck_assert_uint_eq(last()->bytes[10], 0);
}
END_TEST

/* Offers `nr` frames numbered from `from`, without a kick. */
static void offer_numbered(unsigned int from, unsigned int nr)
{
	for (unsigned int i = from; i < from + nr; i++) {
		struct driver_buffer buffer = { TX_DATA + (gpa_t)(i % 64) * 256, NET_HEADER_BYTES + 60, false };

		memset(at(buffer.gpa), 0, buffer.len);
		at(buffer.gpa)[NET_HEADER_BYTES + 20] = (uint8_t)i;
		driver_add(&rings[1], &buffer, 1);
	}
}

static unsigned int nr_collected(void)
{
	unsigned int nr = 0;
	uint16_t head;
	uint32_t len;

	while (driver_collect(&rings[1], &head, &len))
		nr++;
	return nr;
}

START_TEST(a_full_backend_holds_the_rest_in_order)
{
	fake->pairs[0].room = 10;
	offer_numbered(0, 30);
	kick(1);
	ck_assert_uint_eq(nr_collected(), 10);
	kick(1);
	ck_assert_uint_eq(nr_collected(), 0);
	fake->pairs[0].full = false;
	fake->pairs[0].room = 5;
	fake_loop_settle(loop, 100);
	ck_assert_uint_eq(nr_collected(), 5);
	fake->pairs[0].full = false;
	fake_loop_settle(loop, 100);
	ck_assert_uint_eq(nr_collected(), 15);
	for (unsigned int i = 0; i < 30; i++)
		ck_assert_uint_eq(fake->pairs[0].out[i].bytes[NET_HEADER_BYTES + 20], i);
}
END_TEST

START_TEST(a_reset_forgets_what_a_full_backend_holds_back)
{
	fake->pairs[0].full = true;
	offer_numbered(0, 30);
	kick(1);
	dev->ops->reset(dev);
	ck_assert(!fake->pairs[0].active);
	fake->pairs[0].full = false;
	activate(dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT));
	ck_assert_uint_eq(fake->pairs[0].nr_out, 0);
	check_frame(60, 72);
}
END_TEST

START_TEST(a_batch_of_frames_is_one_interrupt)
{
	offer_numbered(0, 60);
	kick(1);
	ck_assert_uint_eq(nr_collected(), 60);
	ck_assert_uint_eq(transport.nr_interrupts[1], 1);
}
END_TEST

START_TEST(a_limit_holds_frames_back_and_loses_none)
{
	config.out.packets = (struct bucket_rate){ .per_second = 10, .burst = 5 };
	make_device(1);
	activate(dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT));
	offer_numbered(0, 20);
	kick(1);
	ck_assert_uint_eq(nr_collected(), 5);
	for (unsigned int i = 0; i < 4; i++) {
		fake_timer_advance(SECOND / 2);
		fake_loop_settle(loop, 100);
	}
	ck_assert_uint_eq(nr_collected(), 15);
	ck_assert_uint_eq(fake->pairs[0].nr_out, 20);
}
END_TEST

START_TEST(a_broken_ring_ends_in_a_reset_and_a_new_start)
{
	rings[1].avail_idx += 1000;
	driver_offer(&rings[1], 0);
	kick(1);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	restart(dev->features);
	check_frame(60, 72);
}
END_TEST

static Suite *net_suite(void)
{
	Suite *suite = suite_create("virtio net tx");
	TCase *tc = tcase_create("tx");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, frames_of_every_size_and_framing_arrive_whole);
	tcase_add_test(tc, a_small_frame_is_one_segment);
	tcase_add_test(tc, segments_that_adjoin_are_one);
	tcase_add_test(tc, what_is_no_frame_is_dropped);
	tcase_add_test(tc, a_chain_without_a_readable_byte_comes_back);
	tcase_add_test(tc, only_negotiated_offloads_are_asked_of_the_backend);
	tcase_add_test(tc, garbage_in_the_header_is_dropped_or_taken_out);
	tcase_add_test(tc, a_full_backend_holds_the_rest_in_order);
	tcase_add_test(tc, a_reset_forgets_what_a_full_backend_holds_back);
	tcase_add_test(tc, a_batch_of_frames_is_one_interrupt);
	tcase_add_test(tc, a_limit_holds_frames_back_and_loses_none);
	tcase_add_test(tc, a_broken_ring_ends_in_a_reset_and_a_new_start);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(net_suite());
}
