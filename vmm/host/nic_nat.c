/* A network of its own behind the host: a tap with addresses, rules that lead packets in and out, and dnsmasq.
 *
 * The tap takes its addresses, routes and settings with it when its descriptor is closed. The forwarding of the host's
 * other interfaces, the rules and dnsmasq are the janitor's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/host/command.h"
#include "vmm/host/janitor.h"
#include "vmm/host/link.h"
#include "vmm/host/nat.h"
#include "vmm/host/nat_dnsmasq.h"
#include "vmm/host/nat_firewall.h"
#include "vmm/host/nat_forwarding.h"
#include "vmm/host/nat_table.h"
#include "vmm/host/net_leftovers.h"
#include "vmm/host/nic_kinds.h"
#include "vmm/host/ports.h"
#include "vmm/host/setting.h"
#include "vmm/host/tap.h"

#define ORDINARY_MTU 1500

/* What is found out and decided on the way. */
struct network {
	struct subnet subnet;
	struct link tap;
	bool has_ipv6; /* the tap has its address */
	bool routes_ipv6; /* the host forwards IPv6 */
};

static int check_host(void)
{
	/* The same names are those of the packages, but for dnsmasq. */
	static const struct {
		const char *program, *package;
	} needs[] = { { "nft", "nftables" }, { "dnsmasq", "dnsmasq-base" } };
	char path[4096];

	if (geteuid() != 0) {
		log_error("net nat: this takes root: use --net user, which does not");
		return -EPERM;
	}
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (command_find(needs[i].program, path, sizeof(path)) == 0)
			continue;
		log_error("net nat: %s is not installed: apt-get install %s", needs[i].program, needs[i].package);
		return -ENOENT;
	}
	return 0;
}

static int choose_name(char name[IFNAMSIZ])
{
	uint8_t random[3];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		log_error("net nat: cannot make up a name for the tap: %s", strerror(errno));
		return -EIO;
	}
	snprintf(name, IFNAMSIZ, NAT_NAME "%02x%02x%02x", random[0], random[1], random[2]);
	return 0;
}

static int choose_network(const struct nic_request *request, struct network *network)
{
	int rc = subnet_choose(request->vm_name, request->index, &network->subnet);

	if (rc == -EADDRNOTAVAIL)
		log_error(
			"net nat: no network is free for the guest: routes of this host ('ip route show table all') "
			"overlap all that were tried in 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16; use --net user");
	else if (rc < 0)
		log_error("net nat: cannot read this host's routes: %s", strerror(-rc));
	return rc;
}

static int write_setting(const struct network *network, const char *family, const char *name, const char *value)
{
	char path[SETTING_PATH_BYTES];
	int rc = setting_path(family, network->tap.name, name, path);

	return rc < 0 ? rc : setting_write(path, value);
}

/* The host's end: settings before it is up, then its addresses. */
static int set_up_tap(const struct nic_request *request, struct nic *nic, struct network *network)
{
	uint8_t mac[MAC_BYTES], address[16];
	const struct link_change change = { .mac = mac, .mtu = nic->mtu, .up = true };
	int rc;

	mac_of_host_end(request->mac, mac);
	/* A host without IPv6 has none of its settings. */
	network->has_ipv6 = write_setting(network, "ipv6", "accept_ra", "0") == 0 &&
			    write_setting(network, "ipv6", "accept_dad", "0") == 0;
	rc = write_setting(network, "ipv4", "forwarding", "1");
	/* Connections of the host to its own 127.0.0.1 that are led to the guest; see nat_table.c. */
	if (rc == 0 && request->nr_forwards > 0)
		rc = write_setting(network, "ipv4", "route_localnet", "1");
	if (rc == 0)
		rc = link_set(network->tap.index, &change);
	subnet_address(&network->subnet, NAT_ROUTER_HOST, address);
	if (rc == 0)
		rc = link_add_address(network->tap.index, AF_INET, address, SUBNET_PREFIX_LEN);
	if (rc < 0) {
		log_error("net nat: cannot set up the tap %s, with an MTU of %u: %s", network->tap.name, nic->mtu,
			  strerror(-rc));
		return rc;
	}
	subnet_address6(&network->subnet, NAT_ROUTER_HOST, address);
	if (network->has_ipv6)
		network->has_ipv6 = link_add_address(network->tap.index, AF_INET6, address, SUBNET_PREFIX6_LEN) == 0;
	return 0;
}

