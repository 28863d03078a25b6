#include "vmm/lib/config_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/link.h"
#include "vmm/lib/config_rate.h"

_Static_assert(MOTE_MAX_NET_QUEUES == NIC_MAX_PAIRS && MOTE_MAX_NET_QUEUES == NET_MAX_PAIRS,
	       "the outer and the inner limit are one");
_Static_assert(MOTE_MAX_FORWARDS == NIC_MAX_FORWARDS, "the outer and the inner limit are one");

/* What can be said of a kind. */
static const struct {
	const char *word; /* of the command line */
	enum nic_kind inner;
	bool has_name;
	bool can_forward;
	bool has_one_queue;
} kinds[] = {
	[MOTE_NET_TAP] = { "tap", NIC_TAP, .has_name = true },
	[MOTE_NET_BRIDGE] = { "bridge", NIC_BRIDGE, .has_name = true },
	[MOTE_NET_MACVTAP] = { "macvtap", NIC_MACVTAP, .has_name = true },
	[MOTE_NET_NAT] = { "nat", NIC_NAT, .can_forward = true },
	[MOTE_NET_USER] = { "user", NIC_USER, .can_forward = true, .has_one_queue = true },
};
#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

#define WHAT_BYTES 96

/* How messages call an interface: "net tap=web0", "net nat". */
static void describe(const struct mote_net *net, char what[WHAT_BYTES])
{
	bool named = net->name && net->nr_fds == 0;

	snprintf(what, WHAT_BYTES, "net %s%s%.64s", kinds[net->kind].word, named || net->nr_fds > 0 ? "=" : "",
		 net->nr_fds > 0 ? "fd"
		 : named	 ? net->name
				 : "");
}

static int check_name(const struct mote_net *net, const char *what, struct machine_net *out)
{
	bool has_fds = net->kind == MOTE_NET_TAP && net->nr_fds > 0;
	bool needed = kinds[net->kind].has_name && !has_fds;

	if (needed && (!net->name || net->name[0] == '\0')) {
		log_error("%s needs the name of an interface of the host: %s=NAME", what, kinds[net->kind].word);
		return -EINVAL;
	}
	if (!needed && net->name) {
		log_error("%s takes no name: leave it out", what);
		return -EINVAL;
	}
	if (needed && strlen(net->name) >= IFNAMSIZ) {
		log_error("%s: the name has %zu characters: interfaces have names of at most %d", what,
			  strlen(net->name), IFNAMSIZ - 1);
		return -EINVAL;
	}
	if (needed && !link_name_is_permitted(net->name)) {
		log_error("%s: no interface can have this name: spaces, '/', ':' and '%%' are not possible in it",
			  what);
		return -EINVAL;
	}
	out->nic.name = net->name;
	return 0;
}

static int check_descriptors(const struct mote_net *net, const char *what, struct machine_net *out)
{
	if (net->nr_fds == 0)
		return 0;
	if (net->kind != MOTE_NET_TAP) {
		log_error("%s: descriptors are passed with tap=fd: only", what);
		return -EINVAL;
	}
	if (net->nr_fds > MOTE_MAX_NET_QUEUES) {
		log_error("%s: %u descriptors are too many: at most %d are possible", what, net->nr_fds,
			  MOTE_MAX_NET_QUEUES);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < net->nr_fds; i++) {
		if (net->fds[i] < 0 || fcntl(net->fds[i], F_GETFD) < 0) {
			log_error("%s: descriptor %d is not open: pass on one of a tap", what, net->fds[i]);
			return -EBADF;
		}
		out->fds[i] = net->fds[i];
	}
	out->nic.kind = NIC_TAP_FDS;
	return 0;
}

static int check_mac(const struct mote_net *net, const char *what, const char *vm_name, unsigned int index,
		     struct machine_net *out)
{
	int rc;

	out->nic.mac_is_derived = !net->mac;
	if (!net->mac) {
		mac_of_vm(vm_name, index, out->nic.mac);
		return 0;
	}
	rc = mac_parse(net->mac, out->nic.mac);
	if (rc == -EADDRNOTAVAIL)
		log_error(
			"%s: mac=%.32s is a multicast address or zero, which no interface can have: the first byte has "
			"to be even, as in 52:54:00:12:34:56",
			what, net->mac);
	else if (rc < 0)
		log_error("%s: mac=%.32s is no MAC address: write six bytes, as in 52:54:00:12:34:56", what, net->mac);
	return rc < 0 ? -EINVAL : 0;
}

static int check_numbers(const struct mote_net *net, const char *what, struct machine_net *out)
{
	unsigned int most = kinds[net->kind].has_one_queue ? 1 : MOTE_MAX_NET_QUEUES;

	if (net->queues > most) {
		log_error("%s: %u queues are too many: at most %u %s possible", what, net->queues, most,
			  most == 1 ? "is" : "are");
		return -EINVAL;
	}
	if (net->nr_fds > 0 && net->queues > 0 && net->queues != net->nr_fds) {
		log_error("%s: %u descriptors make %u queues, and queues=%u was asked for: leave it out", what,
			  net->nr_fds, net->nr_fds, net->queues);
		return -EINVAL;
	}
	if (net->mtu != 0 && (net->mtu < NET_MIN_MTU || net->mtu > NET_MAX_MTU)) {
		log_error("%s: an MTU of %u is not possible: ask for %d to %d", what, net->mtu, NET_MIN_MTU,
			  NET_MAX_MTU);
		return -EINVAL;
	}
	out->nic.nr_pairs = net->nr_fds > 0 ? net->nr_fds : net->queues > 0 ? net->queues : 1;
	out->nic.mtu = net->mtu;
	return 0;
}

