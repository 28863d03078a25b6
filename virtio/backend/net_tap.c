#include "virtio/backend/net_tap.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virtio/backend/net_tap_internal.h"
#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* What a queue of the kernel's holds at most is its tx_queue_len, 1000 by default. */
#define FLUSH_MAX_FRAMES 4096

void net_tap_set_events(struct tap_pair *pair)
{
	uint32_t events = 0;

	if (pair->active && pair->reading)
		events |= POLLIN;
	if (pair->active && pair->no_room)
		events |= POLLOUT;
	loop_poll_update(net_tap_loop(pair), &pair->poll, pair->dead ? 0 : events);
}

static void on_lost(struct net_tap *tap)
{
	if (tap->lost)
		return;
	tap->lost = true;
	log_warn("%s: the interface was removed", tap->backend.description);
	net_backend_lost(&tap->backend);
}

static void on_lost_post(struct loop_post *post)
{
	on_lost(container_of(post, struct net_tap, lost_post));
}

static void on_link(struct net_link *link, enum net_link_state state)
{
	struct net_tap *tap = container_of(link, struct net_tap, link);

	if (state == NET_LINK_GONE)
		on_lost(tap);
	else if (!tap->lost)
		net_backend_set_link(&tap->backend, state == NET_LINK_UP);
}

static void on_ready(struct loop_poll *poll, uint32_t revents)
{
	struct tap_pair *pair = container_of(poll, struct tap_pair, poll);
	struct net_backend *backend = &pair->tap->backend;
	unsigned int index = (unsigned int)(pair - pair->tap->pairs);

	if (revents & (POLLERR | POLLHUP)) {
		/* Nothing that a loop could wait for any more. */
		pair->dead = true;
		net_tap_set_events(pair);
		loop_post(backend->loops[0], &pair->tap->lost_post);
		return;
	}
	if ((revents & POLLOUT) && pair->no_room) {
		pair->no_room = false;
		net_tap_set_events(pair);
		backend->user_ops->writable(backend->user_arg, index);
	}
	if (!(revents & POLLIN))
		return;
	if (pair->active && pair->reading)
		backend->user_ops->readable(backend->user_arg, index);
	else
		net_tap_set_events(pair);
}

/* --- frames --- */

static void tap_set_reading(struct net_backend *backend, unsigned int index, bool on)
{
	struct tap_pair *pair = &net_tap_of(backend)->pairs[index];

	pair->reading = on;
	/* To stop polling costs a system call, and often it is wanted again before the next frame comes: the poll finds
	 * out when it does. */
	if (on)
		net_tap_set_events(pair);
}

static void tap_flush(struct net_backend *backend, unsigned int pair)
{
	char start[64];

	for (unsigned int i = 0; i < FLUSH_MAX_FRAMES; i++)
		if (read(net_tap_of(backend)->pairs[pair].poll.fd, start, sizeof(start)) < 0)
			break;
}

/* --- state --- */

static int tap_set_active(struct net_backend *backend, unsigned int index, bool active)
{
	struct tap_pair *pair = &net_tap_of(backend)->pairs[index];
	/* The first stays, so that the interface keeps its carrier. */
	bool detached = index > 0 && !active;
	int rc = 0;

	if (detached != pair->detached)
		rc = tap_set_attached(pair->poll.fd, !detached);
	if (rc < 0 && active)
		return rc;
	pair->detached = detached;
	pair->active = active;
	pair->reading = false;
	pair->no_room = false;
	pair->sent_ahead = 0;
	/* Nothing else but the descriptor itself keeps the interface in being. */
	if (!active)
		net_tap_frames_fini(pair);
	net_tap_set_events(pair);
	return 0;
}

static int tap_ops_set_offloads(struct net_backend *backend, unsigned int offloads)
{
	struct net_tap *tap = net_tap_of(backend);
	int rc = tap_set_offloads(tap->pairs[0].poll.fd, offloads);

	if (rc == 0)
		tap->offloads = offloads;
	return rc;
}

static int tap_vhost_fd(const struct net_backend *backend, unsigned int pair)
{
	return ((const struct net_tap *)backend)->pairs[pair].poll.fd;
}

