#include "virtio/dev/net_rx_ahead.h"

#include <errno.h>
#include <stdlib.h>

/* Between the slots: the largest frame, and as much as it takes for those of usual size to begin in different places of
 * a page, so that they don't drive each other out of the cache. Only what frames fill of it is ever touched. */
#define SLOT_BYTES (65536 + 1664)

#define MEMORY_BYTES ((size_t)NET_RX_AHEAD_SLOTS * SLOT_BYTES)

_Static_assert(SLOT_BYTES >= NET_HEADER_BYTES + NET_MAX_FRAME_BYTES, "a slot holds any frame");
_Static_assert(NET_RX_AHEAD_SLOTS <= NET_MAX_SLOTS, "one call fills them");

int net_rx_ahead_init(struct net_rx_ahead *ahead)
{
	uint8_t *memory = malloc(MEMORY_BYTES);

	if (!memory)
		return -ENOMEM;
	*ahead = (struct net_rx_ahead){ .nr_expected = 1 };
	for (unsigned int i = 0; i < NET_RX_AHEAD_SLOTS; i++)
		ahead->slots[i].bytes = memory + (size_t)i * SLOT_BYTES;
	return 0;
}

void net_rx_ahead_fini(struct net_rx_ahead *ahead)
{
	free(ahead->slots[0].bytes);
	*ahead = (struct net_rx_ahead){ 0 };
}

void net_rx_ahead_drop(struct net_rx_ahead *ahead)
{
	ahead->next = ahead->end;
}

/* Empty slots are skipped as soon as they come to the front. */
static void skip_empty(struct net_rx_ahead *ahead)
{
	while (ahead->next < ahead->end && ahead->slots[ahead->next].nr_bytes == 0)
		ahead->next++;
}

bool net_rx_ahead_waits(const struct net_rx_ahead *ahead)
{
	return ahead->next < ahead->end;
}

static void receive(struct net_rx_ahead *ahead, struct net_backend *backend, unsigned int pair)
{
	unsigned int asked = ahead->nr_expected;
	unsigned int nr;

	/* So many have come in one go that there may be more. The backend may have been connected anew since. */
	if (asked == NET_RX_AHEAD_SLOTS)
		net_backend_hold_slots(backend, pair, ahead->slots[0].bytes, MEMORY_BYTES);
	nr = net_backend_receive_many(backend, pair, ahead->slots, asked);

	ahead->next = 0;
	ahead->end = asked;
	ahead->drained = nr < asked;
	if (nr == asked)
		ahead->nr_expected = 2 * nr < NET_RX_AHEAD_SLOTS ? 2 * nr : NET_RX_AHEAD_SLOTS;
	else
		ahead->nr_expected = nr > 0 ? nr : 1;
	skip_empty(ahead);
}

uint32_t net_rx_ahead_next(struct net_rx_ahead *ahead, struct net_backend *backend, unsigned int pair, uint8_t **bytes)
{
	const struct net_slot *slot;

	if (!net_rx_ahead_waits(ahead) && !ahead->drained)
		receive(ahead, backend, pair);
	if (!net_rx_ahead_waits(ahead)) {
		ahead->drained = false;
		return 0;
	}
	slot = &ahead->slots[ahead->next++];
	skip_empty(ahead);
	*bytes = slot->bytes;
	return slot->nr_bytes;
}

uint8_t *net_rx_ahead_room(struct net_rx_ahead *ahead)
{
	ahead->drained = false;
	return ahead->slots[0].bytes;
}
