#include "test/guest/tests/nic.h"

#include "test/guest/cpu.h"
#include "test/guest/frames/frame.h"
#include "test/guest/frames/peer.h"
#include "test/guest/pci.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define PATIENCE_CYCLES (UINT64_C(10) << 30) /* some seconds */

struct net nic;

/* QEMU's microvm leaves that to its guest. It is done once: garbage may be in the registers later. */
static void place_bars(void)
{
	static bool placed;

	if (!placed)
		pci_place_bars();
	placed = true;
}

bool nic_negotiate(uint64_t features)
{
	bool agreed;

	place_bars();
	agreed = net_negotiate(&nic, 0, features);
	expect(agreed);
	return agreed;
}

bool nic_open_with(const struct net_options *options)
{
	bool opened;

	place_bars();
	opened = net_open(&nic, 0, options);

	expect(opened);
	return opened;
}

bool nic_open(uint64_t features)
{
	return nic_open_with(&(struct net_options){ .features = features });
}

bool nic_talks(void)
{
	return peer_is_there(&nic);
}

uint32_t nic_copies(const uint8_t *address, uint32_t count, uint32_t bytes)
{
	struct order order = { .op = ORDER_COPIES, .count = count, .first = bytes }, answer;
	struct net_frame frame;
	uint32_t nr = 0;

	memcpy(order.address, address, 6);
	if (!peer_tell(&nic, &order))
		return UINT32_MAX;
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		for (unsigned int pair = 0; pair < nic.nr_pairs; pair++) {
			bool answered;

			if (!net_receive(&nic, pair, &frame))
				continue;
			answered = peer_answers(&frame, &order, &answer);
			if (!answered && frame.bytes == bytes && frame_get16(frame.data + 12) == FRAME_ETHERTYPE &&
			    memcmp(frame.data, address, 6) == 0)
				nr++;
			net_recycle(&nic, pair);
			if (answered)
				return nr;
		}
	}
	return UINT32_MAX;
}
