#include "test/guest/bench/net_load.h"

#include <stddef.h>

#include "test/guest/bench/clock.h"
#include "test/guest/cpu.h"
#include "test/guest/frames/peer.h"
#include "test/guest/interrupt.h"
#include "test/guest/pages.h"
#include "test/guest/power.h"
#include "test/guest/text.h"

#define FEATURES                                                                                                       \
	(NET_F_MAC | NET_F_MRG_RXBUF | NET_F_CSUM | NET_F_HOST_TSO4 | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 |            \
	 VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
/* How often the interrupt suppression of a polled queue is renewed: its event index would come round again otherwise.
 */
#define SUPPRESS_EVERY 16384
#define PATIENCE_MS 5000
#define SLOT_BYTES (17 * PAGE_BYTES)
#define MAX_PIECES 18
#define PIECE_BYTES 4096
#define FIRST_BURST_MS 40
#define ECHO_BYTES 64
#define ECHO_PAYLOAD (NET_ETHERNET_BYTES + 20)

static struct {
	struct net net;
	struct net_load load;
	struct virtqueue *rx, *tx;
	uint8_t *buffers, *slots; /* received, sent */
	uint8_t vector;
	uint64_t burst_ms; /* what filling the interface may take */
	uint32_t buffers_per_frame;
} bench;

static void open_queue(uint16_t index, struct virtqueue **vq, struct net_queue *queue)
{
	if (!virtio_queue_enable(&bench.net.dev, index, NET_QUEUE_SIZE, &queue->vq) || queue->vq.size != NET_QUEUE_SIZE)
		power_panic("no queue of 256 descriptors");
	*vq = &queue->vq;
	virtqueue_no_interrupts(*vq);
}

void net_load_init(const struct net_load *load)
{
	bench.load = *load;
	bench.burst_ms = FIRST_BURST_MS;
	bench.buffers_per_frame = (load->bytes + NET_HEADER_BYTES + load->rx_bytes - 1) / load->rx_bytes;
	if (!net_negotiate(&bench.net, 0, FEATURES) || (bench.net.dev.features & FEATURES) != FEATURES)
		power_panic("no NIC, or one without mergeable buffers, segmentation, EVENT_IDX or INDIRECT_DESC");
	if (load->completion != NET_POLL) {
		bench.vector = interrupt_vector_alloc();
		if (!virtio_queue_vector(&bench.net.dev, 0, 1, bench.vector))
			power_panic("no MSI-X");
	}
	open_queue(0, &bench.rx, &bench.net.rx[0]);
	open_queue(1, &bench.tx, &bench.net.tx[0]);
	bench.buffers = pages_alloc(NET_QUEUE_SIZE * load->rx_bytes / PAGE_BYTES);
	bench.slots = pages_alloc(NET_QUEUE_SIZE * SLOT_BYTES / PAGE_BYTES);
	for (uint16_t i = 0; i < NET_QUEUE_SIZE; i++)
		bench.rx->desc[i] = (struct virtq_desc){ (uint64_t)(bench.buffers + (size_t)i * load->rx_bytes),
							 load->rx_bytes, VIRTQ_DESC_WRITE, 0 };
	virtio_ready(&bench.net.dev);
}

static inline void offer(struct virtqueue *vq, uint16_t head)
{
	vq->avail->ring[vq->next_avail++ & (NET_QUEUE_SIZE - 1)] = head;
}

static inline uint16_t nr_used(const struct virtqueue *vq)
{
	uint16_t nr = (uint16_t)(vq->used->idx - vq->last_used);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return nr;
}

static inline uint16_t take(struct virtqueue *vq)
{
	return (uint16_t)vq->used->ring[vq->last_used++ & (NET_QUEUE_SIZE - 1)].id;
}

static void suppress(struct virtqueue *vq, uint16_t nr)
{
	if ((vq->last_used & (SUPPRESS_EVERY - 1)) < nr)
		virtqueue_no_interrupts(vq);
}

/* As Linux lays a frame out: a small one behind its header in one descriptor; of a large one all the headers in one,
 * and the payload in pages of its own. */
static void build_chain(uint16_t head)
{
	struct frame frame = { .kind = bench.load.kind, .bytes = bench.load.bytes, .seed = 4u * head };
	uint32_t bytes = NET_HEADER_BYTES + frame.bytes, at = 0;
	uint32_t headers = NET_HEADER_BYTES + frame_layouts[frame.kind].payload;
	bool large = bytes > PIECE_BYTES;
	uint8_t *start = bench.slots + (size_t)head * SLOT_BYTES + (large ? PAGE_BYTES - headers : 0);
	volatile struct virtq_desc *table;
	uint16_t nr = 0;

	memcpy(frame.src, bench.net.mac, 6);
	frame.dst[0] = 0x02; /* nobody's: the host drops it as soon as it has looked */
	frame_build(&frame, (struct net_header *)start, start + NET_HEADER_BYTES);
	if (!large) {
		bench.tx->desc[head] = (struct virtq_desc){ (uint64_t)start, bytes, 0, 0 };
		return;
	}
	/* Tables of the driver's own are too short. */
	table = pages_alloc(1);
	while (at < bytes && nr < MAX_PIECES) {
		uint32_t most = nr == 0 ? headers : PIECE_BYTES;
		uint32_t piece = bytes - at < most ? bytes - at : most;
		uint16_t more = at + piece < bytes ? VIRTQ_DESC_NEXT : 0;

		table[nr] = (struct virtq_desc){ (uint64_t)start + at, piece, more, (uint16_t)(nr + 1) };
		at += piece;
		nr++;
	}
	bench.tx->desc[head] = (struct virtq_desc){ (uint64_t)table, nr * sizeof(*table), VIRTQ_DESC_INDIRECT, 0 };
}

/* Reaps what was sent and, if `again`, sends it once more: the number. */
static uint16_t send_turn(bool again)
{
	struct virtqueue *vq = bench.tx;
	uint16_t nr = nr_used(vq);

	for (uint16_t i = 0; i < nr; i++) {
		uint16_t head = take(vq);

		if (again)
			offer(vq, head);
	}
	if (again && nr > 0)
		virtqueue_kick(vq);
	if (nr > 0)
		suppress(vq, nr);
	else
		cpu_pause();
	return nr;
}

void net_load_send(uint64_t cycles, struct net_result *result)
{
	static bool built;
	uint64_t kicks = bench.tx->nr_kicks, start = tsc_read();
	unsigned int left = NET_QUEUE_SIZE;

	memset(result, 0, sizeof(*result));
	for (uint16_t head = 0; head < NET_QUEUE_SIZE; head++) {
		if (!built)
			build_chain(head);
		offer(bench.tx, head);
	}
	built = true;
	virtqueue_kick(bench.tx);
	do {
		result->nr_frames += send_turn(true);
		result->cycles = tsc_read() - start;
	} while (result->cycles < cycles);
	result->nr_kicks = bench.tx->nr_kicks - kicks;
	while (left > 0)
		left -= send_turn(false);
}

static void send_one(uint32_t bytes)
{
	bench.tx->desc[0] = (struct virtq_desc){ (uint64_t)bench.slots, NET_HEADER_BYTES + bytes, 0, 0 };
	offer(bench.tx, 0);
	virtqueue_kick(bench.tx);
}

static void wait_sent(void)
{
	while (nr_used(bench.tx) == 0)
		cpu_pause();
	(void)take(bench.tx);
	suppress(bench.tx, 1);
}

/* Has the peer fill the interface. */
static void ask_for_burst(void)
{
	struct order *order = (struct order *)(bench.slots + NET_HEADER_BYTES);

	memset(bench.slots, 0, NET_HEADER_BYTES + sizeof(*order));
	*order = (struct order){
		.dst = ORDER_PEER_MAC,
		.op = ORDER_COPIES,
		.magic = ORDER_MAGIC,
		.kind = bench.load.kind,
		.first = bench.load.bytes,
		.step = 1,
		.count = bench.load.burst,
	};
	memcpy(order->src, bench.net.mac, 6);
	memcpy(order->address, bench.net.mac, 6);
	frame_put16((uint8_t *)&order->ethertype, ORDER_ETHERTYPE);
	send_one(sizeof(*order));
	wait_sent();
}

static void wait_ms(uint64_t ms)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < clock_cycles(ms);)
		cpu_pause();
}

