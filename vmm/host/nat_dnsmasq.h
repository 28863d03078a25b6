/* dnsmasq(8) for one guest: DHCP, DNS and IPv6 router advertisements on its tap, and nowhere else. */
#ifndef VMM_HOST_NAT_DNSMASQ_H
#define VMM_HOST_NAT_DNSMASQ_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/host/mac.h"
#include "vmm/host/subnet.h"

#define NAT_DNSMASQ_INTERFACE "--interface="
#define NAT_DNSMASQ_MAX_WORDS 24
#define NAT_DNSMASQ_WORD_BYTES 128

struct nat_dnsmasq {
	const char *tap;
	const struct subnet *subnet;
	uint8_t guest_mac[MAC_BYTES];
	uint32_t mtu;
	bool has_ipv6; /* the tap has an address of the IPv6 network */
	bool routes_ipv6; /* and there is a way out */
};

struct nat_dnsmasq_words {
	const char *argv[NAT_DNSMASQ_MAX_WORDS]; /* ends with NULL */
	char made[6][NAT_DNSMASQ_WORD_BYTES]; /* where argv points */
};

/* The command line. It reads no configuration of the host's but /etc/resolv.conf, keeps no leases in a file, and goes
 * to the background when it is ready. */
void nat_dnsmasq_fill_words(const struct nat_dnsmasq *dnsmasq, struct nat_dnsmasq_words *words);

#endif
