#include "virtio/dev/net_filter.h"

#include <string.h>

void net_filter_reset(struct net_filter *filter, const uint8_t *mac, bool filters_vlans)
{
	memset(filter, 0, sizeof(*filter));
	memcpy(filter->mac, mac, sizeof(filter->mac));
	filter->promisc = true;
	filter->filters_vlans = filters_vlans;
}

static bool vlan_passes(const struct net_filter *filter, const uint8_t *frame)
{
	unsigned int vlan;

	if (!filter->filters_vlans || frame[12] != 0x81 || frame[13] != 0x00)
		return true;
	vlan = (frame[14] & 0x0fu) << 8 | frame[15];
	return filter->vlans[vlan / 64] >> (vlan % 64) & 1;
}

static bool listed(const struct net_filter *filter, unsigned int from, unsigned int nr, const uint8_t *mac)
{
	for (unsigned int i = from; i < from + nr; i++)
		if (memcmp(filter->macs[i], mac, NET_FILTER_MAC_BYTES) == 0)
			return true;
	return false;
}

bool net_filter_passes(const struct net_filter *filter, const uint8_t *frame)
{
	static const uint8_t broadcast[NET_FILTER_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (filter->promisc)
		return true;
	if (!vlan_passes(filter, frame))
		return false;
	if (frame[0] & 1) {
		if (memcmp(frame, broadcast, sizeof(broadcast)) == 0)
			return !filter->nobcast;
		if (filter->nomulti)
			return false;
		return filter->allmulti || filter->all_multicast ||
		       listed(filter, filter->nr_unicast, filter->nr_multicast, frame);
	}
	if (filter->nouni)
		return false;
	return filter->alluni || filter->all_unicast || memcmp(frame, filter->mac, sizeof(filter->mac)) == 0 ||
	       listed(filter, 0, filter->nr_unicast, frame);
}

bool net_filter_set_vlan(struct net_filter *filter, uint16_t vlan, bool passes)
{
	uint64_t bit = UINT64_C(1) << (vlan % 64);

	if (vlan >= NET_FILTER_NR_VLANS)
		return false;
	if (passes)
		filter->vlans[vlan / 64] |= bit;
	else
		filter->vlans[vlan / 64] &= ~bit;
	return true;
}