/* Takes the burst with exactly as many buffers as it needs, so that the next finds none. False if not all came. */
static bool drain(uint32_t *peer_us)
{
	uint32_t wanted = bench.load.burst * bench.buffers_per_frame + 1, offered = 0, taken = 0;
	uint64_t progress = tsc_read();
	uint16_t last = 0;

	for (; offered < NET_QUEUE_SIZE && offered < wanted; offered++)
		offer(bench.rx, (uint16_t)offered);
	virtqueue_kick(bench.rx);
	while (taken < wanted) {
		uint16_t nr = nr_used(bench.rx);

		if (nr == 0) {
			if (tsc_read() - progress > clock_cycles(PATIENCE_MS))
				return false;
			cpu_pause();
			continue;
		}
		progress = tsc_read();
		for (uint16_t i = 0; i < nr; i++) {
			last = take(bench.rx);
			if (offered < wanted) {
				offer(bench.rx, last);
				offered++;
			}
		}
		virtqueue_kick(bench.rx);
		taken += nr;
		suppress(bench.rx, nr);
	}
	/* The last is the peer's answer, which says how long it took to fill the interface. */
	const struct order *answer =
		(const struct order *)(bench.buffers + (size_t)last * bench.load.rx_bytes + NET_HEADER_BYTES);

	*peer_us = answer->window;
	return answer->magic == ORDER_MAGIC && answer->op == (ORDER_COPIES | ORDER_ANSWER);
}

