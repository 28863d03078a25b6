/* Receive buffers of every shape, interrupts, several pairs (virtio 1.2, 5.1.6.3 and 5.1.6.4). */
#include "test/guest/cpu.h"
#include "test/guest/frames/frame.h"
#include "test/guest/frames/peer.h"
#include "test/guest/frames/stream.h"
#include "test/guest/interrupt.h"
#include "test/guest/tests/nic.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define PATIENCE_CYCLES (UINT64_C(10) << 30) /* some seconds */
#define NR_ECHOES 500
#define ECHO_BYTES 200
#define MOST_BYTES 65535 /* what the host's interface can send */
#define OFFLOADS (NET_GUEST_OFFLOADS | NET_HOST_OFFLOADS)

static void receive_sizes(uint32_t last, uint32_t step, uint32_t window)
{
	struct stream stream = { FRAME_PLAIN, NET_ETHERNET_BYTES, last < MOST_BYTES ? last : MOST_BYTES, step, window };

	expect(stream_receive(&nic, &stream));
}

/* A frame takes as many as it needs, even if each has hardly room for the header. */
static void small_mergeable_buffers(const char *line)
{
	static const uint32_t sizes[] = { 64, 65, 128, 1000, 1526, 4096 };

	(void)line;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct net_options options = { .features = NIC_ALWAYS | OFFLOADS, .rx_bytes = sizes[i] };

		/* All the buffers together must hold what is under way. */
		if (nic_open_with(&options))
			receive_sizes(sizes[i] * 48, 7 + sizes[i] / 8, 4);
	}
}

static void mergeable_without_event_idx_or_indirect(const char *line)
{
	(void)line;
	if (nic_open_with(&(struct net_options){ .features = NET_F_MAC | NET_F_MRG_RXBUF, .rx_bytes = 256 }))
		receive_sizes(9000, 97, 4);
}

