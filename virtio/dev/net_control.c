/* The control queue (virtio 1.2, 5.1.6.5): each request is carried out before its chain is given back. */
#include <errno.h>

#include "virtio/dev/net_config.h"
#include "virtio/dev/net_internal.h"
#include "vmm/base/container_of.h"

/* What one turn of the loop carries out at most: a request may wait for other threads. */
#define TURN_MAX_REQUESTS 16

/* Reads exactly `len` bytes that the request must have; -EINVAL if it has fewer. */
static int read_exactly(struct cursor *data, void *dst, size_t len)
{
	return cursor_read(data, dst, len) == len ? 0 : -EINVAL;
}

static int read_le16(struct cursor *data, uint16_t *out)
{
	le16 wire;

	if (read_exactly(data, &wire, sizeof(wire)) < 0)
		return -EINVAL;
	*out = le16_get(wire);
	return 0;
}

/* Carry out one class each: 0 or a negative errno. */

static int control_rx(struct net *net, uint8_t command, struct cursor *data)
{
	/* Which switch a command turns, and which feature brings it. */
	static const struct {
		size_t offset;
		unsigned int feature;
	} switches[] = {
		[VIRTIO_NET_CTRL_RX_PROMISC] = { offsetof(struct net_filter, promisc), VIRTIO_NET_F_CTRL_RX_BIT },
		[VIRTIO_NET_CTRL_RX_ALLMULTI] = { offsetof(struct net_filter, allmulti), VIRTIO_NET_F_CTRL_RX_BIT },
		[VIRTIO_NET_CTRL_RX_ALLUNI] = { offsetof(struct net_filter, alluni), VIRTIO_NET_F_CTRL_RX_EXTRA_BIT },
		[VIRTIO_NET_CTRL_RX_NOMULTI] = { offsetof(struct net_filter, nomulti), VIRTIO_NET_F_CTRL_RX_EXTRA_BIT },
		[VIRTIO_NET_CTRL_RX_NOUNI] = { offsetof(struct net_filter, nouni), VIRTIO_NET_F_CTRL_RX_EXTRA_BIT },
		[VIRTIO_NET_CTRL_RX_NOBCAST] = { offsetof(struct net_filter, nobcast), VIRTIO_NET_F_CTRL_RX_EXTRA_BIT },
	};
	uint8_t on;

	if (command >= sizeof(switches) / sizeof(switches[0]) || !net_negotiated(net, switches[command].feature))
		return -EOPNOTSUPP;
	if (read_exactly(data, &on, sizeof(on)) < 0)
		return -EINVAL;
	*(bool *)((uint8_t *)&net->filter + switches[command].offset) = on != 0;
	net_state_filter(net);
	return 0;
}

/* Reads one of the two tables behind `nr_before` addresses of the other. */
static int read_macs(struct net_filter *filter, struct cursor *data, unsigned int nr_before, uint8_t *nr, bool *all)
{
	uint64_t bytes;
	le32 wire;

	if (read_exactly(data, &wire, sizeof(wire)) < 0)
		return -EINVAL;
	bytes = (uint64_t)le32_get(wire) * NET_MAC_BYTES;
	if (bytes > data->nr_bytes)
		return -EINVAL;
	*all = le32_get(wire) > NET_FILTER_MAX_MACS - nr_before;
	*nr = *all ? 0 : (uint8_t)le32_get(wire);
	if (*all)
		cursor_skip(data, bytes);
	else if (bytes > 0)
		return read_exactly(data, filter->macs[nr_before], bytes);
	return 0;
}

static int control_mac(struct net *net, uint8_t command, struct cursor *data)
{
	struct net_filter filter = net->filter;
	uint8_t mac[NET_MAC_BYTES];

	if (command == VIRTIO_NET_CTRL_MAC_ADDR_SET && net_negotiated(net, VIRTIO_NET_F_CTRL_MAC_ADDR_BIT)) {
		if (read_exactly(data, mac, sizeof(mac)) < 0)
			return -EINVAL;
		net_state_set_mac(net, mac);
		return 0;
	}
	if (command != VIRTIO_NET_CTRL_MAC_TABLE_SET || !net_negotiated(net, VIRTIO_NET_F_CTRL_RX_BIT))
		return -EOPNOTSUPP;
	if (read_macs(&filter, data, 0, &filter.nr_unicast, &filter.all_unicast) < 0 ||
	    read_macs(&filter, data, filter.nr_unicast, &filter.nr_multicast, &filter.all_multicast) < 0)
		return -EINVAL;
	net->filter = filter;
	net_state_filter(net);
	return 0;
}

