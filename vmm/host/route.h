/* The host's IPv4 routes, by rtnetlink(7), in the network namespace that mote is in. */
#ifndef VMM_HOST_ROUTE_H
#define VMM_HOST_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

struct route {
	uint32_t base; /* in host order; 0 with a prefix of 0: the default route */
	unsigned int prefix_len;
	int link; /* the index of the interface that it leads to; 0: none, or several */
	bool is_local; /* of an address of this host's own, or a broadcast address */
};

/* Calls `found` for each route of all tables. 0 or a negative errno. Logs nothing. Any thread. */
typedef void (*route_found)(void *arg, const struct route *route);
__attribute__((warn_unused_result)) int route_each(route_found found, void *arg);

#endif
