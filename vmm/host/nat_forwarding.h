/* The host as a router for its guests: which of its interfaces forward. */
#ifndef VMM_HOST_NAT_FORWARDING_H
#define VMM_HOST_NAT_FORWARDING_H

#include <stdint.h>

struct host_janitor;

/* An interface whose forwarding was off before is remembered by an empty table of nftables of this name and its own, so
 * that the last guest to go can switch it off, whoever has switched it on. */
#define NAT_FORWARDING_MARK "mote-uplink-"

/* Switches the forwarding of an interface off and forgets it. 0 or a negative errno. Logs nothing. */
__attribute__((warn_unused_result)) int nat_forwarding_forget(const char *interface);

/* The MTU of the interface that the default route leads to; `missing` if there is none. Any thread. */
uint32_t nat_uplink_mtu(uint32_t missing);

/* Before there is a tap of this name: should its guest be the last to go, the janitor will switch off what guests have
 * switched on. 0, or a negative errno, logged. */
__attribute__((warn_unused_result)) int nat_forwarding_prepare(struct host_janitor *janitor, const char *tap);

/* After the tap was made: lets the interfaces that IPv4 routes lead to pass on the answers to guests, where they don't
 * yet; that is, switches their forwarding on. Interfaces that come later are the administrator's. 0, or a negative
 * errno, logged. */
__attribute__((warn_unused_result)) int nat_forwarding_switch_on(struct host_janitor *janitor);

#endif
