#include "virtio/dev/net_rx_held.h"

#include <string.h>

void net_rx_held_drop(struct net_rx *rx)
{
	rx->first = 0;
	rx->nr = 0;
	rx->first_iov = 0;
	rx->nr_iov = 0;
	rx->nr_bytes = 0;
	rx->frame_bytes = 0;
}

/* Moves the windows to the front of their arrays if need be. Whether there is room then for one more buffer, and for
 * the overflow's segment. */
bool net_rx_held_room(struct net_rx *rx)
{
	unsigned int size = rx->queue.vq.size;
	unsigned int chain = size + GUEST_MEMORY_MAX_REGIONS;

	if (rx->nr == size || rx->nr_iov + chain + 1 > NET_RX_MAX_SEGMENTS)
		return false;
	if (rx->first + rx->nr == NET_QUEUE_MAX_SIZE) {
		memmove(rx->buffers, &rx->buffers[rx->first], rx->nr * sizeof(rx->buffers[0]));
		rx->first = 0;
	}
	if (rx->first_iov + rx->nr_iov + chain + 1 > NET_RX_MAX_SEGMENTS) {
		memmove(rx->iov, net_rx_held_iov(rx), rx->nr_iov * sizeof(rx->iov[0]));
		rx->first_iov = 0;
	}
	return true;
}

bool net_rx_hold(struct net_rx *rx)
{
	struct virtq_chain chain = { .iov = net_rx_held_iov(rx) + rx->nr_iov, .max_iov = NET_CHAIN_MAX_SEGMENTS };

	if (!virtio_queue_pop(&rx->queue, &chain))
		return false;
	if (chain.readable.nr_iov > 0 || chain.writable.nr_bytes < NET_HEADER_BYTES) {
		virtio_queue_push(&rx->queue, chain.head, 0);
		virtio_queue_break(&rx->queue, "a receive buffer can't hold a header, or is not to be written");
		return false;
	}
	/* No frame needs more of it. */
	if (chain.writable.nr_bytes > NET_RX_OVERFLOW_BYTES)
		chain.writable.nr_bytes = NET_RX_OVERFLOW_BYTES;
	rx->buffers[rx->first + rx->nr] = (struct net_rx_buffer){
		.head = chain.head,
		.nr_iov = (uint16_t)chain.writable.nr_iov,
		.nr_bytes = (uint32_t)chain.writable.nr_bytes,
	};
	rx->nr++;
	rx->nr_iov += chain.writable.nr_iov;
	rx->nr_bytes += (uint32_t)chain.writable.nr_bytes;
	return true;
}

void net_rx_held_copy(struct net_rx *rx, uint32_t at, void *bytes, size_t len, bool in)
{
	struct iovec *iov = net_rx_held_iov(rx);
	uint8_t *other = bytes;

	while (len > 0) {
		size_t here;

		if (at >= iov->iov_len) {
			at -= (uint32_t)iov->iov_len;
			iov++;
			continue;
		}
		here = iov->iov_len - at < len ? iov->iov_len - at : len;
		if (in)
			memcpy((uint8_t *)iov->iov_base + at, other, here);
		else
			memcpy(other, (const uint8_t *)iov->iov_base + at, here);
		other += here;
		len -= here;
		at += (uint32_t)here;
	}
}
