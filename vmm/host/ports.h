/* Ports of the host that are to lead to a guest. */
#ifndef VMM_HOST_PORTS_H
#define VMM_HOST_PORTS_H

#include <netinet/in.h>

#include "vmm/host/nic.h"

/* Room for an address, in brackets if it is an IPv6 address, a separator, a port and a NUL. */
#define PORTS_TEXT_BYTES (INET6_ADDRSTRLEN + 10)

/* Writes the host's side of a forward: the port alone, or "ADDRESS" `separator` "PORT". */
void ports_print(const struct nic_forward *forward, char separator, char text[PORTS_TEXT_BYTES]);

/* Binds a socket to the host's side of a forward, so that nobody else can; nothing is ever accepted. Its descriptor; or
 * a negative errno, after one line in which `what` is the NIC ("net nat"): -EADDRINUSE, -EADDRNOTAVAIL, -EACCES. */
__attribute__((warn_unused_result)) int ports_claim(const char *what, const struct nic_forward *forward);

/* Claims the ports of all forwards of the request, or none: into nic->held. 0 or the same errors. */
__attribute__((warn_unused_result)) int ports_claim_all(const char *what, const struct nic_request *request,
							struct nic *nic);

#endif
