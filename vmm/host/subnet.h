/* Networks for guests behind this host: which addresses they get. */
#ifndef VMM_HOST_SUBNET_H
#define VMM_HOST_SUBNET_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/host/identity.h"
#include "vmm/host/route.h"

#define SUBNET_PREFIX_LEN 24
#define SUBNET_PREFIX6_LEN 64
#define SUBNET_TEXT_BYTES 46 /* of an address, as INET6_ADDRSTRLEN */
#define SUBNET_CANDIDATES 64

/* The network's addresses; the host has the first of each. */
struct subnet {
	uint32_t base; /* of the IPv4 network, in host order: ".0" */
	uint8_t base6[16]; /* of the IPv6 network, a unique local one (RFC 4193) */
};

/* Networks that could be taken, in the order in which they are tried. */
struct subnet_candidates {
	uint32_t bases[SUBNET_CANDIDATES];
	bool taken[SUBNET_CANDIDATES];
};

/* Makes up candidates in the private address ranges (RFC 1918) of `identity`: always the same of the same. */
void subnet_make_up(const uint8_t identity[IDENTITY_BYTES], struct subnet_candidates *candidates);

/* Strikes out those that a route overlaps. Routes of more than a /8, such as the default route, are none of a network
 * of this host. */
void subnet_strike_out(struct subnet_candidates *candidates, const struct route *route);

/* Chooses a network for interface `index` of the VM `vm_name` that no route of this host overlaps: 0 with `out` filled,
 * -EADDRNOTAVAIL if none is free, or the errors of route_each(). Logs nothing. Any thread. */
__attribute__((warn_unused_result)) int subnet_choose(const char *vm_name, unsigned int index, struct subnet *out);

/* Address `host` (1 to 254) of the network, as bytes and as text. */
void subnet_address(const struct subnet *subnet, unsigned int host, uint8_t address[4]);
void subnet_print(const struct subnet *subnet, unsigned int host, char text[SUBNET_TEXT_BYTES]);
/* The same in the IPv6 network; 0 stands for the network itself. */
void subnet_address6(const struct subnet *subnet, unsigned int host, uint8_t address[16]);
void subnet_print6(const struct subnet *subnet, unsigned int host, char text[SUBNET_TEXT_BYTES]);

#endif
