/* A virtio-net driver (virtio 1.2, 5.1): pairs of queues whose buffers lie in fixed slots, and the control queue. */
#ifndef TEST_GUEST_NET_H
#define TEST_GUEST_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/virtio.h"

#define NET_MAX_PAIRS 8
#define NET_QUEUE_SIZE 256
#define NET_HEADER_BYTES 12
#define NET_ETHERNET_BYTES 14
/* The longest frame that this driver hands over, and the receive buffer that is enough for any (5.1.6.3.1). */
#define NET_MAX_FRAME_BYTES 65562
#define NET_BIG_BUFFER_BYTES 65562

#define NET_F_CSUM (UINT64_C(1) << 0)
#define NET_F_GUEST_CSUM (UINT64_C(1) << 1)
#define NET_F_CTRL_GUEST_OFFLOADS (UINT64_C(1) << 2)
#define NET_F_MTU (UINT64_C(1) << 3)
#define NET_F_MAC (UINT64_C(1) << 5)
#define NET_F_GUEST_TSO4 (UINT64_C(1) << 7)
#define NET_F_GUEST_TSO6 (UINT64_C(1) << 8)
#define NET_F_GUEST_ECN (UINT64_C(1) << 9)
#define NET_F_GUEST_UFO (UINT64_C(1) << 10)
#define NET_F_HOST_TSO4 (UINT64_C(1) << 11)
#define NET_F_HOST_TSO6 (UINT64_C(1) << 12)
#define NET_F_HOST_ECN (UINT64_C(1) << 13)
#define NET_F_HOST_UFO (UINT64_C(1) << 14)
#define NET_F_MRG_RXBUF (UINT64_C(1) << 15)
#define NET_F_STATUS (UINT64_C(1) << 16)
#define NET_F_CTRL_VQ (UINT64_C(1) << 17)
#define NET_F_CTRL_RX (UINT64_C(1) << 18)
#define NET_F_CTRL_VLAN (UINT64_C(1) << 19)
#define NET_F_CTRL_RX_EXTRA (UINT64_C(1) << 20)
#define NET_F_GUEST_ANNOUNCE (UINT64_C(1) << 21)
#define NET_F_MQ (UINT64_C(1) << 22)
#define NET_F_CTRL_MAC_ADDR (UINT64_C(1) << 23)
#define NET_F_GUEST_USO4 (UINT64_C(1) << 54)
#define NET_F_GUEST_USO6 (UINT64_C(1) << 55)
#define NET_F_HOST_USO (UINT64_C(1) << 56)

#define NET_GUEST_OFFLOADS                                                                                             \
	(NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_GUEST_ECN | NET_F_GUEST_UFO |                  \
	 NET_F_GUEST_USO4 | NET_F_GUEST_USO6)
#define NET_HOST_OFFLOADS                                                                                              \
	(NET_F_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_HOST_ECN | NET_F_HOST_UFO | NET_F_HOST_USO)

/* Offsets in the device configuration (5.1.4). */
#define NET_CONFIG_MAC 0x00
#define NET_CONFIG_STATUS 0x06
#define NET_CONFIG_MAX_PAIRS 0x08
#define NET_CONFIG_MTU 0x0a
#define NET_STATUS_LINK_UP 1
#define NET_STATUS_ANNOUNCE 2

/* struct virtio_net_hdr, with num_buffers */
struct net_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};
_Static_assert(sizeof(struct net_header) == NET_HEADER_BYTES, "virtio 1.2, 5.1.6");

#define NET_HEADER_NEEDS_CSUM 1
#define NET_HEADER_DATA_VALID 2

enum net_gso {
	NET_GSO_NONE = 0,
	NET_GSO_TCP4 = 1,
	NET_GSO_UDP = 3,
	NET_GSO_TCP6 = 4,
	NET_GSO_UDP_L4 = 5,
	NET_GSO_ECN = 0x80,
};

