#include "test/guest/frames/stream.h"

#include <stddef.h>

#include "test/guest/cpu.h"
#include "test/guest/frames/peer.h"
#include "test/guest/frames/segments.h"
#include "test/guest/pages.h"
#include "test/guest/serial.h"
#include "test/guest/text.h"

#define PATIENCE_CYCLES (UINT64_C(10) << 30) /* some seconds */
#define ROOM_PAGES 18
#define KICK_EVERY 8

static bool failed(const char *direction, const struct stream *stream, uint32_t n, const char *why)
{
	print("frames: %s %s of %u to %u bytes, frame %u (%u bytes): %s\n", direction, frame_layouts[stream->kind].name,
	      stream->first, stream->last, n, stream->first + n * stream->step, why);
	return false;
}

static struct order order_of(const struct stream *stream, enum order_op op)
{
	return (struct order){
		.op = op,
		.kind = stream->kind,
		.first = stream->first,
		.last = stream->last,
		.step = stream->step,
		.window = stream->window,
	};
}

static uint32_t nr_frames(const struct stream *stream)
{
	return stream->last < stream->first ? 0 : (stream->last - stream->first) / stream->step + 1;
}

static void send_one(struct net *net, const struct stream *stream, uint32_t n, uint8_t *slot)
{
	struct frame frame = { .kind = stream->kind, .bytes = stream->first + n * stream->step, .seed = n };

	memcpy(frame.dst, peer_mac, 6);
	memcpy(frame.src, net->mac, 6);
	frame_build(&frame, (struct net_header *)slot, slot + NET_HEADER_BYTES);
	/* As one descriptor, as header and frame apart or with both cut anywhere. */
	net_tx_add(&net->tx[0], NET_HEADER_BYTES + frame.bytes, 1 + n % 5);
	if (n % KICK_EVERY == 0)
		virtqueue_kick(&net->tx[0].vq);
}

bool stream_send(struct net *net, const struct stream *stream)
{
	struct order order = order_of(stream, ORDER_EXPECT), answer = { 0 };
	uint32_t nr = nr_frames(stream), sent = 0;
	uint64_t progress = tsc_read();
	struct net_frame received;

	if (!peer_ask(net, &order, &answer))
		return failed("sent", stream, 0, "the peer does not answer");
	while (answer.count < nr) {
		uint8_t *slot = sent < nr && sent - answer.count < stream->window ? net_tx_slot(&net->tx[0]) : NULL;

		if (slot != NULL) {
			send_one(net, stream, sent++, slot);
			progress = tsc_read();
			continue;
		}
		virtqueue_kick(&net->tx[0].vq);
		if (tsc_read() - progress > PATIENCE_CYCLES)
			return failed("sent", stream, answer.count, "it did not arrive");
		for (unsigned int pair = 0; pair < net->nr_pairs; pair++) {
			if (!net_receive(net, pair, &received))
				continue;
			if (peer_answers(&received, &order, &answer))
				progress = tsc_read();
			net_recycle(net, pair);
		}
	}
	return answer.bad == 0 || failed("sent", stream, answer.bad, "frames so many that the peer saw differ");
}

static bool receive(struct net *net, const struct stream *stream)
{
	static uint8_t *room;
	struct order order = order_of(stream, ORDER_SEND), credit = { .op = ORDER_CREDIT }, answer;
	uint32_t nr = nr_frames(stream), done = 0;
	uint64_t progress = tsc_read();
	struct segments segments = { 0 };
	struct net_frame received;

	if (room == NULL)
		room = pages_alloc(ROOM_PAGES);
	if (!peer_tell(net, &order))
		return failed("received", stream, 0, "the order did not go");
	while (done < nr) {
		const char *wrong;

		if (!net_receive(net, 0, &received)) {
			if (tsc_read() - progress > PATIENCE_CYCLES)
				return failed("received", stream, done, "it did not come");
			cpu_pause();
			continue;
		}
		progress = tsc_read();
		if (peer_answers(&received, &order, &answer))
			return failed("received", stream, done, "the peer could not send");
		if (segments.bytes == NULL || segments_are_complete(&segments)) {
			struct frame frame = { .kind = stream->kind,
					       .bytes = stream->first + done * stream->step,
					       .seed = done };

			memcpy(frame.dst, net->mac, 6);
			memcpy(frame.src, peer_mac, 6);
			segments_begin(&segments, &frame, room);
		}
		wrong = segments_take(&segments, net->dev.features, &received);
		net_recycle(net, 0);
		if (wrong != NULL)
			return failed("received", stream, done, wrong);
		if (!segments_are_complete(&segments))
			continue;
		credit.count = ++done;
		if ((done % ((stream->window + 1) / 2) == 0 || done == nr) && !peer_tell(net, &credit))
			return failed("received", stream, done, "a credit did not go");
	}
	return true;
}

bool stream_receive(struct net *net, const struct stream *stream)
{
	if (receive(net, stream))
		return true;
	(void)peer_is_there(net); /* what is still on its way does not belong to the next stream */
	return false;
}
