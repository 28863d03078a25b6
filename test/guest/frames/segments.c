#include "test/guest/frames/segments.h"

#include <stddef.h>

#define ETHERNET NET_ETHERNET_BYTES
#define IP4_BYTES 20
#define IP4_MORE_FRAGMENTS 0x2000
#define IP4_OFFSET 0x1fff
#define TCP 6

void segments_begin(struct segments *segments, const struct frame *frame, uint8_t *room)
{
	*segments = (struct segments){ .frame = *frame, .bytes = room };
	frame_build(frame, &segments->header, room);
}

bool segments_are_complete(const struct segments *segments)
{
	return segments->next == segments->frame.bytes;
}

/* What a header may say to a driver with these features (5.1.6.4.1). */
static const char *judge_header(const struct net_header *header, uint64_t features, unsigned int nr_buffers)
{
	static const struct {
		uint8_t gso;
		uint64_t feature;
	} rules[] = {
		{ NET_GSO_TCP4, NET_F_GUEST_TSO4 },
		{ NET_GSO_TCP6, NET_F_GUEST_TSO6 },
		{ NET_GSO_UDP, NET_F_GUEST_UFO },
		{ NET_GSO_UDP_L4, NET_F_GUEST_USO4 | NET_F_GUEST_USO6 },
	};

	if (header->num_buffers != nr_buffers)
		return "num_buffers";
	if (!(features & NET_F_GUEST_CSUM) && header->flags != 0)
		return "flags without GUEST_CSUM";
	if (header->flags & ~(NET_HEADER_NEEDS_CSUM | NET_HEADER_DATA_VALID))
		return "unknown flags";
	if ((header->gso_type & NET_GSO_ECN) && !(features & NET_F_GUEST_ECN))
		return "ECN without its feature";
	if ((header->gso_type & ~NET_GSO_ECN) == NET_GSO_NONE)
		return NULL;
	if (!(header->flags & NET_HEADER_NEEDS_CSUM) || header->gso_size == 0)
		return "segmentation without a checksum or a size";
	for (unsigned int i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((header->gso_type & ~NET_GSO_ECN) == rules[i].gso)
			return features & rules[i].feature ? NULL : "a kind of segmentation that was not agreed on";
	}
	return "an unknown kind of segmentation";
}

/* The transport's checksum: there, or announced as missing with the pseudo header's sum in its place. */
static const char *judge_checksum(const struct frame_layout *layout, const struct net_header *header,
				  const uint8_t *bytes, uint32_t len)
{
	uint32_t transport_bytes = len - layout->transport;
	uint16_t pseudo = frame_pseudo_sum(layout, bytes, transport_bytes);

	if (header->flags & NET_HEADER_NEEDS_CSUM) {
		if (header->csum_start != layout->transport || header->csum_offset != layout->checksum)
			return "where the checksum is";
		return frame_get16(bytes + layout->transport + layout->checksum) == pseudo ? NULL : "the pseudo sum";
	}
	return frame_sum(pseudo, bytes + layout->transport, transport_bytes) == 0xffff ? NULL : "the checksum";
}

static const char *take_whole(const struct segments *segments, const struct net_frame *received)
{
	const struct frame_layout *layout = &frame_layouts[segments->frame.kind];
	const struct net_header *sent = &segments->header, *got = &received->header;
	uint32_t checksum = layout->transport + layout->checksum;

	if (got->gso_type != sent->gso_type || got->gso_size != sent->gso_size)
		return "what the header says of segments";
	if (layout->ip == 0)
		return got->flags & NET_HEADER_NEEDS_CSUM			      ? "a checksum where there is none"
		       : frame_same(received->data, segments->bytes, received->bytes) ? NULL
										      : "the bytes";
	if (!frame_same(received->data, segments->bytes, checksum) ||
	    !frame_same(received->data + checksum + 2, segments->bytes + checksum + 2, received->bytes - checksum - 2))
		return "the bytes";
	return judge_checksum(layout, got, received->data, received->bytes);
}

