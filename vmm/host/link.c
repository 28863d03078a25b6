#include "vmm/host/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "vmm/host/netlink.h"
#include "vmm/host/setting.h"

bool link_name_is_permitted(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < IFNAMSIZ && strpbrk(name, "/:% \t\n\v\f\r") == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static void read_link(const struct nlmsghdr *answer, struct link *out)
{
	const struct ifinfomsg *fixed = NLMSG_DATA(answer);
	const uint32_t *number;
	const uint8_t *mac;

	*out = (struct link){ .index = fixed->ifi_index, .up = (fixed->ifi_flags & IFF_UP) != 0 };
	netlink_copy_text(out->name, sizeof(out->name), netlink_value(answer, sizeof(*fixed), IFLA_IFNAME, 1));
	netlink_copy_text(out->kind, sizeof(out->kind),
			  netlink_nested_value(answer, sizeof(*fixed), IFLA_LINKINFO, IFLA_INFO_KIND, 1));
	netlink_copy_text(out->alias, sizeof(out->alias), netlink_value(answer, sizeof(*fixed), IFLA_IFALIAS, 1));
	number = netlink_value(answer, sizeof(*fixed), IFLA_MTU, sizeof(*number));
	out->mtu = number ? *number : 0;
	number = netlink_value(answer, sizeof(*fixed), IFLA_MASTER, sizeof(*number));
	out->master = number ? (int)*number : 0;
	mac = netlink_value(answer, sizeof(*fixed), IFLA_ADDRESS, MAC_BYTES);
	if (mac)
		memcpy(out->mac, mac, MAC_BYTES);
}

static bool is_link(const struct nlmsghdr *answer)
{
	return answer->nlmsg_type == RTM_NEWLINK && answer->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg));
}

static void take_link(void *arg, const struct nlmsghdr *answer)
{
	if (is_link(answer))
		read_link(answer, arg);
}

static int find(const struct ifinfomsg *fixed, const char *name, struct link *out)
{
	struct netlink_message message;
	struct link link = { 0 };
	int rc;

	netlink_begin(&message, RTM_GETLINK, 0, fixed, sizeof(*fixed));
	if (name)
		netlink_put_text(&message, IFLA_IFNAME, name);
	rc = netlink_ask(&message, take_link, &link);
	if (rc == 0 && link.index == 0)
		rc = -ENODEV;
	if (rc == 0)
		*out = link;
	return rc;
}

int link_find(const char *name, struct link *out)
{
	const struct ifinfomsg fixed = { .ifi_family = AF_UNSPEC };

	return link_name_is_permitted(name) ? find(&fixed, name, out) : -ENODEV;
}

int link_find_by_index(int index, struct link *out)
{
	const struct ifinfomsg fixed = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	return index > 0 ? find(&fixed, NULL, out) : -ENODEV;
}

struct search {
	link_found found;
	void *arg;
};

static void take_each_link(void *arg, const struct nlmsghdr *answer)
{
	const struct search *search = arg;
	struct link link;

	if (!is_link(answer))
		return;
	read_link(answer, &link);
	search->found(search->arg, &link);
}

int link_each(link_found found, void *arg)
{
	const struct ifinfomsg fixed = { .ifi_family = AF_UNSPEC };
	struct search search = { .found = found, .arg = arg };
	struct netlink_message message;

	netlink_begin(&message, RTM_GETLINK, NLM_F_DUMP, &fixed, sizeof(fixed));
	return netlink_ask(&message, take_each_link, &search);
}

/* No link-local address, and so no word of the host's IPv6 on this interface. */
static void put_without_ipv6(struct netlink_message *message)
{
	const uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	size_t families = netlink_nest(message, IFLA_AF_SPEC);
	size_t ipv6 = netlink_nest(message, AF_INET6);

	netlink_put(message, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netlink_close(message, ipv6);
	netlink_close(message, families);
}

int link_set(int index, const struct link_change *change)
{
	const struct ifinfomsg fixed = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = change->up ? IFF_UP : 0,
		.ifi_change = change->up ? IFF_UP : 0,
	};
	struct netlink_message message;

	/* A host without IPv6 would refuse the whole message. */
	if (change->without_ipv6 && setting_read("/proc/sys/net/ipv6/conf/all/disable_ipv6", -1) >= 0) {
		netlink_begin(&message, RTM_SETLINK, 0, &(struct ifinfomsg){ .ifi_index = index }, sizeof(fixed));
		put_without_ipv6(&message);
		(void)!netlink_ask(&message, NULL, NULL);
	}
	netlink_begin(&message, RTM_SETLINK, 0, &fixed, sizeof(fixed));
	if (change->mac)
		netlink_put(&message, IFLA_ADDRESS, change->mac, MAC_BYTES);
	if (change->alias)
		netlink_put_text(&message, IFLA_IFALIAS, change->alias);
	if (change->mtu > 0)
		netlink_put_u32(&message, IFLA_MTU, change->mtu);
	if (change->master > 0)
		netlink_put_u32(&message, IFLA_MASTER, (uint32_t)change->master);
	return netlink_ask(&message, NULL, NULL);
}

int link_remove(int index)
{
	const struct ifinfomsg fixed = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct netlink_message message;

	if (index <= 0)
		return -ENODEV;
	netlink_begin(&message, RTM_DELLINK, 0, &fixed, sizeof(fixed));
	return netlink_ask(&message, NULL, NULL);
}

int link_add_address(int index, int family, const uint8_t *address, unsigned int prefix_len)
{
	const struct ifaddrmsg fixed = {
		.ifa_family = (uint8_t)family,
		.ifa_prefixlen = (uint8_t)prefix_len,
		/* Nobody else has it: duplicates are not looked for. */
		.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = (uint32_t)index,
	};
	size_t len = family == AF_INET6 ? 16 : 4;
	struct netlink_message message;

	netlink_begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &fixed, sizeof(fixed));
	netlink_put(&message, IFA_LOCAL, address, len);
	netlink_put(&message, IFA_ADDRESS, address, len);
	return netlink_ask(&message, NULL, NULL);
}

struct station {
	const uint8_t *mac;
	int port;
};

static void take_neighbour(void *arg, const struct nlmsghdr *answer)
{
	const struct ndmsg *fixed = NLMSG_DATA(answer);
	struct station *station = arg;
	const uint8_t *mac;

	if (answer->nlmsg_type != RTM_NEWNEIGH || answer->nlmsg_len < NLMSG_LENGTH(sizeof(*fixed)))
		return;
	/* The addresses of the ports themselves are permanent. */
	mac = netlink_value(answer, sizeof(*fixed), NDA_LLADDR, MAC_BYTES);
	if (mac && mac_equal(mac, station->mac) && (fixed->ndm_state & NUD_PERMANENT) == 0)
		station->port = fixed->ndm_ifindex;
}

int link_bridge_knows(int bridge, const uint8_t mac[MAC_BYTES], int *port)
{
	/* The kernel takes the header of a link here, and an attribute of one to choose the bridge. */
	const struct ifinfomsg fixed = { .ifi_family = PF_BRIDGE };
	struct station station = { .mac = mac };
	struct netlink_message message;
	int rc;

	netlink_begin(&message, RTM_GETNEIGH, NLM_F_DUMP, &fixed, sizeof(fixed));
	netlink_put_u32(&message, IFLA_MASTER, (uint32_t)bridge);
	rc = netlink_ask(&message, take_neighbour, &station);
	if (rc < 0 || station.port == 0)
		return rc;
	*port = station.port;
	return 1;
}
