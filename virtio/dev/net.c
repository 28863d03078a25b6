#include "virtio/dev/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/dev/net_config.h"
#include "virtio/dev/net_internal.h"
#include "vmm/base/log.h"

static struct net *net_of(struct virtio_device *dev)
{
	return (struct net *)dev;
}

struct activation {
	struct net *net;
	uint64_t features;
	const struct virtio_queue_setup *queues;
	unsigned int pair;
};

/* Receive and transmit queues alternate; the control queue follows the last that there may be (5.1.2). */
static unsigned int nr_usable_pairs(const struct net *net, uint64_t features)
{
	return features & VIRTIO_FEATURE(VIRTIO_NET_F_MQ_BIT) ? net->nr_pairs : 1;
}

/* On the pair's loop. */
static int stop_pair(void *arg)
{
	struct net_pair *pair = arg;

	net_vhost_forget(&pair->vhost);
	net_rx_stop(&pair->rx);
	net_tx_stop(&pair->tx);
	pair->active = false;
	return net_backend_set_active(pair->net->backend, pair->index, false);
}

/* On the pair's loop. */
static int start_pair(void *arg)
{
	const struct activation *a = arg;
	struct net_pair *pair = &a->net->pairs[a->pair];
	unsigned int index = a->pair * 2;
	int rc = 0;

	if (pair->vhost.kernel)
		return net_vhost_prepare(&pair->vhost, &a->net->dev, pair->loop, index, &a->queues[index], a->features);
	pair->rx.filter = a->net->filter;
	if (a->queues[index].enabled)
		rc = net_rx_start(&pair->rx, &a->net->dev, index, pair->loop, &a->queues[index], a->features);
	if (rc == 0 && a->queues[index + 1].enabled)
		rc = net_tx_start(&pair->tx, &a->net->dev, index + 1, pair->loop, &a->queues[index + 1], a->features);
	return rc;
}

/* On the loop of pair 0. */
static int stop_control(void *arg)
{
	struct net *net = arg;

	virtio_queue_stop(&net->control);
	net->features = 0;
	net->offloads = 0;
	net_filter_reset(&net->filter, net->mac, false);
	memcpy(net->config.mac, net->mac, sizeof(net->mac));
	__atomic_store_n(&net->config.status.raw, htole16(net_backend_link_up(net->backend) ? VIRTIO_NET_S_LINK_UP : 0),
			 __ATOMIC_RELAXED);
	return net_backend_set_offloads(net->backend, 0);
}

/* On the loop of pair 0, before the pairs start: a request of the control queue would find them as they are. */
static int prepare(void *arg)
{
	const struct activation *a = arg;
	struct net *net = a->net;

	net->features = a->features;
	net->offloads = net_config_rx_offloads(a->features);
	net_filter_reset(&net->filter, net->mac, a->features & VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VLAN_BIT));
	return net_backend_set_offloads(net->backend, net->offloads);
}

/* On the loop of pair 0, when all pairs are there. */
static int start_control(void *arg)
{
	const struct activation *a = arg;
	unsigned int index = nr_usable_pairs(a->net, a->features) * 2;
	int rc = net_state_set_pairs(a->net, 1);

	if (rc < 0 || !(a->features & VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ_BIT)) || !a->queues[index].enabled)
		return rc;
	return virtio_queue_start(&a->net->control, &a->net->dev, index, a->net->pairs[0].loop, &a->queues[index],
				  a->features, net_control_handle);
}

static void net_reset(struct virtio_device *dev)
{
	struct net *net = net_of(dev);

	/* First what reaches from loop to loop. */
	loop_call(net->pairs[0].loop, stop_control, net);
	for (unsigned int i = 0; i < net->nr_pairs; i++)
		loop_call(net->pairs[i].loop, stop_pair, &net->pairs[i]);
}

static int net_activate(struct virtio_device *dev, uint64_t features, const struct virtio_queue_setup *queues)
{
	struct net *net = net_of(dev);
	struct activation activation = { .net = net, .features = features, .queues = queues };
	int rc = loop_call(net->pairs[0].loop, prepare, &activation);

	for (unsigned int i = 0; i < nr_usable_pairs(net, features) && rc == 0; i++) {
		activation.pair = i;
		rc = loop_call(net->pairs[i].loop, start_pair, &activation);
	}
	if (rc == 0)
		rc = loop_call(net->pairs[0].loop, start_control, &activation);
	if (rc < 0)
		net_reset(dev);
	return rc;
}

struct moved_interrupt {
	struct net_pair *pair;
	unsigned int which;
};

/* On the pair's loop. */
static int move_interrupt(void *arg)
{
	const struct moved_interrupt *moved = arg;

	net_vhost_interrupt_moved(&moved->pair->vhost, moved->which);
	return 0;
}

