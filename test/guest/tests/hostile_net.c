/* A network driver that breaks every rule, in each of its queues. Whatever it does, the machine lives, and a reset
 * makes the device whole. Descriptors point into memory of the test's own where they point into memory at all. */
#include "test/guest/cpu.h"
#include "test/guest/frames/frame.h"
#include "test/guest/frames/peer.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"
#include "test/guest/tests/nic.h"
#include "test/guest/tests/random.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define PATIENCE_CYCLES (UINT64_C(10) << 30) /* some seconds */
#define VICTIM_PAGES 64
#define RING_SIZE 16
#define NR_QUEUES 3
#define RX 0
#define TX 1
#define CONTROL 2
#define NR_RANDOM_HEADERS 3000
#define NR_GARBAGE_ROUNDS 60
#define NR_FRAMES_IN_FLIGHT 1000

static uint8_t *victim;
static struct virtqueue queues[NR_QUEUES];

static void expect_alive(void)
{
	if (nic_open(NIC_ALL_FEATURES))
		expect(nic_talks());
	virtio_reset(&nic.dev);
}

/* The NIC with three small queues, of which the test writes the rings itself. */
static bool open_rings(uint64_t features)
{
	if (victim == NULL)
		victim = pages_alloc(VICTIM_PAGES);
	if (!nic_negotiate(features | NET_F_MAC | NET_F_CTRL_VQ))
		return false;
	for (uint16_t i = 0; i < NR_QUEUES; i++) {
		if (!virtio_queue_enable(&nic.dev, i, RING_SIZE, &queues[i])) {
			expect(!"a queue");
			return false;
		}
	}
	return true;
}

static void descriptor(unsigned int queue, unsigned int i, uint64_t address, uint32_t len, uint16_t flags,
		       uint16_t next)
{
	queues[queue].desc[i].address = address;
	queues[queue].desc[i].len = len;
	queues[queue].desc[i].flags = flags;
	queues[queue].desc[i].next = next;
}

static void offer(unsigned int queue, uint16_t head)
{
	struct virtqueue *vq = &queues[queue];

	vq->avail->ring[vq->next_avail++ & (vq->size - 1)] = head;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vq->avail->idx = vq->next_avail;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmio_write16(vq->notify_address, vq->index);
}

/* A chain of two such as the queue wants: an echo to the peer, a buffer, a command. */
static void good_chain(unsigned int queue)
{
	uint8_t *at = victim + 4 * PAGE_BYTES * queue;
	uint16_t writable = queue == RX ? VIRTQ_DESC_WRITE : 0;

	memset(at, 0, 2 * PAGE_BYTES);
	if (queue == TX) {
		memcpy(at + NET_HEADER_BYTES, peer_mac, 6);
		memcpy(at + NET_HEADER_BYTES + 6, nic.mac, 6);
		frame_put16(at + NET_HEADER_BYTES + 12, ORDER_ECHO_ETHERTYPE);
	}
	descriptor(queue, 0, (uint64_t)at, queue == CONTROL ? 3 : 64, VIRTQ_DESC_NEXT | writable, 1);
	descriptor(queue, 1, (uint64_t)at + 1024, queue == CONTROL ? 1 : 1500,
		   queue == CONTROL ? VIRTQ_DESC_WRITE : writable, 0);
}

/* Each spoils a good chain in one way. */
static void next_out_of_range(unsigned int queue)
{
	queues[queue].desc[0].next = RING_SIZE;
}

static void chain_is_a_loop(unsigned int queue)
{
	queues[queue].desc[0].next = 0;
}

static void address_outside_memory(unsigned int queue)
{
	queues[queue].desc[1].address = UINT64_C(1) << 46;
}

static void address_of_a_device(unsigned int queue)
{
	queues[queue].desc[1].address = 0xfee00000;
}

static void address_and_length_wrap(unsigned int queue)
{
	queues[queue].desc[1].address = UINT64_MAX - 100;
}

static void length_leaves_memory(unsigned int queue)
{
	queues[queue].desc[1].len = UINT32_MAX;
}

