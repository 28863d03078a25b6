/* Questions to the kernel's routing netlink, rtnetlink(7): one message there, its answers back. */
#ifndef VMM_HOST_NETLINK_H
#define VMM_HOST_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_MESSAGE_BYTES 512

/* A message being put together. What does not fit makes netlink_ask() fail with -E2BIG. */
struct netlink_message {
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_MESSAGE_BYTES];
	};
	int rc;
};

/* Begins a message of `type` (RTM_*), whose fixed part is `fixed`; `flags` are NLM_F_* beyond NLM_F_REQUEST. */
void netlink_begin(struct netlink_message *message, uint16_t type, uint16_t flags, const void *fixed, size_t len);

/* Adds an attribute. */
void netlink_put(struct netlink_message *message, uint16_t type, const void *value, size_t len);
void netlink_put_text(struct netlink_message *message, uint16_t type, const char *text);
void netlink_put_u32(struct netlink_message *message, uint16_t type, uint32_t value);

/* Begins an attribute made of those that are put until netlink_close(), which takes what this returned. */
size_t netlink_nest(struct netlink_message *message, uint16_t type);
void netlink_close(struct netlink_message *message, size_t nest);

/* Sends the message and calls `each`, which may be NULL, for every answer to it. 0, the kernel's negative errno, or
 * that of the socket; -EIO for an answer that makes no sense. Logs nothing. Any thread. */
typedef void (*netlink_answer)(void *arg, const struct nlmsghdr *answer);
__attribute__((warn_unused_result)) int netlink_ask(struct netlink_message *message, netlink_answer each, void *arg);

/* The value of the attribute `type` of an answer whose fixed part has `fixed_len` bytes, or NULL if it is not there or
 * has less than `min_len` bytes. */
const void *netlink_value(const struct nlmsghdr *answer, size_t fixed_len, uint16_t type, size_t min_len);

/* The same among the attributes that make up the attribute `nest`. */
const void *netlink_nested_value(const struct nlmsghdr *answer, size_t fixed_len, uint16_t nest, uint16_t type,
				 size_t min_len);

/* Copies a string attribute, cut to what fits; "" if it is not there. */
void netlink_copy_text(char *to, size_t size, const void *value);

#endif
