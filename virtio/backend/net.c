#include "virtio/backend/net.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "virtio/backend/net_ops.h"

void net_backend_close(struct net_backend *backend)
{
	if (backend)
		backend->ops->close(backend);
}

const char *net_backend_description(const struct net_backend *backend)
{
	return backend->description;
}

unsigned int net_backend_nr_pairs(const struct net_backend *backend)
{
	return backend->nr_pairs;
}

void net_backend_set_owner(struct net_backend *backend, const struct net_owner_ops *ops, void *arg)
{
	backend->owner_ops = ops;
	backend->owner_arg = arg;
}

int net_backend_attach(struct net_backend *backend, struct loop *const *loops, unsigned int nr,
		       const struct net_user_ops *ops, void *arg)
{
	int rc;

	for (unsigned int i = 0; i < backend->nr_pairs; i++)
		backend->loops[i] = loops[i < nr ? i : 0];
	backend->user_ops = ops;
	backend->user_arg = arg;
	rc = backend->ops->attach(backend);
	if (rc < 0)
		backend->user_ops = NULL;
	return rc;
}

void net_backend_detach(struct net_backend *backend)
{
	if (!backend->user_ops)
		return;
	backend->ops->detach(backend);
	backend->user_ops = NULL;
}

unsigned int net_backend_tx_offloads(const struct net_backend *backend)
{
	return backend->tx_offloads;
}

unsigned int net_backend_rx_offloads(const struct net_backend *backend)
{
	return backend->rx_offloads;
}

int net_backend_set_offloads(struct net_backend *backend, unsigned int offloads)
{
	return backend->ops->set_offloads ? backend->ops->set_offloads(backend, offloads) : 0;
}

bool net_backend_link_up(const struct net_backend *backend)
{
	return atomic_load(&backend->link_up);
}

int net_backend_set_active(struct net_backend *backend, unsigned int pair, bool active)
{
	return backend->ops->set_active(backend, pair, active);
}

void net_backend_flush(struct net_backend *backend, unsigned int pair)
{
	backend->ops->flush(backend, pair);
}

void net_backend_set_reading(struct net_backend *backend, unsigned int pair, bool on)
{
	backend->ops->set_reading(backend, pair, on);
}

int net_backend_receive(struct net_backend *backend, unsigned int pair, const struct iovec *iov, unsigned int nr_iov)
{
	return backend->ops->receive(backend, pair, iov, nr_iov);
}

unsigned int net_backend_receive_many(struct net_backend *backend, unsigned int pair, struct net_slot *slots,
				      unsigned int nr)
{
	return (backend->ops->receive_many ?: net_receive_singly)(backend, pair, slots, nr);
}

void net_backend_hold_slots(struct net_backend *backend, unsigned int pair, void *memory, size_t nr_bytes)
{
	if (backend->ops->hold_slots)
		backend->ops->hold_slots(backend, pair, memory, nr_bytes);
}

unsigned int net_receive_singly(struct net_backend *backend, unsigned int pair, struct net_slot *slots, unsigned int nr)
{
	unsigned int received = 0;

	for (unsigned int i = 0; i < nr; i++) {
		const struct iovec iov = { slots[i].bytes, NET_HEADER_BYTES + NET_MAX_FRAME_BYTES };
		int len = received == i ? backend->ops->receive(backend, pair, &iov, 1) : -EAGAIN;

		slots[i].nr_bytes = len > 0 ? (uint32_t)len : 0;
		received += len > 0;
	}
	return received;
}

unsigned int net_backend_transmit(struct net_backend *backend, unsigned int pair, const struct net_frame *frames,
				  unsigned int nr)
{
	return backend->ops->transmit(backend, pair, frames, nr);
}

int net_backend_vhost_fd(const struct net_backend *backend, unsigned int pair)
{
	return backend->ops->vhost_fd ? backend->ops->vhost_fd(backend, pair) : -1;
}

void net_backend_set_link(struct net_backend *backend, bool up)
{
	if (atomic_exchange(&backend->link_up, up) == up)
		return;
	if (backend->user_ops)
		backend->user_ops->link(backend->user_arg, up);
	if (backend->owner_ops && backend->owner_ops->link)
		backend->owner_ops->link(backend->owner_arg, up);
}

void net_backend_lost(struct net_backend *backend)
{
	net_backend_set_link(backend, false);
	if (backend->owner_ops && backend->owner_ops->lost)
		backend->owner_ops->lost(backend->owner_arg);
}
