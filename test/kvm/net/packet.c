#include "test/kvm/net/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define RECEIVE_BUFFER_BYTES (128 << 20)

int packet_open(const char *interface, bool headers)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int on = 1, bytes = RECEIVE_BUFFER_BYTES, fd, err;

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (address.sll_ifindex == 0)
		return -errno;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if ((headers && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err = errno;
		close(fd);
		return -err;
	}
	return fd;
}

int packet_send(int fd, const struct net_header *header, const void *bytes, uint32_t len)
{
	struct iovec parts[2] = { { (void *)(uintptr_t)header, PACKET_HEADER_BYTES },
				  { (void *)(uintptr_t)bytes, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

struct packets *packets_create(bool headers)
{
	struct packets *packets = calloc(1, sizeof(*packets));
	uint8_t *memory = malloc((size_t)PACKET_BATCH * PACKET_ROOM);

	if (packets == NULL || memory == NULL) {
		free(packets);
		free(memory);
		return NULL;
	}
	for (unsigned int i = 0; i < PACKET_BATCH; i++) {
		packets->frames[i].bytes = memory + (size_t)i * PACKET_ROOM;
		packets->parts[i][0] = (struct iovec){ &packets->frames[i].header, PACKET_HEADER_BYTES };
		packets->parts[i][1] = (struct iovec){ packets->frames[i].bytes, PACKET_ROOM };
		packets->messages[i].msg_hdr.msg_iov = &packets->parts[i][headers ? 0 : 1];
		packets->messages[i].msg_hdr.msg_iovlen = headers ? 2 : 1;
	}
	return packets;
}

int packets_receive(struct packets *packets, int fd, int timeout_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	uint32_t before = packets->messages[0].msg_hdr.msg_iovlen == 2 ? PACKET_HEADER_BYTES : 0;
	int nr = poll(&ready, 1, timeout_ms);

	packets->nr = 0;
	if (nr <= 0)
		return nr < 0 && errno != EINTR ? -errno : 0;
	nr = recvmmsg(fd, packets->messages, PACKET_BATCH, MSG_DONTWAIT, NULL);
	/* EINVAL is the kernel's answer to a frame that no header can describe: it is dropped. So is none at all. */
	if (nr < 0)
		return errno == EINVAL || errno == EAGAIN || errno == ENETDOWN ? 0 : -errno;
	packets->nr = (unsigned int)nr;
	for (int i = 0; i < nr; i++)
		packets->frames[i].len = packets->messages[i].msg_len - before;
	return nr;
}
