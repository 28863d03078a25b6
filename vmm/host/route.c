#include "vmm/host/route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "vmm/host/netlink.h"

struct search {
	route_found found;
	void *arg;
};

static void take_route(void *arg, const struct nlmsghdr *answer)
{
	const struct rtmsg *fixed = NLMSG_DATA(answer);
	const struct search *search = arg;
	const uint32_t *base, *link;
	struct route route;

	if (answer->nlmsg_type != RTM_NEWROUTE || answer->nlmsg_len < NLMSG_LENGTH(sizeof(*fixed)) ||
	    fixed->rtm_family != AF_INET)
		return;
	base = netlink_value(answer, sizeof(*fixed), RTA_DST, sizeof(*base));
	link = netlink_value(answer, sizeof(*fixed), RTA_OIF, sizeof(*link));
	route = (struct route){
		.base = base ? ntohl(*base) : 0,
		.prefix_len = base ? fixed->rtm_dst_len : 0,
		.link = link ? (int)*link : 0,
		.is_local = fixed->rtm_type != RTN_UNICAST,
	};
	search->found(search->arg, &route);
}

int route_each(route_found found, void *arg)
{
	const struct rtmsg fixed = { .rtm_family = AF_INET };
	struct search search = { .found = found, .arg = arg };
	struct netlink_message message;

	netlink_begin(&message, RTM_GETROUTE, NLM_F_DUMP, &fixed, sizeof(fixed));
	return netlink_ask(&message, take_route, &search);
}
