/* Firewalls of the host that know nothing of guests. */
#ifndef VMM_HOST_NAT_FIREWALL_H
#define VMM_HOST_NAT_FIREWALL_H

#include <stddef.h>

/* The name, with its family ("ip filter"), of the first table in what `nft list chains` printed that drops forwarded
 * packets unless a rule permits them; NULL if there is none. Cuts `text` into lines, and points into it. */
const char *nat_firewall_find(char *text);

/* Logs a warning if this host has such a firewall: what one table accepts another may still drop. Does nothing where
 * nft does not answer. */
void nat_firewall_warn(const char *tap);

#endif