static void net_interrupt_moved(struct virtio_device *dev, unsigned int queue)
{
	struct net *net = net_of(dev);
	struct moved_interrupt moved = { .which = queue % 2 };

	if (queue / 2 >= net->nr_pairs)
		return;
	moved.pair = &net->pairs[queue / 2];
	loop_call(moved.pair->loop, move_interrupt, &moved);
}

static const struct virtio_device_ops net_ops = {
	.interrupt_moved = net_interrupt_moved,
	.activate = net_activate,
	.reset = net_reset,
};

static bool valid_rate(const struct bucket_rate *rate)
{
	return rate->per_second == 0 ||
	       (rate->per_second <= BUCKET_MAX_RATE && rate->burst >= 1 && rate->burst <= BUCKET_MAX_BURST);
}

static bool has_limits(const struct net_config *config)
{
	return config->in.bytes.per_second != 0 || config->in.packets.per_second != 0 ||
	       config->out.bytes.per_second != 0 || config->out.packets.per_second != 0;
}

static bool valid(const struct net_config *config)
{
	return config->nr_pairs >= 1 && config->nr_pairs <= net_backend_nr_pairs(config->backend) &&
	       (config->mtu == 0 || config->mtu >= NET_MIN_MTU) && !(config->mac[0] & 1) &&
	       valid_rate(&config->in.bytes) && valid_rate(&config->in.packets) && valid_rate(&config->out.bytes) &&
	       valid_rate(&config->out.packets) && !(config->vhost && has_limits(config));
}

static void close_vhost(struct net *net)
{
	for (unsigned int i = 0; i < net->nr_pairs; i++)
		net_vhost_close(&net->pairs[i].vhost);
}

/* An instance of the kernel's for each pair; what it can't do is not offered. */
static int open_vhost(struct net *net)
{
	for (unsigned int i = 0; i < net->nr_pairs; i++) {
		struct net_vhost *vhost = &net->pairs[i].vhost;
		int rc = net_backend_vhost_fd(net->backend, i) < 0 ? -ENOTSUP : 0;

		if (rc < 0)
			log_error("%s: vhost-net needs a tap; use vhost=off", net_backend_description(net->backend));
		else
			rc = net_vhost_open(vhost);
		if (rc < 0) {
			close_vhost(net);
			return rc;
		}
		net->dev.features &= vhost_net_features(vhost->kernel) | ~vhost_net_concerns();
	}
	return 0;
}

static void init_pairs(struct net *net, const struct net_config *config)
{
	for (unsigned int i = 0; i < net->nr_pairs; i++) {
		struct net_pair *pair = &net->pairs[i];

		pair->net = net;
		pair->loop = config->loops[i];
		pair->index = i;
		pair->rx.backend = net->backend;
		pair->rx.limit = &net->in;
		pair->rx.pair = i;
		pair->tx.backend = net->backend;
		pair->tx.limit = &net->out;
		pair->tx.pair = i;
	}
}

int net_create(const struct net_config *config, struct virtio_device **out)
{
	struct net *net;
	int rc;

	if (!valid(config))
		return -EINVAL;
	net = calloc(1, sizeof(*net) + config->nr_pairs * sizeof(net->pairs[0]));
	if (!net)
		return -ENOMEM;
	net->backend = config->backend;
	net->nr_pairs = config->nr_pairs;
	memcpy(net->mac, config->mac, sizeof(net->mac));
	net_limit_init(&net->in, &config->in);
	net_limit_init(&net->out, &config->out);
	net_config_fill(&net->config, config);
	init_pairs(net, config);
	net->dev = (struct virtio_device){
		.ops = &net_ops,
		.name = "net",
		.id = 1,
		.pci_class = 0x020000, /* Ethernet */
		.features = net_config_features(config),
		.nr_queues = 2 * config->nr_pairs + 1,
		.queue_max_size = NET_QUEUE_MAX_SIZE,
		.config = &net->config,
		.config_size = sizeof(net->config),
	};
	rc = config->vhost ? open_vhost(net) : 0;
	if (rc < 0)
		goto free_net;
	rc = net_backend_attach(net->backend, config->loops, config->nr_pairs, &net_state_user_ops, net);
	if (rc < 0)
		goto close_vhost;
	*out = &net->dev;
	return 0;

close_vhost:
	close_vhost(net);
free_net:
	net_limit_fini(&net->in);
	net_limit_fini(&net->out);
	free(net);
	return rc;
}

void net_destroy(struct virtio_device *dev)
{
	struct net *net;

	if (!dev)
		return;
	net = net_of(dev);
	net_reset(dev);
	net_backend_detach(net->backend);
	close_vhost(net);
	net_limit_fini(&net->in);
	net_limit_fini(&net->out);
	free(net);
}