/* What the janitor says of a program. */
static int judge(const char *what, int rc, const char *complaint)
{
	if (rc == 0)
		return 0;
	if (rc == -EPIPE)
		complaint = "the process that is to clean up is gone";
	else if (rc < 0)
		complaint = strerror(-rc);
	else if (complaint[0] == '\0')
		complaint = "it does not say why";
	log_error("net nat: %s: %.300s", what, complaint);
	return rc < 0 ? rc : -EIO;
}

static int make_table(const struct nic_request *request, const struct network *network)
{
	const struct nat_table table = {
		.tap = network->tap.name,
		.vm_name = request->vm_name,
		.subnet = &network->subnet,
		.with_ipv6 = network->has_ipv6 && network->routes_ipv6,
		.nr_forwards = request->nr_forwards,
		.forwards = request->forwards,
	};
	char script[NAT_TABLE_SCRIPT_BYTES], removal[NAT_TABLE_SCRIPT_BYTES];
	char complaint[HOST_JANITOR_COMPLAINT_BYTES] = "";
	const char *const make[] = { "nft", script, NULL };
	const char *const undo[] = { "nft", removal, NULL };
	int rc = nat_table_print(&table, script);

	nat_table_print_removal(table.tap, removal);
	if (rc == 0)
		rc = host_janitor_make(request->janitor, make, undo, complaint);
	return judge("nft refuses the rules for the guest", rc, complaint);
}

static int start_dnsmasq(const struct nic_request *request, const struct nic *nic, const struct network *network)
{
	struct nat_dnsmasq dnsmasq = {
		.tap = network->tap.name,
		.subnet = &network->subnet,
		.mtu = nic->mtu,
		.has_ipv6 = network->has_ipv6,
		.routes_ipv6 = network->routes_ipv6,
	};
	char complaint[HOST_JANITOR_COMPLAINT_BYTES];
	struct nat_dnsmasq_words words;

	memcpy(dnsmasq.guest_mac, request->mac, MAC_BYTES);
	nat_dnsmasq_fill_words(&dnsmasq, &words);
	return judge("dnsmasq, which is to serve DHCP and DNS to the guest, does not start",
		     host_janitor_launch(request->janitor, words.argv, complaint), complaint);
}

static void tell(const struct nic_request *request, const struct network *network)
{
	char guest[SUBNET_TEXT_BYTES], prefix[SUBNET_TEXT_BYTES];

	subnet_print(&network->subnet, NAT_GUEST_HOST, guest);
	subnet_print6(&network->subnet, 0, prefix);
	log_info("net nat: %s gets %s on %s", request->vm_name, guest, network->tap.name);
	if (!network->has_ipv6)
		log_info("net nat: without IPv6, which this host has not");
	else
		log_info("net nat: IPv6 %s/%d, %s", prefix, SUBNET_PREFIX6_LEN,
			 network->routes_ipv6 ? "with a way out"
					      : "to this host only, as it does not forward IPv6 "
						"(net.ipv6.conf.all.forwarding)");
}

int nic_nat_open(const struct nic_request *request, struct nic *nic)
{
	struct network network = { .has_ipv6 = false };
	char name[IFNAMSIZ];
	int rc;

	rc = check_host();
	if (rc == 0)
		rc = ports_claim_all("net nat", request, nic);
	if (rc == 0)
		rc = choose_name(name);
	if (rc == 0)
		rc = nat_forwarding_prepare(request->janitor, name);
	if (rc == 0)
		rc = tap_open_or_explain("nat", name, nic->fds, request->nr_pairs, nic->interface);
	if (rc < 0)
		return rc;
	nic->nr_fds = request->nr_pairs;
	net_leftovers_clear();
	rc = link_find(nic->interface, &network.tap);
	if (rc < 0) {
		log_error("net nat: cannot look at the tap %s: %s", nic->interface, strerror(-rc));
		return rc;
	}
	nic->mtu = request->mtu > 0 ? request->mtu : nat_uplink_mtu(ORDINARY_MTU);
	network.routes_ipv6 = setting_read("/proc/sys/net/ipv6/conf/all/forwarding", 0) > 0;
	rc = choose_network(request, &network);
	if (rc == 0)
		rc = set_up_tap(request, nic, &network);
	if (rc == 0)
		rc = nat_forwarding_switch_on(request->janitor);
	if (rc == 0)
		rc = make_table(request, &network);
	if (rc == 0)
		rc = start_dnsmasq(request, nic, &network);
	if (rc < 0)
		return rc;
	tell(request, &network);
	nat_firewall_warn(nic->interface);
	return 0;
}
