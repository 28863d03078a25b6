/* The guest's side of what test/guest/frames/order.h says: orders to the peer, and their answers. */
#ifndef TEST_GUEST_FRAMES_PEER_H
#define TEST_GUEST_FRAMES_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/frames/order.h"
#include "test/guest/net.h"

extern const uint8_t peer_mac[6];

/* Sends an order; the rest of *order is the caller's. False if the device does not take it. */
bool peer_tell(struct net *net, struct order *order);
/* Whether a frame is an answer to `order`: then it is copied to *answer. */
bool peer_answers(const struct net_frame *frame, const struct order *order, struct order *answer);
/* Sends an order and waits for its answer; other frames are dropped meanwhile. */
bool peer_ask(struct net *net, struct order *order, struct order *answer);
/* Whether there is a peer and frames pass both ways. */
bool peer_is_there(struct net *net);

#endif