/* A driver that takes no segmentation offloads may have buffers for no more than a frame (5.1.6.3.1). */
static void frames_too_long_for_their_buffer_are_dropped(const char *line)
{
	struct net_options options = { .features = NET_F_MAC, .rx_bytes = 1526 };

	(void)line;
	if (!nic_open_with(&options))
		return;
	receive_sizes(1514, 11, 16);
	expect_equal(nic_copies(nic.mac, 10, 1514), 10);
	expect_equal(nic_copies(nic.mac, 10, 1515), 0);
	expect_equal(nic_copies(nic.mac, 10, 60000), 0);
	receive_sizes(1514, 11, 16);
	expect_equal(virtio_status(&nic.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
}

/* With mergeable buffers even a ring of few small ones must not stop at a frame that can never fit. */
static void frames_too_long_for_the_whole_ring(const char *line)
{
	struct net_options options = { .features = NIC_ALWAYS, .rx_bytes = 256, .queue_size = 8 };

	(void)line;
	if (!nic_open_with(&options))
		return;
	receive_sizes(2000, 11, 1);
	expect_equal(nic_copies(nic.mac, 3, 9000), 0);
	receive_sizes(2000, 11, 1);
}

static void small_queues(const char *line)
{
	(void)line;
	for (uint16_t size = 8; size <= 128; size = (uint16_t)(2 * size)) {
		struct net_options options = { .features = NIC_ALWAYS, .rx_bytes = 4096, .queue_size = size };
		struct stream stream = { FRAME_PLAIN, NET_ETHERNET_BYTES, 9000, 31, 32 };

		if (!nic_open_with(&options))
			continue;
		receive_sizes(4 * size * 100, 331, 1);
		if (size > VIRTQUEUE_MAX_SEGMENTS)
			expect(stream_send(&nic, &stream));
	}
}

/* Sends a frame through a pair, and waits for what the peer sends back. */
static bool echo(unsigned int tx_pair, uint32_t seed, unsigned int *rx_pair)
{
	static const struct net_header none;
	struct frame frame = { .bytes = ECHO_BYTES, .seed = seed };
	uint8_t sent[ECHO_BYTES];
	struct net_header header;
	struct net_frame received;

	frame_build(&frame, &header, sent);
	memcpy(sent, peer_mac, 6);
	memcpy(sent + 6, nic.mac, 6);
	frame_put16(sent + 12, ORDER_ECHO_ETHERTYPE);
	/* Asked for before the frame can be back, so that it is certain to interrupt. */
	if (nic.rx[0].vector != 0)
		(void)virtqueue_want_interrupt(&nic.rx[0].vq);
	if (!net_send(&nic.tx[tx_pair], &none, sent, sizeof(sent)))
		return false;
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES;) {
		for (unsigned int pair = 0; pair < nic.nr_pairs; pair++) {
			bool mine;

			if (!net_wait(&nic, pair, &received, nic.nr_pairs > 1 ? 20000 : PATIENCE_CYCLES))
				continue;
			mine = received.bytes == sizeof(sent) &&
			       memcmp(received.data + 12, sent + 12, sizeof(sent) - 12) == 0;
			net_recycle(&nic, pair);
			*rx_pair = pair;
			if (mine)
				return true;
		}
	}
	return false;
}

static void echoes(unsigned int nr)
{
	unsigned int pair;

	for (unsigned int i = 0; i < nr; i++) {
		if (!echo(i % nic.nr_pairs, i, &pair)) {
			expect_equal(i, nr);
			return;
		}
	}
}

/* Each waits for its own interrupt: one that got lost would last until patience ends. */
static void each_frame_wakes(const char *line)
{
	static const uint64_t rings[] = { 0, VIRTIO_F_EVENT_IDX, NIC_RINGS };

	(void)line;
	interrupt_enable();
	for (unsigned int i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct net_options options = { .features = NET_F_MAC | NET_F_MRG_RXBUF | rings[i],
					       .rx_bytes = 2048,
					       .interrupts = true };
		uint32_t before;

		if (!nic_open_with(&options) || !nic_talks())
			continue;
		before = interrupt_counts[nic.rx[0].vector];
		echoes(NR_ECHOES);
		expect(interrupt_counts[nic.rx[0].vector] - before > NR_ECHOES / 10);
	}
	virtio_reset(&nic.dev);
}

static void every_pair_sends_and_receives(const char *line)
{
	unsigned int pairs = (unsigned int)option_number(line, "queues", 1);
	struct net_options options = { .features = NIC_ALL_FEATURES, .nr_pairs = pairs, .rx_bytes = 4096 };

	if (nic_open_with(&options))
		echoes(NR_ECHOES);
}

/* A pair that the driver has not asked for is given nothing (5.1.6.5.5). */
static void only_the_first_pair_until_more_are_asked_for(const char *line)
{
	unsigned int pairs = (unsigned int)option_number(line, "queues", 1), pair;
	struct net_options options = { .features = NIC_ALL_FEATURES, .nr_pairs = pairs, .rx_bytes = 4096 };
	uint16_t one = 1;

	if (pairs == 1 || !nic_open_with(&options))
		return;
	expect_equal(net_control(&nic, NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &one, sizeof(one)), NET_CONTROL_OK);
	for (unsigned int i = 0; i < 100; i++)
		expect(echo(0, i, &pair) && pair == 0);
}

const struct test tests_net_receive[] = {
	{ "small_mergeable_buffers", small_mergeable_buffers },
	{ "mergeable_without_event_idx_or_indirect", mergeable_without_event_idx_or_indirect },
	{ "frames_too_long_for_their_buffer_are_dropped", frames_too_long_for_their_buffer_are_dropped },
	{ "frames_too_long_for_the_whole_ring", frames_too_long_for_the_whole_ring },
	{ "small_queues", small_queues },
	{ "each_frame_wakes", each_frame_wakes },
	{ "every_pair_sends_and_receives", every_pair_sends_and_receives },
	{ "only_the_first_pair_until_more_are_asked_for", only_the_first_pair_until_more_are_asked_for },
	TEST_END,
};
