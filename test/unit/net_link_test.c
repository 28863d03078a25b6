/* What the kernel's messages say about an interface. */
#include "virtio/backend/net_link.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "test/unit/unit.h"

#define OURS 7
#define LOWER_UP (1u << 16)

struct message {
	struct nlmsghdr header;
	struct ifinfomsg info;
};

static struct message messages[4];

static struct message *put(unsigned int i, uint16_t type, uint8_t family, int ifindex, unsigned int flags)
{
	messages[i] = (struct message){
		.header = { .nlmsg_len = sizeof(struct message), .nlmsg_type = type },
		.info = { .ifi_family = family, .ifi_index = ifindex, .ifi_flags = flags },
	};
	return &messages[i];
}

static enum net_link_state parsed(unsigned int nr)
{
	enum net_link_state state = (enum net_link_state)99;
	bool found = net_link_parse(messages, nr * sizeof(messages[0]), OURS, &state);

	ck_assert_int_eq(found, state != (enum net_link_state)99);
	return state;
}

START_TEST(up_needs_both_flags)
{
	put(0, RTM_NEWLINK, AF_UNSPEC, OURS, IFF_UP | LOWER_UP);
	ck_assert_int_eq(parsed(1), NET_LINK_UP);
	put(0, RTM_NEWLINK, AF_UNSPEC, OURS, IFF_UP);
	ck_assert_int_eq(parsed(1), NET_LINK_DOWN);
	put(0, RTM_NEWLINK, AF_UNSPEC, OURS, LOWER_UP);
	ck_assert_int_eq(parsed(1), NET_LINK_DOWN);
	put(0, RTM_DELLINK, AF_UNSPEC, OURS, 0);
	ck_assert_int_eq(parsed(1), NET_LINK_GONE);
}
END_TEST

START_TEST(others_say_nothing)
{
	put(0, RTM_NEWLINK, AF_UNSPEC, OURS + 1, IFF_UP | LOWER_UP);
	ck_assert_int_eq(parsed(1), 99);
	/* The port has left its bridge, and is still there. */
	put(0, RTM_DELLINK, AF_BRIDGE, OURS, 0);
	ck_assert_int_eq(parsed(1), 99);
	put(0, RTM_NEWADDR, AF_UNSPEC, OURS, 0);
	ck_assert_int_eq(parsed(1), 99);
	put(0, NLMSG_ERROR, AF_UNSPEC, OURS, 0);
	ck_assert_int_eq(parsed(1), 99);
}
END_TEST

START_TEST(the_last_of_several_counts)
{
	put(0, RTM_NEWLINK, AF_UNSPEC, OURS, IFF_UP | LOWER_UP);
	put(1, RTM_DELLINK, AF_BRIDGE, OURS, 0);
	put(2, RTM_NEWLINK, AF_UNSPEC, OURS, 0);
	put(3, RTM_NEWLINK, AF_UNSPEC, OURS + 1, IFF_UP | LOWER_UP);
	ck_assert_int_eq(parsed(4), NET_LINK_DOWN);
}
END_TEST

START_TEST(broken_messages_are_not_read_beyond)
{
	enum net_link_state state;

	put(0, RTM_NEWLINK, AF_UNSPEC, OURS, IFF_UP | LOWER_UP);
	for (unsigned int len = 0; len < sizeof(messages[0]); len++)
		ck_assert(!net_link_parse(messages, len, OURS, &state));
	for (uint32_t len = 0; len < sizeof(messages[0]); len++) {
		messages[0].header.nlmsg_len = len;
		ck_assert(!net_link_parse(messages, sizeof(messages[0]), OURS, &state));
	}
	messages[0].header.nlmsg_len = UINT32_MAX;
	ck_assert(!net_link_parse(messages, sizeof(messages[0]), OURS, &state));
}
END_TEST

static Suite *link_suite(void)
{
	Suite *suite = suite_create("net link");
	TCase *tc = tcase_create("messages");

	tcase_add_test(tc, up_needs_both_flags);
	tcase_add_test(tc, others_say_nothing);
	tcase_add_test(tc, the_last_of_several_counts);
	tcase_add_test(tc, broken_messages_are_not_read_beyond);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(link_suite());
}
