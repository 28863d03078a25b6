#include "vmm/host/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As much as the kernel puts into one packet of a dump. */
#define PACKET_BYTES 32768

/* Room for `len` more bytes at the message's end, rounded up as netlink wants it; NULL if there is none. */
static void *extend(struct netlink_message *message, size_t len)
{
	size_t used = NLMSG_ALIGN(message->header.nlmsg_len);
	size_t room = NLMSG_ALIGN(len);

	if (message->rc < 0 || room > sizeof(message->bytes) - used) {
		message->rc = -E2BIG;
		return NULL;
	}
	memset(message->bytes + used, 0, room);
	message->header.nlmsg_len = (uint32_t)(used + len);
	return message->bytes + used;
}

void netlink_begin(struct netlink_message *message, uint16_t type, uint16_t flags, const void *fixed, size_t len)
{
	void *room;

	message->header = (struct nlmsghdr){ .nlmsg_len = NLMSG_HDRLEN,
					     .nlmsg_type = type,
					     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) };
	message->rc = 0;
	room = extend(message, len);
	if (room)
		memcpy(room, fixed, len);
}

void netlink_put(struct netlink_message *message, uint16_t type, const void *value, size_t len)
{
	struct rtattr *attribute = len > UINT16_MAX ? NULL : extend(message, RTA_LENGTH(len));

	if (!attribute) {
		message->rc = -E2BIG;
		return;
	}
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len > 0)
		memcpy(RTA_DATA(attribute), value, len);
}

void netlink_put_text(struct netlink_message *message, uint16_t type, const char *text)
{
	netlink_put(message, type, text, strlen(text) + 1);
}

void netlink_put_u32(struct netlink_message *message, uint16_t type, uint32_t value)
{
	netlink_put(message, type, &value, sizeof(value));
}

size_t netlink_nest(struct netlink_message *message, uint16_t type)
{
	size_t at = NLMSG_ALIGN(message->header.nlmsg_len);

	netlink_put(message, type, NULL, 0);
	return at;
}

void netlink_close(struct netlink_message *message, size_t nest)
{
	struct rtattr *attribute = (struct rtattr *)(message->bytes + nest);

	if (message->rc < 0)
		return;
	/* The padding of the last attribute is part of the nest, and so of the message. */
	message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len);
	attribute->rta_len = (unsigned short)(message->header.nlmsg_len - nest);
}

static int send_whole(int fd, const struct netlink_message *message)
{
	ssize_t n;

	do
		n = send(fd, message->bytes, message->header.nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Reads one packet of the kernel's. Its length or a negative errno. */
static ssize_t receive(int fd, char *packet)
{
	struct sockaddr_nl sender = { 0 };
	socklen_t sender_len;
	ssize_t n;

	do {
		sender_len = sizeof(sender);
		n = recvfrom(fd, packet, PACKET_BYTES, MSG_TRUNC, (struct sockaddr *)&sender, &sender_len);
	} while ((n < 0 && errno == EINTR) || (n >= 0 && sender.nl_pid != 0));
	if (n < 0)
		return -errno;
	return n <= PACKET_BYTES ? n : -EMSGSIZE;
}

/* What an answer says of the end: true if it is the last, with *rc set. */
static bool is_last(const struct nlmsghdr *answer, int *rc)
{
	const struct nlmsgerr *error = NLMSG_DATA(answer);
	const int *done = NLMSG_DATA(answer);

	switch (answer->nlmsg_type) {
	case NLMSG_ERROR:
		*rc = answer->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EIO : error->error;
		return true;
	case NLMSG_DONE:
		*rc = answer->nlmsg_len < NLMSG_LENGTH(sizeof(*done)) ? 0 : *done;
		return true;
	default:
		return false;
	}
}

static int take_answers(int fd, netlink_answer each, void *arg)
{
	_Alignas(struct nlmsghdr) char packet[PACKET_BYTES];

	for (;;) {
		const struct nlmsghdr *answer = (const struct nlmsghdr *)packet;
		ssize_t n = receive(fd, packet);
		int rc = 0;

		if (n < 0)
			return (int)n;
		for (size_t left = (size_t)n; NLMSG_OK(answer, left); answer = NLMSG_NEXT(answer, left)) {
			if (is_last(answer, &rc))
				return rc > 0 ? -EIO : rc;
			if (each)
				each(arg, answer);
		}
	}
}

int netlink_ask(struct netlink_message *message, netlink_answer each, void *arg)
{
	int fd, rc;

	if (message->rc < 0)
		return message->rc;
	/* The kernel ends a dump by itself; anything else ends with the acknowledgement that is asked for here. */
	if ((message->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		message->header.nlmsg_flags |= NLM_F_ACK;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	rc = send_whole(fd, message);
	if (rc == 0)
		rc = take_answers(fd, each, arg);
	close(fd);
	return rc;
}

static const struct rtattr *find(const struct rtattr *at, size_t left, uint16_t type)
{
	for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	}
	return NULL;
}

static const struct rtattr *find_in_answer(const struct nlmsghdr *answer, size_t fixed_len, uint16_t type)
{
	size_t start = NLMSG_LENGTH(NLMSG_ALIGN(fixed_len));

	if (answer->nlmsg_len < start)
		return NULL;
	return find((const struct rtattr *)((const char *)answer + start), answer->nlmsg_len - start, type);
}

static const void *value_of(const struct rtattr *attribute, size_t min_len)
{
	return attribute && RTA_PAYLOAD(attribute) >= min_len ? RTA_DATA(attribute) : NULL;
}

const void *netlink_value(const struct nlmsghdr *answer, size_t fixed_len, uint16_t type, size_t min_len)
{
	return value_of(find_in_answer(answer, fixed_len, type), min_len);
}

const void *netlink_nested_value(const struct nlmsghdr *answer, size_t fixed_len, uint16_t nest, uint16_t type,
				 size_t min_len)
{
	const struct rtattr *outer = find_in_answer(answer, fixed_len, nest);

	return outer ? value_of(find(RTA_DATA(outer), RTA_PAYLOAD(outer), type), min_len) : NULL;
}

void netlink_copy_text(char *to, size_t size, const void *value)
{
	/* The kernel ends its strings. */
	snprintf(to, size, "%s", value ? (const char *)value : "");
}
