#include "vmm/host/nat_dnsmasq.h"

#include <stdio.h>

#include "vmm/host/nat.h"

#define ADVERTISE_SECONDS 60
#define ROUTER_SECONDS 1800

void nat_dnsmasq_fill_words(const struct nat_dnsmasq *dnsmasq, struct nat_dnsmasq_words *words)
{
	static const char *const always[] = {
		"dnsmasq",	     "--conf-file=/dev/null", "--pid-file=",	      "--no-hosts",   "--leasefile-ro",
		"--bind-interfaces", "--except-interface=lo", "--dhcp-authoritative", "--quiet-dhcp", "--quiet-dhcp6",
		"--quiet-ra",
	};
	char first[SUBNET_TEXT_BYTES], last[SUBNET_TEXT_BYTES], guest[SUBNET_TEXT_BYTES], mac[MAC_TEXT_BYTES];
	unsigned int nr = 0, made = 0;

	for (; nr < sizeof(always) / sizeof(always[0]); nr++)
		words->argv[nr] = always[nr];
	subnet_print(dnsmasq->subnet, NAT_GUEST_HOST, guest);
	subnet_print(dnsmasq->subnet, NAT_GUEST_HOST + 1, first);
	subnet_print(dnsmasq->subnet, NAT_LAST_HOST, last);
	mac_print(dnsmasq->guest_mac, mac);
	snprintf(words->made[made++], NAT_DNSMASQ_WORD_BYTES, NAT_DNSMASQ_INTERFACE "%s", dnsmasq->tap);
	/* The other addresses are for what the guest has behind itself. */
	snprintf(words->made[made++], NAT_DNSMASQ_WORD_BYTES, "--dhcp-range=%s,%s,255.255.255.0,12h", first, last);
	snprintf(words->made[made++], NAT_DNSMASQ_WORD_BYTES, "--dhcp-host=%s,%s,infinite", mac, guest);
	snprintf(words->made[made++], NAT_DNSMASQ_WORD_BYTES, "--dhcp-option=option:mtu,%u", dnsmasq->mtu);
	if (dnsmasq->has_ipv6) {
		subnet_print6(dnsmasq->subnet, 0, first);
		snprintf(words->made[made++], NAT_DNSMASQ_WORD_BYTES, "--dhcp-range=%s,ra-only,%d", first,
			 SUBNET_PREFIX6_LEN);
		snprintf(words->made[made++], NAT_DNSMASQ_WORD_BYTES, "--ra-param=%s,mtu:%u,%d,%d", dnsmasq->tap,
			 dnsmasq->mtu, ADVERTISE_SECONDS, dnsmasq->routes_ipv6 ? ROUTER_SECONDS : 0);
		words->argv[nr++] = "--enable-ra";
	}
	for (unsigned int i = 0; i < made; i++)
		words->argv[nr++] = words->made[i];
	words->argv[nr] = NULL;
}
