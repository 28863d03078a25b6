/* A guest's network of its own behind the host: how it is laid out. */
#ifndef VMM_HOST_NAT_H
#define VMM_HOST_NAT_H

/* Which address of the network is whose; the rest is for what the guest has behind itself. */
#define NAT_ROUTER_HOST 1
#define NAT_GUEST_HOST 2
#define NAT_LAST_HOST 254

/* The names of taps, and of the nftables table of each, begin like this. They end at random: a name that comes back
 * soon would be undone by the janitor of whoever had it before. */
#define NAT_NAME "mote-nat"

#endif
