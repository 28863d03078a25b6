/* What virtio-net puts on the wire (virtio 1.2, 5.1). */
#ifndef VIRTIO_DEV_NET_ABI_H
#define VIRTIO_DEV_NET_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/endian.h"

/* Feature bits (5.1.3). */
#define VIRTIO_NET_F_CSUM_BIT 0
#define VIRTIO_NET_F_GUEST_CSUM_BIT 1
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS_BIT 2
#define VIRTIO_NET_F_MTU_BIT 3
#define VIRTIO_NET_F_MAC_BIT 5
#define VIRTIO_NET_F_GUEST_TSO4_BIT 7
#define VIRTIO_NET_F_GUEST_TSO6_BIT 8
#define VIRTIO_NET_F_GUEST_ECN_BIT 9
#define VIRTIO_NET_F_GUEST_UFO_BIT 10
#define VIRTIO_NET_F_HOST_TSO4_BIT 11
#define VIRTIO_NET_F_HOST_TSO6_BIT 12
#define VIRTIO_NET_F_HOST_ECN_BIT 13
#define VIRTIO_NET_F_HOST_UFO_BIT 14
#define VIRTIO_NET_F_MRG_RXBUF_BIT 15
#define VIRTIO_NET_F_STATUS_BIT 16
#define VIRTIO_NET_F_CTRL_VQ_BIT 17
#define VIRTIO_NET_F_CTRL_RX_BIT 18
#define VIRTIO_NET_F_CTRL_VLAN_BIT 19
#define VIRTIO_NET_F_CTRL_RX_EXTRA_BIT 20
#define VIRTIO_NET_F_GUEST_ANNOUNCE_BIT 21
#define VIRTIO_NET_F_MQ_BIT 22
#define VIRTIO_NET_F_CTRL_MAC_ADDR_BIT 23
#define VIRTIO_NET_F_GUEST_USO4_BIT 54
#define VIRTIO_NET_F_GUEST_USO6_BIT 55
#define VIRTIO_NET_F_HOST_USO_BIT 56

/* Device configuration (5.1.4), as far as features that are offered reach. */
struct virtio_net_config {
	uint8_t mac[6];
	le16 status;
	le16 max_virtqueue_pairs;
	le16 mtu;
};

_Static_assert(offsetof(struct virtio_net_config, status) == 6, "virtio 1.2, 5.1.4");
_Static_assert(sizeof(struct virtio_net_config) == 12, "virtio 1.2, 5.1.4");

#define VIRTIO_NET_S_LINK_UP 1
#define VIRTIO_NET_S_ANNOUNCE 2

/* Before each frame (5.1.6). */
struct virtio_net_header {
	uint8_t flags;
	uint8_t gso_type;
	le16 hdr_len;
	le16 gso_size;
	le16 csum_start;
	le16 csum_offset;
	le16 num_buffers;
};

_Static_assert(sizeof(struct virtio_net_header) == 12, "virtio 1.2, 5.1.6");
_Static_assert(offsetof(struct virtio_net_header, num_buffers) == 10, "virtio 1.2, 5.1.6");

#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1
#define VIRTIO_NET_HDR_F_DATA_VALID 2
#define VIRTIO_NET_HDR_GSO_NONE 0
#define VIRTIO_NET_HDR_GSO_TCPV4 1
#define VIRTIO_NET_HDR_GSO_UDP 3
#define VIRTIO_NET_HDR_GSO_TCPV6 4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#define VIRTIO_NET_HDR_GSO_ECN 0x80

/* Before each request of the control queue (5.1.6.5); one byte, the ack, is what the device writes. */
struct virtio_net_control {
	uint8_t class;
	uint8_t command;
};

#define VIRTIO_NET_OK 0
#define VIRTIO_NET_ERR 1

#define VIRTIO_NET_CTRL_RX 0
#define VIRTIO_NET_CTRL_RX_PROMISC 0
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1
#define VIRTIO_NET_CTRL_RX_ALLUNI 2
#define VIRTIO_NET_CTRL_RX_NOMULTI 3
#define VIRTIO_NET_CTRL_RX_NOUNI 4
#define VIRTIO_NET_CTRL_RX_NOBCAST 5
#define VIRTIO_NET_CTRL_MAC 1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0
#define VIRTIO_NET_CTRL_MAC_ADDR_SET 1
#define VIRTIO_NET_CTRL_VLAN 2
#define VIRTIO_NET_CTRL_VLAN_ADD 0
#define VIRTIO_NET_CTRL_VLAN_DEL 1
#define VIRTIO_NET_CTRL_ANNOUNCE 3
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0
#define VIRTIO_NET_CTRL_MQ 4
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS 5
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0

#endif
