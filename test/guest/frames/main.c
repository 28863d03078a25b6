/* The frames payload: frames of every size, with every offload and without, each way, compared byte for byte.
 *
 *   run=merged   every kind of frame in every size, into mergeable buffers of 4096 bytes
 *   run=big      the same into buffers that hold any frame
 *   run=direct   the same into mergeable buffers of 1526 bytes, without indirect descriptors
 *   run=sets     with some sizes, every set of offloads that a driver may take
 *   most=BYTES   the longest frame that the host's interface can send: its MTU and 14 (65535)
 *   step=N       of the sizes (1: every one); what one run covers, another does with fewer: sending does not depend on
 *                receive buffers, and the kernel's fragments are many
 *
 * Ends with "frames: N streams, M failed". */
#include "test/guest/payload.h"

#include <stddef.h>

#include "test/guest/bench/clock.h"
#include "test/guest/cpu.h"
#include "test/guest/frames/peer.h"
#include "test/guest/frames/stream.h"
#include "test/guest/pci.h"
#include "test/guest/power.h"
#include "test/guest/serial.h"
#include "test/guest/text.h"

#define ALWAYS                                                                                                         \
	(NET_F_MAC | NET_F_MTU | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_GUEST_OFFLOADS | NET_F_MQ |                 \
	 NET_HOST_OFFLOADS)
#define RINGS (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
#define WINDOW 128
/* A frame in segments of 536 bytes is more than a hundred, and all must find room in the interface's queue. */
#define SEGMENTED_WINDOW 16
#define SPARSE_STEP 7919
#define FRAGMENTED_FACTOR 11

static struct net net;
static uint32_t most_received;
static unsigned int nr_streams, nr_failed;

/* GSO frames may be as long as the kernel's gso_max_size permits, 65536, others as the MTU does. */
static uint32_t most_of(enum frame_kind kind, bool sent)
{
	uint32_t most = frame_most(kind);

	return sent || most < most_received ? most : most_received;
}

static uint64_t host_features(enum frame_kind kind)
{
	static const uint64_t needed[FRAME_NR_KINDS] = {
		[FRAME_PLAIN] = 0,
		[FRAME_TCP4] = NET_F_CSUM,
		[FRAME_UDP6] = NET_F_CSUM,
		[FRAME_TSO4] = NET_F_HOST_TSO4,
		[FRAME_TSO4_ECN] = NET_F_HOST_TSO4 | NET_F_HOST_ECN,
		[FRAME_TSO6] = NET_F_HOST_TSO6,
		[FRAME_UFO4] = NET_F_HOST_UFO,
		[FRAME_USO4] = NET_F_HOST_USO,
		[FRAME_USO6] = NET_F_HOST_USO,
	};

	return needed[kind];
}

static void run(enum frame_kind kind, bool sent, uint32_t step, uint32_t window)
{
	struct stream stream = { kind, frame_least(kind), most_of(kind, sent), step, window };

	nr_streams++;
	if (!(sent ? stream_send(&net, &stream) : stream_receive(&net, &stream)))
		nr_failed++;
}

static bool open_nic(uint64_t features, uint32_t rx_bytes)
{
	struct net_options options = { .features = features, .rx_bytes = rx_bytes };

	if (net_open(&net, 0, &options) && peer_is_there(&net))
		return true;
	nr_streams++;
	nr_failed++;
	print("frames: features %lx: no NIC, or no peer\n", features);
	return false;
}

/* Too short to be Ethernet: the kernel refuses them, and the queue goes on. */
static void send_fragments_of_ethernet(void)
{
	static const struct net_header none;
	static const uint8_t zeros[NET_ETHERNET_BYTES];

	for (uint32_t bytes = 0; bytes < NET_ETHERNET_BYTES; bytes++) {
		if (!net_send(&net.tx[0], &none, zeros, bytes))
			power_panic("a short frame was not used");
	}
}

static void every_size(uint64_t features, uint32_t rx_bytes, uint32_t sent_step, uint32_t received_step)
{
	if (!open_nic(ALWAYS | NET_GUEST_OFFLOADS | features, rx_bytes))
		return;
	send_fragments_of_ethernet();
	for (unsigned int kind = 0; kind < FRAME_NR_KINDS; kind++) {
		uint64_t start = tsc_read(), sent;

		if ((host_features(kind) & ~net.dev.features) == 0)
			run(kind, true, sent_step, WINDOW);
		else
			print("frames: %s is not offered\n", frame_layouts[kind].name);
		sent = tsc_read();
		run(kind, false, received_step * (kind == FRAME_UFO4 ? FRAGMENTED_FACTOR : 1), SEGMENTED_WINDOW);
		print("frames: %s: sent in %lu ms, received in %lu ms\n", frame_layouts[kind].name,
		      clock_ns(sent - start) / 1000000, clock_ns(tsc_read() - sent) / 1000000);
	}
	virtio_reset(&net.dev);
}

/* Segmentation needs the checksum's feature, and ECN that of TCP (5.1.3.1). */
static bool may_be_taken(uint64_t features)
{
	if ((features & ~NET_F_GUEST_CSUM) && !(features & NET_F_GUEST_CSUM))
		return false;
	return !(features & NET_F_GUEST_ECN) || (features & (NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6));
}

/* The n-th subset of what GUEST offloads there are. */
static uint64_t subset(unsigned int n)
{
	static const uint64_t bits[] = { NET_F_GUEST_CSUM, NET_F_GUEST_TSO4, NET_F_GUEST_TSO6, NET_F_GUEST_ECN,
					 NET_F_GUEST_UFO,  NET_F_GUEST_USO4, NET_F_GUEST_USO6 };
	uint64_t features = 0;

	for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		features |= n >> i & 1 ? bits[i] : 0;
	return features;
}

static void every_set_of_features(uint64_t others, uint32_t rx_bytes)
{
	for (unsigned int n = 0; n < 1u << 7; n++) {
		if (!may_be_taken(subset(n)) || !open_nic(ALWAYS | subset(n) | others, rx_bytes))
			continue;
		for (unsigned int kind = 0; kind < FRAME_NR_KINDS; kind++)
			run(kind, false, SPARSE_STEP, SEGMENTED_WINDOW);
		virtio_reset(&net.dev);
	}
}

void payload_main(const char *line)
{
	uint32_t step = (uint32_t)option_number(line, "step", 1);
	char what[8];

	clock_init();
	pci_place_bars();
	most_received = (uint32_t)option_number(line, "most", 65535);
	if (!option_get(line, "run", what, sizeof(what)))
		power_panic("no run=");
	if (strcmp(what, "merged") == 0) {
		every_size(RINGS | NET_F_MRG_RXBUF, 4096, step, step);
	} else if (strcmp(what, "big") == 0) {
		every_size(RINGS, NET_BIG_BUFFER_BYTES, 17 * step, step);
	} else if (strcmp(what, "direct") == 0) {
		every_size(NET_F_MRG_RXBUF, 1526, 17 * step, 17 * step);
	} else if (strcmp(what, "sets") == 0) {
		every_set_of_features(RINGS | NET_F_MRG_RXBUF, 4096);
		every_set_of_features(0, NET_BIG_BUFFER_BYTES);
	}
	print("frames: %u streams, %u failed\n", nr_streams, nr_failed);
}