void net_load_receive(uint64_t cycles, struct net_result *result)
{
	uint64_t kicks = bench.rx->nr_kicks, begin = tsc_read();

	memset(result, 0, sizeof(*result));
	while (result->cycles < cycles && tsc_read() - begin < 20 * cycles) {
		uint64_t start;
		uint32_t peer_us;

		ask_for_burst();
		wait_ms(bench.burst_ms);
		start = tsc_read();
		if (!drain(&peer_us)) {
			result->nr_errors++;
			return;
		}
		if (peer_us / 1000 + 2 > bench.burst_ms) {
			bench.burst_ms = peer_us / 1000 * 2; /* it was still being made: not counted */
			continue;
		}
		result->cycles += tsc_read() - start;
		result->nr_frames += bench.load.burst;
	}
	result->nr_kicks = bench.rx->nr_kicks - kicks;
}

static void build_echo(void)
{
	static const uint8_t ip[20] = {
		0x45, 0, 0, ECHO_BYTES - NET_ETHERNET_BYTES, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1
	};
	static const uint8_t peer[6] = ORDER_PEER_MAC;
	uint8_t *frame = bench.slots + NET_HEADER_BYTES;

	memset(bench.slots, 0, NET_HEADER_BYTES + ECHO_BYTES);
	memcpy(frame, peer, 6);
	memcpy(frame + 6, bench.net.mac, 6);
	frame_put16(frame + 12, 0x0800);
	memcpy(frame + NET_ETHERNET_BYTES, ip, sizeof(ip));
	frame_put16(frame + NET_ETHERNET_BYTES + 10, (uint16_t)~frame_sum(0, ip, sizeof(ip)));
	frame[ECHO_PAYLOAD] = 8; /* ICMP: echo request */
	frame_put16(frame + ECHO_PAYLOAD + 2, (uint16_t)~frame_sum(0, frame + ECHO_PAYLOAD, ECHO_BYTES - ECHO_PAYLOAD));
}

/* In ring 0. Interrupts are off up to the hlt itself, so none can slip in between the look and the sleep. */
static void halt_unless_interrupted(void *arg, uint64_t *flags)
{
	(void)flags;
	if (interrupt_counts[bench.vector] == *(const uint32_t *)arg)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* As Linux's driver does: when there is nothing it asks for an interrupt, looks once more, and waits. */
static void wait_received(void)
{
	while (nr_used(bench.rx) == 0) {
		uint32_t seen = interrupt_counts[bench.vector];

		if (bench.load.completion == NET_POLL) {
			cpu_pause();
			continue;
		}
		if (virtqueue_want_interrupt(bench.rx))
			continue;
		while (interrupt_counts[bench.vector] == seen) {
			if (bench.load.completion == NET_HALT)
				ring0_call(halt_unless_interrupted, &seen);
			else
				cpu_pause();
		}
	}
}

static bool is_echo(uint16_t head)
{
	const uint8_t *frame = bench.buffers + (size_t)head * bench.load.rx_bytes + NET_HEADER_BYTES;

	return frame_get16(frame + 12) == 0x0800 && frame[ECHO_PAYLOAD] == 0; /* echo reply */
}

void net_load_round_trips(uint64_t cycles, struct net_result *result)
{
	static bool offered;
	uint64_t kicks = bench.tx->nr_kicks + bench.rx->nr_kicks, begin = tsc_read();
	uint32_t interrupts = interrupt_counts[bench.vector];

	memset(result, 0, sizeof(*result));
	for (uint16_t head = 0; !offered && head < NET_QUEUE_SIZE; head++)
		offer(bench.rx, head);
	offered = true;
	virtqueue_kick(bench.rx);
	build_echo();
	do {
		uint64_t start = tsc_read();
		bool echoed = false;

		send_one(ECHO_BYTES);
		while (!echoed) {
			uint16_t head;

			wait_received();
			head = take(bench.rx);
			echoed = is_echo(head);
			if (echoed)
				histogram_add(&result->latencies, tsc_read() - start);
			offer(bench.rx, head);
			virtqueue_kick(bench.rx);
		}
		if (bench.load.completion == NET_POLL)
			suppress(bench.rx, 1);
		wait_sent();
		result->nr_frames++;
		result->cycles = tsc_read() - begin;
	} while (result->cycles < cycles);
	result->nr_kicks = bench.tx->nr_kicks + bench.rx->nr_kicks - kicks;
	result->nr_interrupts = (uint32_t)(interrupt_counts[bench.vector] - interrupts);
}
