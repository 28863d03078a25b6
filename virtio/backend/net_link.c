#include "virtio/backend/net_link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"

/* <net/if.h> has it not. */
#define LINK_LOWER_UP (1u << 16)

struct link_request {
	struct nlmsghdr header;
	struct ifinfomsg info;
};

bool net_link_parse(const void *message, unsigned int len, int ifindex, enum net_link_state *state)
{
	const struct nlmsghdr *header = message;
	bool found = false;

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		const struct ifinfomsg *info = NLMSG_DATA(header);

		if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_index != ifindex)
			continue;
		/* A port that leaves its bridge is told with the bridge's family: the interface is still there. */
		if (header->nlmsg_type == RTM_DELLINK && info->ifi_family == AF_UNSPEC)
			*state = NET_LINK_GONE;
		else if (header->nlmsg_type == RTM_NEWLINK && info->ifi_family == AF_UNSPEC)
			*state = (info->ifi_flags & IFF_UP) && (info->ifi_flags & LINK_LOWER_UP) ? NET_LINK_UP
												 : NET_LINK_DOWN;
		else
			continue;
		found = true;
	}
	return found;
}

/* Asks for the state as it is; the answer comes as a message like the others. */
static int ask(const struct net_link *link)
{
	const struct link_request request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.info = { .ifi_family = AF_UNSPEC, .ifi_index = link->ifindex },
	};

	return send(link->poll.fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static void on_message(struct loop_poll *poll, uint32_t revents)
{
	struct net_link *link = container_of(poll, struct net_link, poll);
	/* Aligned for the headers in it; a link's message is about 2 KiB. */
	uint64_t buffer[1024];
	enum net_link_state state;
	ssize_t len;

	(void)revents;
	len = recv(poll->fd, buffer, sizeof(buffer), 0);
	if (len < 0 && errno == ENOBUFS) {
		/* Messages were lost. */
		(void)!ask(link);
		return;
	}
	if (len > 0 && net_link_parse(buffer, (unsigned int)len, link->ifindex, &state))
		link->changed(link, state);
}

int net_link_init(struct net_link *link, struct loop *loop, int ifindex,
		  void (*changed)(struct net_link *link, enum net_link_state state))
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int rc;

	*link = (struct net_link){
		.poll = { .events = POLLIN, .handler = on_message },
		.ifindex = ifindex,
		.changed = changed,
	};
	link->poll.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (link->poll.fd < 0)
		return -errno;
	if (bind(link->poll.fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
		goto close_socket;
	}
	rc = ask(link);
	if (rc < 0)
		goto close_socket;
	rc = loop_poll_add(loop, &link->poll);
	if (rc < 0)
		goto close_socket;
	link->loop = loop;
	return 0;

close_socket:
	fd_close(&link->poll.fd);
	return rc;
}

void net_link_fini(struct net_link *link)
{
	if (!link->loop)
		return;
	loop_poll_remove(link->loop, &link->poll);
	fd_close(&link->poll.fd);
	link->loop = NULL;
}