/* Control commands (5.1.6.5). */
enum net_control_class {
	NET_CONTROL_RX = 0,
	NET_CONTROL_MAC = 1,
	NET_CONTROL_VLAN = 2,
	NET_CONTROL_ANNOUNCE = 3,
	NET_CONTROL_MQ = 4,
	NET_CONTROL_OFFLOADS = 5,
};
#define NET_RX_PROMISCUOUS 0
#define NET_RX_ALLMULTI 1
#define NET_RX_ALLUNI 2
#define NET_RX_NOMULTI 3
#define NET_RX_NOUNI 4
#define NET_RX_NOBROADCAST 5
#define NET_MAC_TABLE_SET 0
#define NET_MAC_ADDR_SET 1
#define NET_VLAN_ADD 0
#define NET_VLAN_DEL 1
#define NET_ANNOUNCE_ACK 0
#define NET_MQ_PAIRS_SET 0
#define NET_OFFLOADS_SET 0
#define NET_CONTROL_OK 0
#define NET_CONTROL_ERROR 1
#define NET_CONTROL_PENDING 0xff /* what the driver puts there first */

struct net_queue {
	struct virtqueue vq;
	uint8_t *slots; /* one for each head */
	uint32_t slot_bytes;
	uint8_t vector; /* 0: polled */
};

struct net {
	struct virtio_device dev;
	uint8_t mac[6];
	unsigned int max_pairs; /* as the device tells */
	unsigned int nr_pairs; /* in use */
	uint32_t rx_bytes; /* of a receive buffer, header included */
	struct net_queue rx[NET_MAX_PAIRS], tx[NET_MAX_PAIRS];
	struct net_queue control;
	uint8_t config_vector;
	uint8_t *flat; /* where a frame of several buffers is put together */
};

struct net_options {
	uint64_t features;
	unsigned int nr_pairs; /* 0: one */
	uint32_t rx_bytes; /* 0: NET_BIG_BUFFER_BYTES */
	uint16_t queue_size; /* at most; 0: NET_QUEUE_SIZE */
	bool interrupts; /* receive queues and configuration changes have vectors */
};

/* A received frame. It stays where it is until net_recycle(); there is one at a time. */
struct net_frame {
	struct net_header header;
	uint8_t *data;
	uint32_t bytes; /* without the header */
	unsigned int nr_buffers; /* 0: the device broke a rule */
};

/* Brings up the n-th NIC with those of the features that it offers and its receive queues full. False if there is none.
 */
bool net_open(struct net *net, unsigned int n, const struct net_options *options);
/* The same up to the point where queues are made, for those who make their own. */
bool net_negotiate(struct net *net, unsigned int n, uint64_t features);

/* The slot of the next frame to send: room for the header and NET_MAX_FRAME_BYTES. NULL while the queue is full. */
uint8_t *net_tx_slot(struct net_queue *tx);
/* Adds the slot's first `bytes`, header included, in `nr_segments` (at least 1) descriptors, without notifying. */
void net_tx_add(struct net_queue *tx, uint32_t bytes, unsigned int nr_segments);
/* Copies one frame into a slot, notifies, and waits until the device has used it: false if that takes too long. */
bool net_send(struct net_queue *tx, const struct net_header *header, const void *frame, uint32_t bytes);

/* The next received frame; false if there is none. */
bool net_receive(struct net *net, unsigned int pair, struct net_frame *frame);
/* The same, waiting for it at most `cycles`; by interrupts if the queue has them. */
bool net_wait(struct net *net, unsigned int pair, struct net_frame *frame, uint64_t cycles);
/* Gives the last frame's buffers back to the device. */
void net_recycle(struct net *net, unsigned int pair);

/* One command on the control queue, waited for: the acknowledgement, NET_CONTROL_PENDING if there was none. */
uint8_t net_control(struct net *net, uint8_t class, uint8_t command, const void *data, uint32_t bytes);
/* The same with its readable part in pieces of at most `piece` bytes (0: header and data apart). */
uint8_t net_control_in_pieces(struct net *net, uint8_t class, uint8_t command, const void *data, uint32_t bytes,
			      uint32_t piece);

#endif
