#include "test/guest/frames/frame.h"

#define ETHERNET NET_ETHERNET_BYTES
#define IP4_BYTES 20
#define IP6_BYTES 40
#define TCP_BYTES 20
#define UDP_BYTES 8
#define TCP 6
#define UDP 17
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6
#define MAX_IP4_BYTES 65535
#define MAX_SEGMENTS 60 /* Linux lets a UDP segmentation have 128, older ones 64 */

#define WITH_TCP4(name, gso) name, 4, TCP, gso, ETHERNET + IP4_BYTES, TCP_CHECKSUM, ETHERNET + IP4_BYTES + TCP_BYTES
#define WITH_TCP6(name, gso) name, 6, TCP, gso, ETHERNET + IP6_BYTES, TCP_CHECKSUM, ETHERNET + IP6_BYTES + TCP_BYTES
#define WITH_UDP4(name, gso) name, 4, UDP, gso, ETHERNET + IP4_BYTES, UDP_CHECKSUM, ETHERNET + IP4_BYTES + UDP_BYTES
#define WITH_UDP6(name, gso) name, 6, UDP, gso, ETHERNET + IP6_BYTES, UDP_CHECKSUM, ETHERNET + IP6_BYTES + UDP_BYTES

const struct frame_layout frame_layouts[FRAME_NR_KINDS] = {
	[FRAME_PLAIN] = { "plain", 0, 0, NET_GSO_NONE, 0, 0, ETHERNET },
	[FRAME_TCP4] = { WITH_TCP4("tcp4", NET_GSO_NONE) },
	[FRAME_UDP6] = { WITH_UDP6("udp6", NET_GSO_NONE) },
	[FRAME_TSO4] = { WITH_TCP4("tso4", NET_GSO_TCP4) },
	[FRAME_TSO4_ECN] = { WITH_TCP4("tso4-ecn", NET_GSO_TCP4 | NET_GSO_ECN) },
	[FRAME_TSO6] = { WITH_TCP6("tso6", NET_GSO_TCP6) },
	[FRAME_UFO4] = { WITH_UDP4("ufo4", NET_GSO_UDP) },
	[FRAME_USO4] = { WITH_UDP4("uso4", NET_GSO_UDP_L4) },
	[FRAME_USO6] = { WITH_UDP6("uso6", NET_GSO_UDP_L4) },
};

uint32_t frame_least(enum frame_kind kind)
{
	return frame_layouts[kind].payload;
}

uint32_t frame_most(enum frame_kind kind)
{
	return frame_layouts[kind].ip == 4 ? ETHERNET + MAX_IP4_BYTES : NET_MAX_FRAME_BYTES;
}

/* Words that differ from frame to frame and from place to place, at an addition each. */
static void fill(uint8_t *bytes, uint32_t len, uint32_t seed)
{
	uint64_t word = (seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i;

	for (i = 0; i + 8 <= len; i += 8, word += UINT64_C(0xc2b2ae3d27d4eb4f))
		__builtin_memcpy(bytes + i, &word, 8);
	for (; i < len; i++, word >>= 8)
		bytes[i] = (uint8_t)word;
}

uint16_t frame_sum(uint16_t sum, const uint8_t *bytes, size_t len)
{
	uint64_t total = __builtin_bswap16(sum);
	size_t i;

	/* In the byte order of memory, which the fold turns round at the end (RFC 1071, 2 (B)). */
	for (i = 0; i + 4 <= len; i += 4) {
		uint32_t word;

		__builtin_memcpy(&word, bytes + i, 4);
		total += word;
	}
	for (; i < len; i++)
		total += (uint64_t)bytes[i] << (8 * (i & 1));
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return __builtin_bswap16((uint16_t)total);
}

uint16_t frame_pseudo_sum(const struct frame_layout *layout, const uint8_t *bytes, uint32_t len)
{
	uint8_t tail[8] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0,
			    layout->protocol };
	const uint8_t *ip = bytes + ETHERNET;
	uint16_t sum = layout->ip == 4 ? frame_sum(0, ip + 12, 8) : frame_sum(0, ip + 8, 32);

	return frame_sum(sum, tail, sizeof(tail));
}