/* The part of the frame that begins at `next` and has headers of its own. */
static const char *take_segment(struct segments *segments, const struct net_frame *received)
{
	const struct frame_layout *layout = &frame_layouts[segments->frame.kind];
	const uint8_t *bytes = received->data;
	uint32_t payload, length;

	if (segments->next == 0)
		segments->next = layout->payload;
	if (received->bytes <= layout->payload)
		return "a segment without payload";
	payload = received->bytes - layout->payload;
	length = layout->ip == 4 ? frame_get16(bytes + ETHERNET + 2) : frame_get16(bytes + ETHERNET + 4) + 40u;
	if (length != received->bytes - ETHERNET)
		return "a segment's length in its IP header";
	if (layout->ip == 4 && frame_sum(0, bytes + ETHERNET, IP4_BYTES) != 0xffff)
		return "a segment's IP checksum";
	if (payload > segments->frame.bytes - segments->next ||
	    (payload != segments->header.gso_size && payload != segments->frame.bytes - segments->next))
		return "a segment's size";
	if (layout->protocol == TCP &&
	    frame_get32(bytes + layout->transport + 4) != segments->frame.seed + segments->next - layout->payload)
		return "a segment's sequence number";
	if (!frame_same(bytes + layout->payload, segments->bytes + segments->next, payload))
		return "a segment's bytes";
	segments->next += payload;
	return judge_checksum(layout, &received->header, bytes, received->bytes);
}

/* A part of the datagram, as IP cuts it: only the first has the transport's header. */
static const char *take_fragment(struct segments *segments, const struct net_frame *received)
{
	const struct frame_layout *layout = &frame_layouts[segments->frame.kind];
	const uint8_t *ip = received->data + ETHERNET;
	uint32_t payload = received->bytes - layout->transport, skip = 0;
	uint16_t place = frame_get16(ip + 6);
	uint8_t *checksum = segments->bytes + layout->transport + layout->checksum;

	if (segments->next == 0) {
		segments->next = layout->transport;
		skip = layout->payload - layout->transport;
		segments->checksum = frame_get16(received->data + layout->transport + layout->checksum);
	}
	if (frame_get16(ip + 2) != received->bytes - ETHERNET || frame_sum(0, ip, IP4_BYTES) != 0xffff)
		return "a fragment's IP header";
	if ((place & IP4_OFFSET) * 8u != segments->next - layout->transport ||
	    payload > segments->frame.bytes - segments->next)
		return "a fragment's place";
	if (!frame_same(received->data + layout->transport + skip, segments->bytes + segments->next + skip,
			payload - skip))
		return "a fragment's bytes";
	segments->next += payload;
	if (((place & IP4_MORE_FRAGMENTS) == 0) != segments_are_complete(segments))
		return "a fragment that says wrongly whether it is the last";
	if (!segments_are_complete(segments))
		return NULL;
	frame_put16(checksum, segments->checksum);
	return judge_checksum(layout, &(struct net_header){ 0 }, segments->bytes, segments->frame.bytes);
}

const char *segments_take(struct segments *segments, uint64_t features, const struct net_frame *received)
{
	const struct frame_layout *layout = &frame_layouts[segments->frame.kind];
	const char *wrong;

	if (received->nr_buffers == 0)
		return "its buffers";
	wrong = judge_header(&received->header, features, received->nr_buffers);
	if (wrong != NULL)
		return wrong;
	if (segments->next == 0 && received->bytes == segments->frame.bytes) {
		segments->next = segments->frame.bytes;
		return take_whole(segments, received);
	}
	if (segments->header.gso_type == NET_GSO_NONE || received->header.gso_type != NET_GSO_NONE)
		return "its length";
	if (received->bytes <= (segments->next == 0 ? layout->payload : layout->transport))
		return "a segment's length";
	return layout->gso == NET_GSO_UDP ? take_fragment(segments, received) : take_segment(segments, received);
}