static void indirect_not_negotiated(unsigned int queue)
{
	queues[queue].desc[0].flags = VIRTQ_DESC_INDIRECT;
}

static const struct {
	const char *name;
	void (*spoil)(unsigned int queue);
} rule_breakers[] = {
	{ "next_out_of_range", next_out_of_range },
	{ "chain_is_a_loop", chain_is_a_loop },
	{ "address_outside_memory", address_outside_memory },
	{ "address_of_a_device", address_of_a_device },
	{ "address_and_length_wrap", address_and_length_wrap },
	{ "length_leaves_memory", length_leaves_memory },
	{ "indirect_not_negotiated", indirect_not_negotiated },
};

static bool asks_for_reset(void)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		if (virtio_status(&nic.dev) & VIRTIO_STATUS_NEEDS_RESET)
			return true;
	}
	return false;
}

/* What is in the receive queue may be looked at only when a frame has come. */
static void broken_rules_ask_for_a_reset(const char *line)
{
	(void)line;
	for (unsigned int i = 0; i < NR_QUEUES * sizeof(rule_breakers) / sizeof(rule_breakers[0]); i++) {
		unsigned int queue = i % NR_QUEUES, rule = i / NR_QUEUES;

		if (!open_rings(0))
			return;
		virtio_ready(&nic.dev);
		good_chain(queue);
		rule_breakers[rule].spoil(queue);
		offer(queue, 0);
		if (queue == RX) {
			good_chain(TX);
			offer(TX, 0);
		}
		if (!asks_for_reset())
			expect_failed(rule_breakers[rule].name, (int)queue, "DEVICE_NEEDS_RESET",
				      virtio_status(&nic.dev), queues[queue].used->idx);
		virtio_reset(&nic.dev);
		expect_alive();
	}
}

/* Whether the device asks for a reset, or uses the chain, before patience ends. */
static bool reacts(unsigned int queue)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		if (queues[queue].used->idx == 1 || (virtio_status(&nic.dev) & VIRTIO_STATUS_NEEDS_RESET))
			return true;
	}
	return false;
}

/* Whole chains that are no frame, no buffer, no command: not silence, in any case. */
static void chains_of_the_wrong_shape(const char *line)
{
	static const struct {
		unsigned int queue;
		uint32_t first, second; /* lengths */
		uint16_t first_flags, second_flags;
	} shapes[] = {
		{ TX, 0, 0, 0, 0 },
		{ TX, 1, 0, 0, 0 },
		{ TX, 11, 0, 0, 0 },
		{ TX, 5, 6, 0, 0 },
		{ TX, 12, 0, 0, 0 },
		{ TX, 12, 1, 0, 0 },
		{ TX, 12, 150000, 0, 0 },
		{ TX, 64, 1500, VIRTQ_DESC_WRITE, VIRTQ_DESC_WRITE },
		{ TX, 64, 1500, 0, VIRTQ_DESC_WRITE },
		{ RX, 0, 0, VIRTQ_DESC_WRITE, VIRTQ_DESC_WRITE },
		{ RX, 1, 0, VIRTQ_DESC_WRITE, VIRTQ_DESC_WRITE },
		{ RX, 11, 0, VIRTQ_DESC_WRITE, VIRTQ_DESC_WRITE },
		{ RX, 12, 1, VIRTQ_DESC_WRITE, VIRTQ_DESC_WRITE },
		{ RX, 64, 1500, 0, 0 },
		{ CONTROL, 0, 0, 0, VIRTQ_DESC_WRITE },
		{ CONTROL, 0, 1, 0, VIRTQ_DESC_WRITE },
		{ CONTROL, 1, 1, 0, VIRTQ_DESC_WRITE },
		{ CONTROL, 3, 1, 0, 0 },
		{ CONTROL, 3, 1, VIRTQ_DESC_WRITE, VIRTQ_DESC_WRITE },
		{ CONTROL, 200000, 1, 0, VIRTQ_DESC_WRITE },
	};

	(void)line;
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		unsigned int queue = shapes[i].queue;

		for (uint64_t merged = 0; merged < 2; merged++) {
			if (!open_rings(merged ? NET_F_MRG_RXBUF : 0))
				return;
			virtio_ready(&nic.dev);
			good_chain(queue);
			queues[queue].desc[0].len = shapes[i].first;
			queues[queue].desc[1].len = shapes[i].second;
			queues[queue].desc[0].flags = shapes[i].first_flags | VIRTQ_DESC_NEXT;
			queues[queue].desc[1].flags = shapes[i].second_flags;
			offer(queue, 0);
			if (queue == RX) {
				/* A buffer that is too small may be kept for ever, if a frame is dropped instead. */
				good_chain(TX);
				offer(TX, 0);
				expect(reacts(TX));
			} else {
				expect(reacts(queue));
			}
			virtio_reset(&nic.dev);
			expect_alive();
		}
	}
}