static int control_vlan(struct net *net, uint8_t command, struct cursor *data)
{
	uint16_t vlan;

	if (command > VIRTIO_NET_CTRL_VLAN_DEL || !net_negotiated(net, VIRTIO_NET_F_CTRL_VLAN_BIT))
		return -EOPNOTSUPP;
	if (read_le16(data, &vlan) < 0 || !net_filter_set_vlan(&net->filter, vlan, command == VIRTIO_NET_CTRL_VLAN_ADD))
		return -EINVAL;
	net_state_filter(net);
	return 0;
}

static int control_announce(struct net *net, uint8_t command, struct cursor *data)
{
	(void)data;
	if (command != VIRTIO_NET_CTRL_ANNOUNCE_ACK || !net_negotiated(net, VIRTIO_NET_F_GUEST_ANNOUNCE_BIT))
		return -EOPNOTSUPP;
	net_state_announced(net);
	return 0;
}

static int control_mq(struct net *net, uint8_t command, struct cursor *data)
{
	uint16_t nr;

	if (command != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET || !net_negotiated(net, VIRTIO_NET_F_MQ_BIT))
		return -EOPNOTSUPP;
	if (read_le16(data, &nr) < 0 || nr == 0 || nr > net->nr_pairs)
		return -EINVAL;
	return net_state_set_pairs(net, nr);
}

/* The mask is of the feature bits that brought the offloads. */
static int control_offloads(struct net *net, uint8_t command, struct cursor *data)
{
	const uint64_t known =
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ECN_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_UFO_BIT) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_USO4_BIT) |
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_USO6_BIT);
	le64 mask;

	if (command != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET || !net_negotiated(net, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS_BIT))
		return -EOPNOTSUPP;
	if (read_exactly(data, &mask, sizeof(mask)) < 0 || (le64_get(mask) & ~(net->features & known)))
		return -EINVAL;
	return net_state_set_offloads(net, net_config_rx_offloads(le64_get(mask)));
}

static int (*const classes[])(struct net *net, uint8_t command, struct cursor *data) = {
	[VIRTIO_NET_CTRL_RX] = control_rx,     [VIRTIO_NET_CTRL_MAC] = control_mac,
	[VIRTIO_NET_CTRL_VLAN] = control_vlan, [VIRTIO_NET_CTRL_ANNOUNCE] = control_announce,
	[VIRTIO_NET_CTRL_MQ] = control_mq,     [VIRTIO_NET_CTRL_GUEST_OFFLOADS] = control_offloads,
};

static uint8_t carry_out(struct net *net, struct cursor *data)
{
	struct virtio_net_control header;

	if (read_exactly(data, &header, sizeof(header)) < 0 || header.class >= sizeof(classes) / sizeof(classes[0]))
		return VIRTIO_NET_ERR;
	return classes[header.class](net, header.command, data) == 0 ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
}

enum virtio_queue_next net_control_handle(struct virtio_queue *queue)
{
	struct net *net = container_of(queue, struct net, control);
	struct iovec iov[NET_CHAIN_MAX_SEGMENTS];
	struct virtq_chain chain = { .iov = iov, .max_iov = NET_CHAIN_MAX_SEGMENTS };

	for (unsigned int i = 0; i < TURN_MAX_REQUESTS; i++) {
		uint8_t ack;

		if (!virtio_queue_pop(queue, &chain))
			return VIRTIO_QUEUE_DRY;
		if (chain.writable.nr_bytes == 0) {
			/* There is nowhere to say whether it was done. */
			virtio_queue_push(queue, chain.head, 0);
			virtio_queue_break(queue, "a control request has no room for its ack");
			return VIRTIO_QUEUE_DRY;
		}
		ack = carry_out(net, &chain.readable);
		cursor_write(&chain.writable, &ack, sizeof(ack));
		virtio_queue_push(queue, chain.head, sizeof(ack));
	}
	return VIRTIO_QUEUE_AGAIN;
}
