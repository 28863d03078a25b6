/* A new interface in place of the old, with all that was asked of it. */
#include <errno.h>
#include <string.h>

#include "virtio/backend/net_tap.h"
#include "virtio/backend/net_tap_internal.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

int net_tap_prepare(const int *fds, unsigned int nr, struct tap_identity *identity)
{
	*identity = (struct tap_identity){ 0 };
	for (unsigned int i = 0; i < nr; i++) {
		int rc = tap_prepare(fds[i], nr > 1, identity);

		if (rc < 0)
			return rc;
	}
	return 0;
}

struct replacement {
	struct tap_pair *pair;
	int fd;
};

/* On the pair's loop, or wherever if it has none. */
static int replace_pair(void *arg)
{
	const struct replacement *r = arg;
	struct tap_pair *pair = r->pair;
	bool attached = pair->tap->backend.user_ops != NULL;
	int rc = 0;

	if (attached)
		loop_poll_remove(net_tap_loop(pair), &pair->poll);
	net_tap_frames_fini(pair);
	fd_close(&pair->poll.fd);
	pair->poll.fd = r->fd;
	pair->poll.events = 0;
	pair->dead = false;
	if (pair->detached)
		rc = tap_set_attached(r->fd, false);
	/* Its place in the loop has just been given back. */
	if (attached && rc == 0)
		rc = loop_poll_add(net_tap_loop(pair), &pair->poll);
	if (attached && rc == 0)
		net_tap_set_events(pair);
	return rc;
}

static int restore(void *arg)
{
	struct net_tap *tap = arg;
	int rc = tap_set_offloads(tap->pairs[0].poll.fd, tap->offloads);

	tap->lost = false;
	if (rc == 0 && tap->backend.user_ops)
		rc = net_tap_watch_link(tap);
	/* An interface that can't be watched counts as up; of others the kernel's answer tells. */
	if (rc == 0 && tap->ifindex == 0)
		net_backend_set_link(&tap->backend, true);
	return rc;
}

int net_tap_reconnect(struct net_backend *backend, const int *fds, unsigned int nr)
{
	struct net_tap *tap = net_tap_of(backend);
	struct tap_identity identity;
	int rc;

	if (nr != backend->nr_pairs)
		return -EINVAL;
	rc = net_tap_prepare(fds, nr, &identity);
	if (rc < 0)
		return rc;
	tap->ifindex = identity.ifindex;
	for (unsigned int i = 0; i < nr; i++) {
		struct replacement replacement = { &tap->pairs[i], fds[i] };
		int failed = backend->user_ops ? loop_call(backend->loops[i], replace_pair, &replacement)
					       : replace_pair(&replacement);

		rc = rc < 0 ? rc : failed;
	}
	if (rc == 0)
		rc = backend->user_ops ? loop_call(backend->loops[0], restore, tap) : restore(tap);
	/* The descriptors are in use by now: the link stays down, and the owner may try with others. */
	if (rc < 0)
		log_error("%s: cannot go on with the new interface: %s", backend->description, strerror(-rc));
	return 0;
}
