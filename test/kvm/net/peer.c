/* peer INTERFACE: what the guest's frames are compared by, and where those come from that it asks for
 * (test/guest/frames/order.h). It runs until it is killed, and serves one guest after another. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test/guest/frames/frame.h"
#include "test/guest/frames/order.h"
#include "test/kvm/net/packet.h"

#define ANSWER_EVERY 16
#define PATIENCE_MS 20000

static const uint8_t peer_mac[6] = ORDER_PEER_MAC;

static struct peer {
	const char *interface;
	int fd;
	struct packets *packets;
	/* Packet sockets with headers refuse UFO frames: such a stream is read from a socket without. */
	int bare_fd;
	struct packets *bare;
	struct order order; /* that is being obeyed */
	uint32_t nr_seen, total, nr_bad; /* of the stream from the guest */
	uint32_t nr_sent, nr_to_send, credit; /* of the stream to it */
	uint8_t wanted[PACKET_ROOM];
} peer;

static uint32_t nr_frames(const struct order *order)
{
	return order->last < order->first ? 0 : (order->last - order->first) / order->step + 1;
}

static void answer(const struct order *order)
{
	static const struct net_header none;
	struct order reply = *order;
	int err;

	memcpy(reply.dst, order->src, 6);
	memcpy(reply.src, peer_mac, 6);
	reply.op |= ORDER_ANSWER;
	reply.count = peer.nr_seen;
	reply.bad = peer.nr_bad;
	err = packet_send(peer.fd, &none, &reply, sizeof(reply));
	if (err < 0)
		fprintf(stderr, "peer: answering: %s\n", strerror(-err));
}

static struct frame frame_of(uint32_t n, bool from_guest)
{
	struct frame frame = { .kind = (enum frame_kind)peer.order.kind,
			       .bytes = peer.order.first + n * peer.order.step,
			       .seed = n };

	memcpy(from_guest ? frame.dst : frame.src, peer_mac, 6);
	memcpy(from_guest ? frame.src : frame.dst, peer.order.src, 6);
	return frame;
}

static bool same_header(const struct net_header *a, const struct net_header *b)
{
	return a->flags == b->flags && a->gso_type == b->gso_type && a->gso_size == b->gso_size &&
	       a->csum_start == b->csum_start && a->csum_offset == b->csum_offset;
}

/* The next frame of the stream, from the guest. */
static void compare(const struct net_header *header, const uint8_t *bytes, uint32_t len)
{
	struct frame frame = frame_of(peer.nr_seen, true);
	struct net_header wanted;

	frame_build(&frame, &wanted, peer.wanted);
	if (len != frame.bytes || !frame_same(bytes, peer.wanted, len) ||
	    (header != NULL && !same_header(header, &wanted))) {
		if (peer.nr_bad++ < 3)
			fprintf(stderr,
				"peer: %s, frame %u: %u bytes for %u, the first that differs is %zu; flags %u gso %u "
				"size "
				"%u\n",
				frame_layouts[frame.kind].name, peer.nr_seen, len, frame.bytes,
				frame_first_difference(bytes, peer.wanted, len < frame.bytes ? len : frame.bytes),
				header ? header->flags : 0, header ? header->gso_type : 0,
				header ? header->gso_size : 0);
	}
	peer.nr_seen++;
	if (peer.nr_seen == peer.total || peer.nr_seen % ANSWER_EVERY == 0)
		answer(&peer.order);
}

