/* What changes while a driver runs: the link, the filter, offloads, active pairs. */
#include <string.h>

#include "virtio/dev/net_internal.h"
#include "vmm/base/log.h"

/* --- to the pairs --- */

static int copy_filter(void *arg)
{
	struct net_pair *pair = arg;

	/* The loop of pair 0 waits for us meanwhile. */
	pair->rx.filter = pair->net->filter;
	return 0;
}

void net_state_filter(struct net *net)
{
	for (unsigned int i = 0; i < net->nr_pairs; i++)
		loop_call(net->pairs[i].loop, copy_filter, &net->pairs[i]);
}

static int copy_offloads(void *arg)
{
	struct net_pair *pair = arg;

	pair->rx.offloads = pair->net->offloads;
	return 0;
}

static void tell_offloads(struct net *net, unsigned int offloads)
{
	net->offloads = offloads;
	for (unsigned int i = 0; i < net->nr_pairs; i++)
		loop_call(net->pairs[i].loop, copy_offloads, &net->pairs[i]);
}

int net_state_set_offloads(struct net *net, unsigned int offloads)
{
	unsigned int before = net->offloads;
	int rc;

	/* The pairs take what either side of the change may bring, so that no frame is lost to it. */
	tell_offloads(net, before | offloads);
	rc = net_backend_set_offloads(net->backend, offloads);
	tell_offloads(net, rc < 0 ? before : offloads);
	return rc;
}

static int start_pair(void *arg)
{
	struct net_pair *pair = arg;
	int rc = net_backend_set_active(pair->net->backend, pair->index, true);

	if (rc < 0)
		return rc;
	/* Frames from before the driver were for nobody. */
	net_backend_flush(pair->net->backend, pair->index);
	pair->active = true;
	if (pair->vhost.kernel)
		return net_vhost_run(&pair->vhost, net_backend_vhost_fd(pair->net->backend, pair->index));
	net_rx_set_active(&pair->rx, true);
	net_tx_set_active(&pair->tx, true);
	return 0;
}

static int stop_pair(void *arg)
{
	struct net_pair *pair = arg;

	pair->active = false;
	if (pair->vhost.kernel)
		net_vhost_pause(&pair->vhost);
	net_rx_set_active(&pair->rx, false);
	net_tx_set_active(&pair->tx, false);
	return net_backend_set_active(pair->net->backend, pair->index, false);
}

int net_state_set_pairs(struct net *net, unsigned int nr)
{
	int rc = 0;

	for (unsigned int i = 0; i < net->nr_pairs; i++) {
		struct net_pair *pair = &net->pairs[i];
		bool start = i < nr && rc == 0;
		int failed;

		if (start == pair->active)
			continue;
		failed = loop_call(pair->loop, start ? start_pair : stop_pair, pair);
		if (start)
			rc = failed;
	}
	return rc;
}

/* --- to the driver --- */

static void show_status(struct net *net, uint16_t status)
{
	if (status == le16_get(net->config.status))
		return;
	__atomic_store_n(&net->config.status.raw, htole16(status), __ATOMIC_RELAXED);
	if (net->dev.transport_ops)
		virtio_notify_config(&net->dev);
}

void net_state_set_mac(struct net *net, const uint8_t *mac)
{
	memcpy(net->filter.mac, mac, NET_MAC_BYTES);
	net_state_filter(net);
	memcpy(net->config.mac, mac, NET_MAC_BYTES);
	virtio_notify_config(&net->dev);
}

void net_state_announced(struct net *net)
{
	show_status(net, le16_get(net->config.status) & (uint16_t)~VIRTIO_NET_S_ANNOUNCE);
}

/* --- from the backend --- */

static void on_readable(void *arg, unsigned int pair)
{
	struct net *net = arg;

	net_rx_readable(&net->pairs[pair].rx);
}

static void on_writable(void *arg, unsigned int pair)
{
	struct net *net = arg;

	net_tx_writable(&net->pairs[pair].tx);
}

/* The kernel holds on to the tap that it was given: there may be another. */
static int renew_vhost(void *arg)
{
	struct net_pair *pair = arg;

	if (!pair->active || !pair->vhost.kernel)
		return 0;
	return net_vhost_run(&pair->vhost, net_backend_vhost_fd(pair->net->backend, pair->index));
}

/* Who comes back may be at another port of its switch: the driver is asked to let others know (5.1.6.5.4). */
static void on_link(void *arg, bool up)
{
	struct net *net = arg;
	uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;

	if (up && net_negotiated(net, VIRTIO_NET_F_GUEST_ANNOUNCE_BIT))
		status |= VIRTIO_NET_S_ANNOUNCE;
	for (unsigned int i = 0; i < net->nr_pairs && up; i++)
		if (loop_call(net->pairs[i].loop, renew_vhost, &net->pairs[i]) < 0)
			log_error("%s: vhost-net doesn't take the new tap", net_backend_description(net->backend));
	show_status(net, status);
}

const struct net_user_ops net_state_user_ops = {
	.readable = on_readable,
	.writable = on_writable,
	.link = on_link,
};
