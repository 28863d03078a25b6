#include "vmm/cli/net_keys.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "vmm/cli/size.h"

static int set_mac(void *target, char *value)
{
	struct mote_net *net = target;

	net->mac = value;
	return 0;
}

static int set_queues(void *target, char *value)
{
	struct mote_net *net = target;
	int rc = count_parse(value, &net->queues);

	return rc == 0 && net->queues == 0 ? -ERANGE : rc;
}

static int set_mtu(void *target, char *value)
{
	struct mote_net *net = target;
	int rc = count_parse(value, &net->mtu);

	return rc == 0 && net->mtu == 0 ? -ERANGE : rc;
}

static int set_vhost(void *target, char *value)
{
	static const struct option_choice switches[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
	struct mote_net *net = target;
	int chosen, rc = option_choose(switches, value, &chosen);

	if (rc == 0)
		net->vhost = chosen == 1;
	return rc;
}

static int set_bandwidth(struct mote_net_limits *limits, const char *value)
{
	return option_parse_rate(value, size_parse, &limits->bandwidth_bytes, &limits->bandwidth_burst_bytes);
}

static int set_packets(struct mote_net_limits *limits, const char *value)
{
	return option_parse_rate(value, option_parse_count, &limits->packets, &limits->packets_burst);
}

static int set_bandwidth_in(void *target, char *value)
{
	return set_bandwidth(&((struct mote_net *)target)->in, value);
}

static int set_bandwidth_out(void *target, char *value)
{
	return set_bandwidth(&((struct mote_net *)target)->out, value);
}

static int set_packets_in(void *target, char *value)
{
	return set_packets(&((struct mote_net *)target)->in, value);
}

static int set_packets_out(void *target, char *value)
{
	return set_packets(&((struct mote_net *)target)->out, value);
}

/* The port in the first `len` bytes. */
static int parse_port(const char *text, size_t len, uint16_t *port)
{
	char digits[8];
	unsigned int number;
	int rc;

	if (len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, len);
	digits[len] = '\0';
	rc = count_parse(digits, &number);
	if (rc < 0)
		return rc;
	if (number < 1 || number > UINT16_MAX)
		return -ERANGE;
	*port = (uint16_t)number;
	return 0;
}

/* The end of the address that the text begins with, or NULL if it begins with a port; an IPv6 address is in brackets,
 * which are left out. *behind gets what follows. */
static char *find_address(char **address, char **behind)
{
	bool in_brackets = **address == '[';
	char *end = in_brackets ? strstr(*address, "]:") : strchr(*address, ':');

	if (!end || (!in_brackets && !strchr(end + 1, ':')))
		return NULL;
	*address += in_brackets;
	*behind = end + 1 + in_brackets;
	return end;
}

static int parse_forward(char *value, struct mote_forward *out)
{
	char *address, *address_end, *ports, *colon;
	int rc;

	*out = (struct mote_forward){ .udp = strncmp(value, "udp:", 4) == 0 };
	address = out->udp || strncmp(value, "tcp:", 4) == 0 ? value + 4 : value;
	ports = address;
	address_end = find_address(&address, &ports);
	if (address_end == address)
		return -EINVAL;
	colon = strchr(ports, ':');
	if (!colon)
		return -EINVAL;
	rc = parse_port(ports, (size_t)(colon - ports), &out->host_port);
	if (rc == 0)
		rc = parse_port(colon + 1, strlen(colon + 1), &out->guest_port);
	/* Not before it is right: a value that is not is shown to the user. */
	if (rc == 0 && address_end) {
		*address_end = '\0';
		out->address = address;
	}
	return rc;
}

static int set_forward(void *target, char *value)
{
	struct mote_net *net = target;
	int rc;

	if (net->nr_forwards == MOTE_MAX_FORWARDS)
		return -ENOSPC;
	rc = parse_forward(value, &net->forwards[net->nr_forwards]);
	if (rc == 0)
		net->nr_forwards++;
	return rc;
}

const struct option_key net_keys[] = {
	{ "mac", set_mac, "six bytes such as 52:54:00:12:34:56" },
	{ "forward", set_forward, "[tcp:|udp:][ADDRESS:]PORT:PORT, the host's and the guest's, at most 16 times" },
	{ "mtu", set_mtu, "bytes, 68 to 65535" },
	{ "queues", set_queues, "a count from 1 on" },
	{ "vhost", set_vhost, "on or off" },
	{ "bandwidth-in", set_bandwidth_in, "bytes a second from 1 on and, after a colon, a burst: 50M or 50M:200M" },
	{ "bandwidth-out", set_bandwidth_out, "bytes a second from 1 on and, after a colon, a burst: 50M or 50M:200M" },
	{ "packets-in", set_packets_in, "packets a second from 1 on and, after a colon, a burst: 1000 or 1000:4000" },
	{ "packets-out", set_packets_out, "packets a second from 1 on and, after a colon, a burst: 1000 or 1000:4000" },
	{ NULL, NULL, NULL },
};