static int check_limits(const char *what, const struct mote_net_limits *limits, const char *bandwidth,
			const char *packets, struct net_limits *out)
{
	int rc = config_rate_build(what, bandwidth, "bytes", limits->bandwidth_bytes, limits->bandwidth_burst_bytes,
				   &out->bytes);

	if (rc < 0)
		return rc;
	return config_rate_build(what, packets, "packets", limits->packets, limits->packets_burst, &out->packets);
}

static bool is_limited(const struct net_limits *limits)
{
	return limits->bytes.per_second > 0 || limits->packets.per_second > 0;
}

static int check_vhost(const struct mote_net *net, const char *what, struct machine_net *out)
{
	if (net->vhost && net->kind == MOTE_NET_USER) {
		log_error("%s: vhost=on is for taps, and passt has none: leave it out", what);
		return -EINVAL;
	}
	if (net->vhost && (is_limited(&out->in) || is_limited(&out->out))) {
		log_error("%s: with vhost=on the kernel moves the packets, and knows no limits: leave out one or the "
			  "other",
			  what);
		return -EINVAL;
	}
	out->vhost = net->vhost;
	return 0;
}

static int check_address(const struct mote_net *net, const char *what, const struct mote_forward *forward,
			 struct nic_forward *out)
{
	if (!forward->address)
		return 0;
	if (inet_pton(AF_INET, forward->address, out->address) == 1) {
		out->family = AF_INET;
		return 0;
	}
	if (inet_pton(AF_INET6, forward->address, out->address) == 1 && net->kind == MOTE_NET_USER) {
		out->family = AF_INET6;
		return 0;
	}
	log_error("%s: '%.64s' is no %s address of this host that a port can be forwarded from", what, forward->address,
		  net->kind == MOTE_NET_USER ? "numeric" : "IPv4");
	return -EINVAL;
}

static bool forwards_overlap(const struct nic_forward *a, const struct nic_forward *b)
{
	return a->udp == b->udp && a->host_port == b->host_port &&
	       (a->family == 0 || b->family == 0 ||
		(a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0));
}

static int check_forwards(const struct mote_net *net, const char *what, struct machine_net *out)
{
	if (net->nr_forwards > 0 && !kinds[net->kind].can_forward) {
		log_error("%s: forward= is for nat and user: here the guest has an address of its own to connect to",
			  what);
		return -EINVAL;
	}
	if (net->nr_forwards > MOTE_MAX_FORWARDS) {
		log_error("%s: %u forwarded ports are too many: at most %d are possible", what, net->nr_forwards,
			  MOTE_MAX_FORWARDS);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < net->nr_forwards; i++) {
		const struct mote_forward *forward = &net->forwards[i];
		struct nic_forward *inner = &out->nic.forwards[i];
		int rc;

		if (forward->host_port == 0 || forward->guest_port == 0) {
			log_error("%s: there is no port 0: forward from and to one of 1 to 65535", what);
			return -EINVAL;
		}
		*inner = (struct nic_forward){ .udp = forward->udp,
					       .host_port = forward->host_port,
					       .guest_port = forward->guest_port };
		rc = check_address(net, what, forward, inner);
		if (rc < 0)
			return rc;
		for (unsigned int j = 0; j < i; j++) {
			if (forwards_overlap(inner, &out->nic.forwards[j])) {
				log_error("%s: port %u of the host is forwarded twice: leave one out", what,
					  forward->host_port);
				return -EINVAL;
			}
		}
	}
	out->nic.nr_forwards = net->nr_forwards;
	return 0;
}

int config_net_build(const struct mote_config *config, const char *vm_name, unsigned int index, struct machine_net *out)
{
	const struct mote_net *net = &config->nets[index];
	char what[WHAT_BYTES];
	int rc;

	if ((unsigned int)net->kind >= NR_KINDS) {
		log_error("network kind %d does not exist: there are tap, bridge, macvtap, nat and user",
			  (int)net->kind);
		return -EINVAL;
	}
	out->nic.kind = kinds[net->kind].inner;
	describe(net, what);
	rc = check_name(net, what, out);
	if (rc == 0)
		rc = check_descriptors(net, what, out);
	if (rc == 0)
		rc = check_mac(net, what, vm_name, index, out);
	if (rc == 0)
		rc = check_numbers(net, what, out);
	if (rc == 0)
		rc = check_limits(what, &net->in, "bandwidth-in", "packets-in", &out->in);
	if (rc == 0)
		rc = check_limits(what, &net->out, "bandwidth-out", "packets-out", &out->out);
	if (rc == 0)
		rc = check_vhost(net, what, out);
	if (rc == 0)
		rc = check_forwards(net, what, out);
	return rc;
}

int config_net_compare(const struct machine_config *machine)
{
	for (unsigned int i = 0; i < machine->nr_nets; i++) {
		for (unsigned int j = 0; j < i; j++) {
			char mac[MAC_TEXT_BYTES];

			if (!mac_equal(machine->nets[i].nic.mac, machine->nets[j].nic.mac))
				continue;
			mac_print(machine->nets[i].nic.mac, mac);
			log_error(
				"two network interfaces have the MAC address %s: give each its own, or leave mac= out",
				mac);
			return -EINVAL;
		}
	}
	return 0;
}