/* The kernel, too, sees such headers, and no frame of them may stop those that follow. */
static void absurd_headers(const char *line)
{
	static const struct net_header headers[] = {
		{ .flags = 0xff },
		{ .flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff },
		{ .flags = 1, .csum_start = 199, .csum_offset = 0 },
		{ .flags = 1, .csum_start = 0, .csum_offset = 1 },
		{ .gso_type = 0xff, .gso_size = 1 },
		{ .gso_type = NET_GSO_TCP4, .gso_size = 0 },
		{ .gso_type = NET_GSO_TCP4, .gso_size = 1, .hdr_len = 0xffff },
		{ .flags = 1,
		  .gso_type = NET_GSO_TCP6,
		  .gso_size = 0xffff,
		  .hdr_len = 1,
		  .csum_start = 34,
		  .csum_offset = 16 },
		{ .flags = 1,
		  .gso_type = NET_GSO_UDP_L4,
		  .gso_size = 1,
		  .hdr_len = 42,
		  .csum_start = 34,
		  .csum_offset = 6 },
		{ .flags = 1, .gso_type = NET_GSO_UDP, .gso_size = 7, .csum_start = 34, .csum_offset = 6 },
		{ .gso_type = 2, .gso_size = 100 },
		{ .gso_type = NET_GSO_ECN, .gso_size = 100 },
		{ .hdr_len = 0xffff },
		{ .num_buffers = 0xffff },
	};
	static uint8_t frame[200];
	struct random random = { 23 };

	(void)line;
	for (uint64_t offloads = 0; offloads < 2; offloads++) {
		if (!nic_open(NIC_ALWAYS | (offloads ? NET_GUEST_OFFLOADS | NET_HOST_OFFLOADS : 0)))
			return;
		memset(frame, 0x5a, sizeof(frame));
		memcpy(frame, peer_mac, 6);
		memcpy(frame + 6, nic.mac, 6);
		for (unsigned int i = 0; i < NR_RANDOM_HEADERS; i++) {
			struct net_header header;
			uint32_t bytes = (uint32_t)random_below(&random, sizeof(frame) + 1);

			if (i < sizeof(headers) / sizeof(headers[0])) {
				header = headers[i];
				bytes = sizeof(frame);
			} else {
				uint64_t words[2] = { random_next(&random), random_next(&random) };

				memcpy(&header, words, sizeof(header));
				header.flags &= i % 3 == 0 ? 0xff : 1;
				header.gso_type &= i % 5 == 0 ? 0xff : 7;
			}
			frame_put16(frame + 12, i % 2 ? 0x0800 : 0x86dd);
			frame[14] = i % 2 ? 0x45 : 0x60;
			if (!net_send(&nic.tx[0], &header, frame, bytes)) {
				expect_equal(i, NR_RANDOM_HEADERS);
				break;
			}
		}
		expect_equal(virtio_status(&nic.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
		expect(nic_talks());
	}
}

static void rings_full_of_garbage(const char *line)
{
	struct random random = { 29 };

	(void)line;
	for (unsigned int round = 0; round < NR_GARBAGE_ROUNDS; round++) {
		if (!open_rings(round & 1 ? NIC_RINGS | NET_F_MRG_RXBUF : 0))
			return;
		for (size_t i = 0; i < VICTIM_PAGES * PAGE_BYTES; i += 8) {
			uint64_t word = random_next(&random);

			memcpy(victim + i, &word, 8);
		}
		virtio_ready(&nic.dev);
		for (unsigned int i = 0; i < NR_QUEUES * RING_SIZE; i++) {
			uint64_t offset = random_below(&random, (VICTIM_PAGES - 2) * PAGE_BYTES);
			bool inside = random_below(&random, 8) != 0;
			unsigned int queue = i % NR_QUEUES;

			descriptor(queue, i / NR_QUEUES,
				   inside ? (uint64_t)victim + offset : random_next(&random) | 1ull << 45,
				   (uint32_t)random_below(&random, 2 * PAGE_BYTES), (uint16_t)random_below(&random, 8),
				   (uint16_t)random_below(&random, RING_SIZE + 1));
			offer(queue, (uint16_t)random_below(&random, RING_SIZE + 1));
		}
		virtio_reset(&nic.dev);
	}
	expect_alive();
}

/* Both directions are full of frames when the reset comes: nothing may be written behind it. */
static void reset_in_full_flight(const char *line)
{
	uint64_t pairs = option_number(line, "queues", 1);

	for (unsigned int round = 0; round < 30; round++) {
		struct net_options options = { .features = NIC_ALL_FEATURES,
					       .nr_pairs = round & 1 ? (unsigned int)pairs : 1,
					       .rx_bytes = 2048 };
		struct order order = { .op = ORDER_COPIES, .count = 300, .first = 1500 };
		struct net_queue *rx = &nic.rx[0];
		uint8_t *slot;

		if (!nic_open_with(&options))
			return;
		memcpy(order.address, nic.mac, 6);
		expect(peer_tell(&nic, &order));
		for (unsigned int i = 0; i < NR_FRAMES_IN_FLIGHT && (slot = net_tx_slot(&nic.tx[0])) != NULL; i++) {
			memset(slot, 0, NET_HEADER_BYTES);
			memcpy(slot + NET_HEADER_BYTES, peer_mac, 6);
			memcpy(slot + NET_HEADER_BYTES + 6, nic.mac, 6);
			net_tx_add(&nic.tx[0], 1000, 2);
			virtqueue_kick(&nic.tx[0].vq);
		}
		virtio_reset(&nic.dev);
		/* What the device wrote after the reset would show up here. */
		memset(rx->slots, 0xa5, (size_t)rx->vq.size * rx->slot_bytes);
		for (unsigned int i = 0; i < 10000; i++)
			cpu_pause();
		for (size_t i = 0; i < (size_t)rx->vq.size * rx->slot_bytes; i += 64)
			expect_equal(rx->slots[i], 0xa5);
	}
	expect_alive();
}

/* Notifications of queues that are not there, and of those that are but were not enabled. */
static void notifications_of_nothing(const char *line)
{
	(void)line;
	if (!nic_negotiate(NIC_ALL_FEATURES))
		return;
	virtio_ready(&nic.dev);
	for (uint32_t offset = 0; offset < PAGE_BYTES; offset += 4)
		mmio_write32((nic.dev.notify & ~UINT64_C(0xfff)) + offset, offset);
	virtio_reset(&nic.dev);
	expect_alive();
}

const struct test tests_hostile_net[] = {
	{ "broken_rules_ask_for_a_reset", broken_rules_ask_for_a_reset },
	{ "chains_of_the_wrong_shape", chains_of_the_wrong_shape },
	{ "absurd_headers", absurd_headers },
	{ "rings_full_of_garbage", rings_full_of_garbage },
	{ "reset_in_full_flight", reset_in_full_flight },
	{ "notifications_of_nothing", notifications_of_nothing },
	TEST_END,
};
