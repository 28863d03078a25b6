#include "test/guest/frames/peer.h"

#include "test/guest/cpu.h"
#include "test/guest/frames/frame.h"
#include "test/guest/text.h"

#define ANSWER_CYCLES (UINT64_C(5) << 30) /* some seconds */
#define HELLO_CYCLES (UINT64_C(1) << 28)
#define HELLO_ROUNDS 40

const uint8_t peer_mac[6] = ORDER_PEER_MAC;

bool peer_tell(struct net *net, struct order *order)
{
	static const struct net_header none;
	static uint32_t number;

	memcpy(order->dst, peer_mac, 6);
	memcpy(order->src, net->mac, 6);
	frame_put16((uint8_t *)&order->ethertype, ORDER_ETHERTYPE);
	order->magic = ORDER_MAGIC;
	order->number = order->op == ORDER_CREDIT ? number : ++number;
	if (order->step == 0)
		order->step = 1;
	return net_send(&net->tx[0], &none, order, sizeof(*order));
}

bool peer_answers(const struct net_frame *frame, const struct order *order, struct order *answer)
{
	if (frame->nr_buffers == 0 || frame->bytes != sizeof(*answer) ||
	    frame_get16(frame->data + 12) != ORDER_ETHERTYPE)
		return false;
	memcpy(answer, frame->data, sizeof(*answer));
	return answer->magic == ORDER_MAGIC && answer->op == (order->op | ORDER_ANSWER) &&
	       answer->number == order->number;
}

static bool ask_within(struct net *net, struct order *order, struct order *answer, uint64_t cycles)
{
	struct net_frame frame;

	if (!peer_tell(net, order))
		return false;
	for (uint64_t start = tsc_read(); tsc_read() - start < cycles; cpu_pause()) {
		for (unsigned int pair = 0; pair < net->nr_pairs; pair++) {
			bool answered;

			if (!net_receive(net, pair, &frame))
				continue;
			answered = peer_answers(&frame, order, answer);
			net_recycle(net, pair);
			if (answered)
				return true;
		}
	}
	return false;
}

bool peer_ask(struct net *net, struct order *order, struct order *answer)
{
	return ask_within(net, order, answer, ANSWER_CYCLES);
}

/* The peer may have begun later, and its interface come up when the device was ready. */
bool peer_is_there(struct net *net)
{
	for (unsigned int i = 0; i < HELLO_ROUNDS; i++) {
		struct order hello = { .op = ORDER_HELLO }, answer;

		if (ask_within(net, &hello, &answer, HELLO_CYCLES))
			return true;
	}
	return false;
}
