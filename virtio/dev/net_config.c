#include "virtio/dev/net_config.h"

#include <string.h>

/* Which feature stands for which offload in which direction. */
static const struct {
	uint64_t feature;
	unsigned int offloads;
} host_features[] = {
	{ VIRTIO_FEATURE(VIRTIO_NET_F_CSUM_BIT), NET_OFFLOAD_CSUM },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO4_BIT), NET_OFFLOAD_TSO4 },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO6_BIT), NET_OFFLOAD_TSO6 },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_ECN_BIT), NET_OFFLOAD_ECN },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_UFO_BIT), NET_OFFLOAD_UFO },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_USO_BIT), NET_OFFLOAD_USO4 | NET_OFFLOAD_USO6 },
}, guest_features[] = {
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM_BIT), NET_OFFLOAD_CSUM },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4_BIT), NET_OFFLOAD_TSO4 },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6_BIT), NET_OFFLOAD_TSO6 },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ECN_BIT), NET_OFFLOAD_ECN },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_UFO_BIT), NET_OFFLOAD_UFO },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_USO4_BIT), NET_OFFLOAD_USO4 },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_USO6_BIT), NET_OFFLOAD_USO6 },
};
#define NR_HOST_FEATURES (sizeof(host_features) / sizeof(host_features[0]))
#define NR_GUEST_FEATURES (sizeof(guest_features) / sizeof(guest_features[0]))

uint64_t net_config_features(const struct net_config *config)
{
	unsigned int tx = net_backend_tx_offloads(config->backend);
	unsigned int rx = net_backend_rx_offloads(config->backend);
	uint64_t features =
		VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT) |
		VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_MAC_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_STATUS_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_RX_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_RX_EXTRA_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VLAN_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_MAC_ADDR_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE_BIT);

	for (unsigned int i = 0; i < NR_HOST_FEATURES; i++)
		if ((tx & host_features[i].offloads) == host_features[i].offloads)
			features |= host_features[i].feature;
	for (unsigned int i = 0; i < NR_GUEST_FEATURES; i++)
		if ((rx & guest_features[i].offloads) == guest_features[i].offloads)
			features |= guest_features[i].feature;
	if (rx != 0)
		features |= VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS_BIT);
	if (config->nr_pairs > 1)
		features |= VIRTIO_FEATURE(VIRTIO_NET_F_MQ_BIT);
	if (config->mtu != 0)
		features |= VIRTIO_FEATURE(VIRTIO_NET_F_MTU_BIT);
	return features;
}

void net_config_fill(struct virtio_net_config *shown, const struct net_config *config)
{
	*shown = (struct virtio_net_config){
		.status = le16_make(net_backend_link_up(config->backend) ? VIRTIO_NET_S_LINK_UP : 0),
		.max_virtqueue_pairs = le16_make((uint16_t)config->nr_pairs),
		.mtu = le16_make(config->mtu),
	};
	memcpy(shown->mac, config->mac, sizeof(shown->mac));
}

/* Drops what lacks what it requires (virtio 1.2, 5.1.3.1). */
static unsigned int with_required(unsigned int offloads)
{
	if (!(offloads & NET_OFFLOAD_CSUM))
		return 0;
	if (!(offloads & (NET_OFFLOAD_TSO4 | NET_OFFLOAD_TSO6)))
		offloads &= ~(unsigned int)NET_OFFLOAD_ECN;
	return offloads;
}

unsigned int net_config_tx_offloads(uint64_t features)
{
	unsigned int offloads = 0;

	for (unsigned int i = 0; i < NR_HOST_FEATURES; i++)
		if (features & host_features[i].feature)
			offloads |= host_features[i].offloads;
	return with_required(offloads);
}

unsigned int net_config_rx_offloads(uint64_t features)
{
	unsigned int offloads = 0;

	for (unsigned int i = 0; i < NR_GUEST_FEATURES; i++)
		if (features & guest_features[i].feature)
			offloads |= guest_features[i].offloads;
	return with_required(offloads);
}

bool net_header_offloads(const struct virtio_net_header *header, unsigned int *offloads)
{
	unsigned int needed = header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? NET_OFFLOAD_CSUM : 0;

	switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		break;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		needed |= NET_OFFLOAD_TSO4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		needed |= NET_OFFLOAD_TSO6;
		break;
	case VIRTIO_NET_HDR_GSO_UDP:
		needed |= NET_OFFLOAD_UFO;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		/* Of which IP, the header doesn't say. */
		needed |= NET_OFFLOAD_USO4 | NET_OFFLOAD_USO6;
		break;
	default:
		return false;
	}
	if (header->gso_type & VIRTIO_NET_HDR_GSO_ECN) {
		if (!(needed & (NET_OFFLOAD_TSO4 | NET_OFFLOAD_TSO6)))
			return false;
		needed |= NET_OFFLOAD_ECN;
	}
	*offloads = needed;
	return true;
}