/* --- attaching, on the loop of each pair --- */

static int attach_pair(void *arg)
{
	struct tap_pair *pair = arg;

	pair->poll.events = 0;
	return loop_poll_add(net_tap_loop(pair), &pair->poll);
}

static int detach_pair(void *arg)
{
	struct tap_pair *pair = arg;

	loop_poll_remove(net_tap_loop(pair), &pair->poll);
	net_tap_frames_fini(pair);
	return 0;
}

int net_tap_watch_link(struct net_tap *tap)
{
	net_link_fini(&tap->link);
	return tap->ifindex > 0 ? net_link_init(&tap->link, tap->backend.loops[0], tap->ifindex, on_link) : 0;
}

static int watch_link(void *arg)
{
	return net_tap_watch_link(arg);
}

static int forget_link(void *arg)
{
	struct net_tap *tap = arg;

	net_link_fini(&tap->link);
	loop_post_cancel(tap->backend.loops[0], &tap->lost_post);
	return 0;
}

static void tap_detach(struct net_backend *backend)
{
	struct net_tap *tap = net_tap_of(backend);

	for (unsigned int i = 0; i < backend->nr_pairs; i++)
		loop_call(backend->loops[i], detach_pair, &tap->pairs[i]);
	loop_call(backend->loops[0], forget_link, tap);
}

static int tap_attach(struct net_backend *backend)
{
	struct net_tap *tap = net_tap_of(backend);
	int rc = loop_call(backend->loops[0], watch_link, tap);

	for (unsigned int i = 0; i < backend->nr_pairs && rc == 0; i++)
		rc = loop_call(backend->loops[i], attach_pair, &tap->pairs[i]);
	/* Nothing is polled yet, so this need not be on their loops. */
	for (unsigned int i = 1; i < backend->nr_pairs && rc == 0; i++)
		rc = tap_set_active(backend, i, false);
	if (rc < 0) {
		log_error("%s: cannot be waited for: %s", backend->description, strerror(-rc));
		tap_detach(backend);
	}
	return rc;
}

static void tap_close(struct net_backend *backend)
{
	struct net_tap *tap = net_tap_of(backend);

	for (unsigned int i = 0; i < backend->nr_pairs; i++)
		fd_close(&tap->pairs[i].poll.fd);
	free(tap);
}

static const struct net_backend_ops tap_ops = {
	.attach = tap_attach,
	.detach = tap_detach,
	.set_offloads = tap_ops_set_offloads,
	.set_active = tap_set_active,
	.flush = tap_flush,
	.set_reading = tap_set_reading,
	.receive = net_tap_receive,
	.receive_many = net_tap_receive_many,
	.hold_slots = net_tap_hold_slots,
	.transmit = net_tap_transmit,
	.vhost_fd = tap_vhost_fd,
	.close = tap_close,
};

int net_tap_open(const int *fds, unsigned int nr, struct net_backend **out)
{
	struct tap_identity identity;
	struct net_tap *tap;
	int rc;

	if (nr == 0 || nr > NET_MAX_PAIRS)
		return -EINVAL;
	rc = net_tap_prepare(fds, nr, &identity);
	if (rc < 0)
		return rc;
	tap = calloc(1, sizeof(*tap) + nr * sizeof(tap->pairs[0]));
	if (!tap)
		return -ENOMEM;
	tap->backend.ops = &tap_ops;
	tap->backend.nr_pairs = nr;
	tap->backend.rx_offloads = tap_probe_offloads(fds[0]);
	tap->backend.tx_offloads = tap->backend.rx_offloads;
	tap->backend.link_up = identity.up;
	tap->ifindex = identity.ifindex;
	tap->lost_post.call = on_lost_post;
	snprintf(tap->backend.description, sizeof(tap->backend.description), "%s (tap, %u queue%s)", identity.name, nr,
		 nr > 1 ? "s" : "");
	for (unsigned int i = 0; i < nr; i++) {
		tap->pairs[i].poll.fd = fds[i];
		tap->pairs[i].poll.handler = on_ready;
		tap->pairs[i].tap = tap;
	}
	*out = &tap->backend;
	return 0;
}
