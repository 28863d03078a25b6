/* passt(1): connects a guest's network interface to the host's sockets, without privileges. */
#ifndef VMM_HOST_PASST_H
#define VMM_HOST_PASST_H

#include <stdbool.h>

#include "vmm/host/nic.h"
#include "vmm/host/ports.h"

/* What passt gives a guest unless told otherwise: the largest IP packet that is a multiple of four bytes long, without
 * an Ethernet header. */
#define PASST_MTU 65520
#define PASST_SOCKET_FD 3
#define PASST_MAX_WORDS (10 + 2 * NIC_MAX_FORWARDS)

/* Room for the words that are made up. */
struct passt_words {
	const char *argv[PASST_MAX_WORDS]; /* ends with NULL */
	char mtu[12];
	char forwards[NIC_MAX_FORWARDS][PORTS_TEXT_BYTES + 8];
};

/* Whether the text of a resolv.conf(5), which it tears apart, names a resolver on this host's loopback. */
bool passt_resolver_is_local(char *resolv_conf);

/* The command line for a NIC whose socket is descriptor PASST_SOCKET_FD of passt. `gateway_is_host`: what the guest
 * sends to its gateway goes to this host's loopback, which is the way to a resolver there. */
void passt_fill_words(const struct nic_request *request, uint32_t mtu, bool gateway_is_host, struct passt_words *words);

/* Starts passt, which goes to the background when it is ready, and ends when the other end of its socket is closed.
 * Returns that end, a descriptor; or a negative errno after one line. Takes some 30 ms. Any thread. */
__attribute__((warn_unused_result)) int passt_start(const struct nic_request *request, uint32_t mtu);

#endif
