/* What VMs that were killed together with their janitor have left in our network namespace. */
#ifndef VMM_HOST_NET_LEFTOVERS_H
#define VMM_HOST_NET_LEFTOVERS_H

#include <net/if.h>
#include <sys/types.h>

/* What is of a tap was made after it, and is left if the tap is gone, as it is as soon as its VM is. */
enum net_leftover_kind {
	NET_LEFTOVER_DNSMASQ, /* of a tap */
	NET_LEFTOVER_TABLE, /* of nftables, of a tap */
	NET_LEFTOVER_MACVTAP, /* with the label of the process that was to remove it (owner.h) */
	NET_LEFTOVER_FORWARDING, /* of an interface, which the last guest would have switched off */
};

struct net_leftover {
	enum net_leftover_kind kind;
	char interface[IFNAMSIZ]; /* which it belongs to, or is; a table's name too */
	pid_t pid; /* DNSMASQ */
};

/* Calls `found` for each. `own` is a tap of our own that is too new to have anything, or NULL: a table under its name
 * is left out. 0 or a negative errno: -EPERM if not root. Where nft is not installed there are no tables. Logs nothing.
 */
typedef void (*net_leftover_found)(void *arg, const struct net_leftover *leftover);
__attribute__((warn_unused_result)) int net_leftovers_each(net_leftover_found found, void *arg);

/* Removes one, and waits for a process to end. 0 or a negative errno. Logs nothing. */
__attribute__((warn_unused_result)) int net_leftover_remove(const struct net_leftover *leftover);

/* Removes all, before something new is made, and logs what it was. */
void net_leftovers_clear(void);

/* For messages: "the dnsmasq of mote-nat3f02c1". */
#define NET_LEFTOVER_TEXT_BYTES 64
void net_leftover_print(const struct net_leftover *leftover, char text[NET_LEFTOVER_TEXT_BYTES]);

#endif