static void put_ip4(uint8_t *ip, const struct frame *frame, const struct frame_layout *layout)
{
	static const uint8_t addresses[8] = { 192, 0, 2, 1, 192, 0, 2, 2 }; /* RFC 5737 */

	ip[0] = 0x45;
	ip[1] = 0;
	frame_put16(ip + 2, frame->bytes - ETHERNET);
	frame_put16(ip + 4, frame->seed);
	frame_put16(ip + 6, 0);
	ip[8] = 64;
	ip[9] = layout->protocol;
	frame_put16(ip + 10, 0);
	__builtin_memcpy(ip + 12, addresses, sizeof(addresses));
	frame_put16(ip + 10, (uint16_t)~frame_sum(0, ip, IP4_BYTES));
}

static void put_ip6(uint8_t *ip, const struct frame *frame, const struct frame_layout *layout)
{
	static const uint8_t prefix[8] = { 0x20, 0x01, 0x0d, 0xb8 }; /* RFC 3849 */

	for (unsigned int i = 0; i < IP6_BYTES; i++)
		ip[i] = 0;
	ip[0] = 0x60;
	frame_put16(ip + 4, frame->bytes - ETHERNET - IP6_BYTES);
	ip[6] = layout->protocol;
	ip[7] = 64;
	__builtin_memcpy(ip + 8, prefix, sizeof(prefix));
	__builtin_memcpy(ip + 24, prefix, sizeof(prefix));
	ip[23] = 1;
	ip[39] = 2;
}

static void put_transport(uint8_t *at, const struct frame *frame, const struct frame_layout *layout)
{
	frame_put16(at, 4000);
	frame_put16(at + 2, 5000);
	if (layout->protocol == UDP) {
		frame_put16(at + 4, frame->bytes - layout->transport);
		return;
	}
	frame_put16(at + 4, frame->seed >> 16);
	frame_put16(at + 6, frame->seed);
	frame_put16(at + 8, 0);
	frame_put16(at + 10, 0);
	at[12] = TCP_BYTES / 4 << 4;
	at[13] = layout->gso & NET_GSO_ECN ? 0x90 : 0x10; /* ACK, and CWR */
	frame_put16(at + 14, 0xffff);
	frame_put16(at + 18, 0);
}

static void put_header(struct net_header *header, const struct frame *frame, const struct frame_layout *layout)
{
	static const uint16_t sizes[] = { 1448, 536, 1000, 8192 }; /* of eights, as IP's fragments are */
	uint32_t payload = frame->bytes - layout->payload, size = sizes[frame->seed % 4];

	*header = (struct net_header){ 0 };
	if (layout->ip == 0)
		return;
	header->flags = NET_HEADER_NEEDS_CSUM;
	header->csum_start = layout->transport;
	header->csum_offset = layout->checksum;
	if (layout->protocol == UDP && size < payload / MAX_SEGMENTS)
		size = 8192;
	if (layout->gso == NET_GSO_NONE || payload <= size)
		return; /* what fits into one segment is none */
	header->gso_type = layout->gso;
	header->gso_size = (uint16_t)size;
	header->hdr_len = layout->payload;
}

void frame_build(const struct frame *frame, struct net_header *header, uint8_t *bytes)
{
	const struct frame_layout *layout = &frame_layouts[frame->kind];

	put_header(header, frame, layout);
	fill(bytes, frame->bytes, frame->seed);
	if (frame->bytes < ETHERNET)
		return;
	__builtin_memcpy(bytes, frame->dst, 6);
	__builtin_memcpy(bytes + 6, frame->src, 6);
	frame_put16(bytes + 12, layout->ip == 4 ? 0x0800 : layout->ip == 6 ? 0x86dd : FRAME_ETHERTYPE);
	if (layout->ip == 0)
		return;
	if (layout->ip == 4)
		put_ip4(bytes + ETHERNET, frame, layout);
	else
		put_ip6(bytes + ETHERNET, frame, layout);
	put_transport(bytes + layout->transport, frame, layout);
	frame_put16(bytes + layout->transport + layout->checksum,
		    frame_pseudo_sum(layout, bytes, frame->bytes - layout->transport));
}

bool frame_same(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t differs = 0, x, y;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		__builtin_memcpy(&x, a + i, 8);
		__builtin_memcpy(&y, b + i, 8);
		differs |= x ^ y;
	}
	for (; i < len; i++)
		differs |= a[i] ^ b[i];
	return differs == 0;
}

size_t frame_first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}