/* The same frames come to the other socket: they must not fill it, or the next order finds no room. */
static void throw_away(int fd)
{
	while (recv(fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == EINVAL)
		;
}

static void read_bare(void)
{
	while (peer.nr_seen < peer.total) {
		if (packets_receive(peer.bare, peer.bare_fd, PATIENCE_MS) <= 0)
			break;
		throw_away(peer.fd);
		for (unsigned int i = 0; i < peer.bare->nr && peer.nr_seen < peer.total; i++)
			compare(NULL, peer.bare->frames[i].bytes, peer.bare->frames[i].len);
	}
	close(peer.bare_fd);
	peer.total = 0;
}

static void expect(const struct order *order)
{
	peer.total = nr_frames(order);
	if (frame_layouts[order->kind].gso == NET_GSO_UDP) {
		peer.bare_fd = packet_open(peer.interface, false);
		answer(order);
		read_bare();
		return;
	}
	answer(order);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* All copies are the same frame: building it costs more than sending it. */
static void copies(const struct order *order)
{
	struct frame frame = { .kind = (enum frame_kind)order->kind, .bytes = order->first };
	struct order done = *order;
	uint64_t start = now_us();
	struct net_header header;

	memcpy(frame.src, peer_mac, 6);
	memcpy(frame.dst, order->address, 6);
	frame_build(&frame, &header, peer.wanted);
	for (uint32_t i = 0; i < order->count; i++)
		(void)packet_send(peer.fd, &header, peer.wanted, frame.bytes);
	done.window = (uint32_t)(now_us() - start);
	answer(&done);
}

/* Sends what the window allows. */
static void send_stream(void)
{
	while (peer.nr_sent < peer.nr_to_send && peer.nr_sent - peer.credit < peer.order.window) {
		struct frame frame = frame_of(peer.nr_sent, false);
		struct net_header header;
		int err;

		frame_build(&frame, &header, peer.wanted);
		err = packet_send(peer.fd, &header, peer.wanted, frame.bytes);
		if (err < 0) {
			fprintf(stderr, "peer: %s of %u bytes: %s\n", frame_layouts[frame.kind].name, frame.bytes,
				strerror(-err));
			peer.nr_bad++;
			peer.nr_to_send = 0;
			answer(&peer.order);
			return;
		}
		peer.nr_sent++;
	}
}

static void obey(const struct order *order)
{
	if (order->op == ORDER_CREDIT) {
		peer.credit = order->count;
		return;
	}
	if (order->kind >= FRAME_NR_KINDS || order->step == 0 || order->last > NET_MAX_FRAME_BYTES ||
	    order->first > NET_MAX_FRAME_BYTES)
		return;
	peer.order = *order;
	peer.nr_seen = peer.nr_bad = peer.total = peer.nr_sent = peer.nr_to_send = peer.credit = 0;
	switch (order->op) {
	case ORDER_HELLO:
		answer(order);
		break;
	case ORDER_EXPECT:
		expect(order);
		break;
	case ORDER_SEND:
		peer.nr_to_send = nr_frames(order);
		break;
	case ORDER_COPIES:
		copies(order);
		break;
	}
}

/* A frame from the guest: an order, something to send back, or one of the stream. */
static void take(const struct net_header *header, uint8_t *bytes, uint32_t len)
{
	struct order order;
	uint16_t ethertype;

	if (len < NET_ETHERNET_BYTES || memcmp(bytes, peer_mac, 6) != 0)
		return;
	ethertype = frame_get16(bytes + 12);
	if (ethertype == ORDER_ETHERTYPE && len == sizeof(order)) {
		memcpy(&order, bytes, sizeof(order));
		if (order.magic == ORDER_MAGIC)
			obey(&order);
	} else if (ethertype == ORDER_ECHO_ETHERTYPE) {
		memcpy(bytes, bytes + 6, 6);
		memcpy(bytes + 6, peer_mac, 6);
		(void)packet_send(peer.fd, header, bytes, len);
	} else if (peer.nr_seen < peer.total) {
		compare(header, bytes, len);
	}
}

int main(int argc, char **argv)
{
	int nr;

	if (argc != 2) {
		fprintf(stderr, "usage: peer INTERFACE\n");
		return 2;
	}
	peer.interface = argv[1];
	peer.fd = packet_open(peer.interface, true);
	peer.packets = packets_create(true);
	peer.bare = packets_create(false);
	if (peer.fd < 0 || peer.packets == NULL || peer.bare == NULL) {
		fprintf(stderr, "peer: %s: %s\n", peer.interface, peer.fd < 0 ? strerror(-peer.fd) : "out of memory");
		return 1;
	}
	printf("peer: ready\n");
	fflush(stdout);
	while ((nr = packets_receive(peer.packets, peer.fd, -1)) >= 0) {
		for (int i = 0; i < nr; i++)
			take(&peer.packets->frames[i].header, peer.packets->frames[i].bytes,
			     peer.packets->frames[i].len);
		send_stream();
	}
	fprintf(stderr, "peer: receiving: %s\n", strerror(-nr));
	return 1;
}
