/* The host's network interfaces, by rtnetlink(7). All of it is about the network namespace that mote is in. */
#ifndef VMM_HOST_LINK_H
#define VMM_HOST_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/host/mac.h"

#define LINK_ALIAS_BYTES 128

struct link {
	int index;
	char name[IFNAMSIZ];
	char kind[16]; /* "bridge", "tun", "macvtap"; "" for hardware */
	bool up; /* as its administrator set it */
	uint32_t mtu;
	uint8_t mac[MAC_BYTES];
	int master; /* the index of the bridge that it is a port of; 0: none */
	char alias[LINK_ALIAS_BYTES]; /* a note of whoever made it */
};

/* Whether an interface can have this name: 1 to 15 bytes, none of them a slash, a colon, a percent sign or a space, and
 * not "." or "..". */
bool link_name_is_permitted(const char *name);

/* Looks an interface up. 0, -ENODEV, or another negative errno. Logs nothing, as all of these. Any thread. */
__attribute__((warn_unused_result)) int link_find(const char *name, struct link *out);
__attribute__((warn_unused_result)) int link_find_by_index(int index, struct link *out);

/* Calls `found` for each interface. 0 or a negative errno. */
typedef void (*link_found)(void *arg, const struct link *link);
__attribute__((warn_unused_result)) int link_each(link_found found, void *arg);

/* What is to change; zeros are left alone. */
struct link_change {
	const uint8_t *mac; /* MAC_BYTES */
	uint32_t mtu;
	int master; /* index of a bridge */
	bool without_ipv6; /* no address of its own: the interface is not to be talked to */
	bool up;
	const char *alias;
};

/* 0, or the kernel's negative errno: -EPERM without CAP_NET_ADMIN, -EINVAL for an MTU that the interface can't have. */
__attribute__((warn_unused_result)) int link_set(int index, const struct link_change *change);

/* Removes an interface. 0 or the kernel's negative errno. */
__attribute__((warn_unused_result)) int link_remove(int index);

/* Adds an IPv4 (4 bytes) or IPv6 address (16 bytes), in use at once. 0 or the kernel's negative errno. */
__attribute__((warn_unused_result)) int link_add_address(int index, int family, const uint8_t *address,
							 unsigned int prefix_len);

/* Whether the bridge with this index has learned that the station `mac` is behind a port, whose index is then in *port.
 * 0 if not, 1 if so, or a negative errno. */
__attribute__((warn_unused_result)) int link_bridge_knows(int bridge, const uint8_t mac[MAC_BYTES], int *port);

#endif
