#include "vmm/host/neighbours.h"

#include <stdio.h>

#include "vmm/base/log.h"

struct search {
	const struct link *port;
	uint8_t host_end[MAC_BYTES];
	char found[IFNAMSIZ];
};

/* The host's end of a tap that mote made has an address which is made of its guest's. */
static void look_at(void *arg, const struct link *link)
{
	struct search *search = arg;

	if (link->master == search->port->master && link->index != search->port->index &&
	    mac_equal(link->mac, search->host_end))
		snprintf(search->found, sizeof(search->found), "%s", link->name);
}

void neighbours_warn_of_duplicate(const struct link *port, const uint8_t mac[MAC_BYTES])
{
	struct search search = { .port = port };
	struct link bridge, other;
	char text[MAC_TEXT_BYTES];
	int behind;

	if (port->master == 0 || link_find_by_index(port->master, &bridge) < 0)
		return;
	mac_of_host_end(mac, search.host_end);
	if (link_each(look_at, &search) < 0)
		return;
	if (search.found[0] == '\0' && link_bridge_knows(bridge.index, mac, &behind) == 1 && behind != port->index &&
	    link_find_by_index(behind, &other) == 0)
		snprintf(search.found, sizeof(search.found), "%s", other.name);
	if (search.found[0] == '\0')
		return;
	mac_print(mac, text);
	log_warn("the MAC address %s is on the bridge %s already, behind %s: two guests with one address lose each "
		 "other's "
		 "packets; give them different names, or set mac=",
		 text, bridge.name, search.found);
}
