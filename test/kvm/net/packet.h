/* Raw frames with virtio headers on a network interface: packet sockets (packet(7), PACKET_VNET_HDR). Errors are
 * negative errnos. */
#ifndef TEST_KVM_NET_PACKET_H
#define TEST_KVM_NET_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "test/guest/net.h"

#define PACKET_BATCH 32
#define PACKET_ROOM (NET_MAX_FRAME_BYTES + 4096)
/* What the kernel puts before a frame: a struct net_header without num_buffers. */
#define PACKET_HEADER_BYTES 10

/* A batch of received frames, in memory of its own. */
struct packets {
	unsigned int nr;
	struct {
		struct net_header header;
		uint8_t *bytes;
		uint32_t len;
	} frames[PACKET_BATCH];
	struct mmsghdr messages[PACKET_BATCH];
	struct iovec parts[PACKET_BATCH][2];
};

/* A socket that sees all frames that others put onto the interface; with `headers` each comes and goes with one. */
int packet_open(const char *interface, bool headers);
int packet_send(int fd, const struct net_header *header, const void *bytes, uint32_t len);
struct packets *packets_create(bool headers);
/* Waits for at least one frame: the number that came, 0 if none came within `timeout_ms`. */
int packets_receive(struct packets *packets, int fd, int timeout_ms);

#endif
