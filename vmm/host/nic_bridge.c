/* A tap of our own as a port of a bridge. It goes, and leaves the bridge, when its descriptors are closed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/link.h"
#include "vmm/host/neighbours.h"
#include "vmm/host/nic_kinds.h"
#include "vmm/host/tap.h"

#define TAP_NAME "mote-tap%d"

static int find_bridge(const char *name, struct link *bridge)
{
	int rc = link_find(name, bridge);

	if (rc == -ENODEV) {
		log_error("net bridge=%s: there is no such interface: make it (ip link add %s type bridge; ip link set "
			  "%s "
			  "up), or name one of 'ip link show type bridge'",
			  name, name, name);
		return rc;
	}
	if (rc < 0) {
		log_error("net bridge=%s: cannot look at the interface: %s", name, strerror(-rc));
		return rc;
	}
	if (strcmp(bridge->kind, "bridge") != 0) {
		log_error("net bridge=%s: the interface is no bridge: name one of 'ip link show type bridge', or use "
			  "macvtap=%s",
			  name, name);
		return -EINVAL;
	}
	return 0;
}

/* A bridge takes the least MTU of its ports for its own: a guest that is to have less gets less told, and no more. */
static int attach(const struct nic_request *request, const struct link *bridge, struct nic *nic)
{
	uint8_t host_end[MAC_BYTES];
	struct link_change change = {
		.mac = host_end,
		.mtu = nic->mtu > bridge->mtu ? nic->mtu : bridge->mtu,
		.master = bridge->index,
		.without_ipv6 = true,
		.up = true,
	};
	struct link tap;
	int rc;

	mac_of_host_end(request->mac, host_end);
	rc = link_find(nic->interface, &tap);
	if (rc == 0)
		rc = link_set(tap.index, &change);
	if (rc < 0) {
		log_error("net bridge=%s: cannot make the tap %s a port of the bridge, with an MTU of %u: %s",
			  bridge->name, nic->interface, nic->mtu, strerror(-rc));
		return rc;
	}
	tap.master = bridge->index;
	neighbours_warn_of_duplicate(&tap, request->mac);
	return 0;
}

int nic_bridge_open(const struct nic_request *request, struct nic *nic)
{
	char what[64];
	struct link bridge;
	int rc;

	rc = find_bridge(request->name, &bridge);
	if (rc < 0)
		return rc;
	snprintf(what, sizeof(what), "bridge=%s", request->name);
	rc = tap_open_or_explain(what, TAP_NAME, nic->fds, request->nr_pairs, nic->interface);
	if (rc < 0)
		return rc;
	nic->nr_fds = request->nr_pairs;
	nic->mtu = request->mtu > 0 ? request->mtu : bridge.mtu;
	rc = attach(request, &bridge, nic);
	if (rc < 0)
		return rc;
	if (!bridge.up)
		log_warn("net bridge=%s: the bridge is down, so nothing gets through: ip link set %s up", bridge.name,
			 bridge.name);
	log_info("net bridge=%s: the tap %s is made for this run", bridge.name, nic->interface);
	return 0;
}
