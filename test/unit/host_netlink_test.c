/* Messages of rtnetlink: put together, read, and asked of this machine's kernel, without changing anything. */
#include "vmm/host/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "test/unit/unit.h"
#include "vmm/host/link.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct netlink_message message;

static void setup(void)
{
	const struct ifinfomsg fixed = { .ifi_index = 7 };

	netlink_begin(&message, RTM_NEWLINK, NLM_F_ACK, &fixed, sizeof(fixed));
}

static const void *value(uint16_t type, size_t min_len)
{
	return netlink_value(&message.header, sizeof(struct ifinfomsg), type, min_len);
}

START_TEST(attributes_are_found_as_they_were_put)
{
	const struct ifinfomsg *fixed = NLMSG_DATA(&message.header);
	const uint32_t *number;
	size_t nest;

	netlink_put_text(&message, IFLA_IFNAME, "tap0");
	netlink_put_u32(&message, IFLA_MTU, 1400);
	nest = netlink_nest(&message, IFLA_LINKINFO);
	netlink_put_text(&message, IFLA_INFO_KIND, "macvtap");
	netlink_close(&message, nest);
	netlink_put_u32(&message, IFLA_MASTER, 9);
	ck_assert_int_eq(message.rc, 0);
	ck_assert_int_eq(fixed->ifi_index, 7);
	ck_assert_int_eq(message.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	ck_assert_str_eq(value(IFLA_IFNAME, 1), "tap0");
	number = value(IFLA_MTU, sizeof(*number));
	ck_assert_uint_eq(*number, 1400);
	number = value(IFLA_MASTER, sizeof(*number));
	ck_assert_uint_eq(*number, 9);
	ck_assert_str_eq(netlink_nested_value(&message.header, sizeof(*fixed), IFLA_LINKINFO, IFLA_INFO_KIND, 1),
			 "macvtap");
	ck_assert_ptr_null(netlink_nested_value(&message.header, sizeof(*fixed), IFLA_LINKINFO, IFLA_INFO_DATA, 1));
	ck_assert_ptr_null(netlink_nested_value(&message.header, sizeof(*fixed), IFLA_AF_SPEC, IFLA_INFO_KIND, 1));
}
END_TEST

START_TEST(a_nest_that_ends_the_message_is_whole)
{
	const uint8_t mode = 1;
	size_t outer = netlink_nest(&message, IFLA_AF_SPEC);
	size_t inner = netlink_nest(&message, AF_INET6);

	netlink_put(&message, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netlink_close(&message, inner);
	netlink_close(&message, outer);
	ck_assert_uint_eq(message.header.nlmsg_len % NLMSG_ALIGNTO, 0);
	ck_assert_ptr_nonnull(
		netlink_nested_value(&message.header, sizeof(struct ifinfomsg), IFLA_AF_SPEC, AF_INET6, 5));
}
END_TEST

START_TEST(an_attribute_that_is_too_short_or_cut_off_is_not_there)
{
	struct rtattr *attribute;

	netlink_put(&message, IFLA_MTU, "ab", 2);
	ck_assert_ptr_null(value(IFLA_MTU, 4));
	ck_assert_ptr_null(value(IFLA_IFNAME, 1));
	setup();
	netlink_put_u32(&message, IFLA_MTU, 1400);
	attribute = (struct rtattr *)(message.bytes + NLMSG_LENGTH(sizeof(struct ifinfomsg)));
	attribute->rta_len = 200;
	ck_assert_ptr_null(value(IFLA_MTU, 4));
	attribute->rta_len = 2;
	ck_assert_ptr_null(value(IFLA_MTU, 4));
	message.header.nlmsg_len = NLMSG_HDRLEN;
	ck_assert_ptr_null(value(IFLA_MTU, 4));
}
END_TEST

START_TEST(a_message_that_is_full_is_refused)
{
	static const char long_value[NETLINK_MESSAGE_BYTES];

	netlink_put(&message, IFLA_IFALIAS, long_value, sizeof(long_value));
	ck_assert_int_eq(message.rc, -E2BIG);
	netlink_put_u32(&message, IFLA_MTU, 1400);
	ck_assert_int_eq(netlink_ask(&message, NULL, NULL), -E2BIG);
	setup();
	for (unsigned int i = 0; i < NETLINK_MESSAGE_BYTES / 8; i++)
		netlink_put_u32(&message, IFLA_MTU, i);
	ck_assert_int_eq(netlink_ask(&message, NULL, NULL), -E2BIG);
	ck_assert_uint_le(message.header.nlmsg_len, NETLINK_MESSAGE_BYTES);
}
END_TEST

static void count_loopback(void *arg, const struct link *link)
{
	unsigned int *nr = arg;

	*nr += strcmp(link->name, "lo") == 0;
}

START_TEST(the_loopback_interface_is_found_by_name_by_index_and_among_all)
{
	struct link lo, again;
	unsigned int nr = 0;

	ck_assert_int_eq(link_find("lo", &lo), 0);
	ck_assert_str_eq(lo.name, "lo");
	ck_assert_str_eq(lo.kind, "");
	ck_assert_uint_gt(lo.mtu, 0);
	ck_assert_int_eq(lo.master, 0);
	ck_assert_int_eq(link_find_by_index(lo.index, &again), 0);
	ck_assert_str_eq(again.name, "lo");
	ck_assert_int_eq(link_each(count_loopback, &nr), 0);
	ck_assert_uint_eq(nr, 1);
}
END_TEST

START_TEST(what_is_not_there_is_enodev)
{
	struct link link;

	ck_assert_int_eq(link_find("mote-not-there", &link), -ENODEV);
	ck_assert_int_eq(link_find("a/b", &link), -ENODEV);
	ck_assert_int_eq(link_find_by_index(0, &link), -ENODEV);
	ck_assert_int_eq(link_find_by_index(0x7ffffff0, &link), -ENODEV);
	ck_assert_int_eq(link_remove(0), -ENODEV);
}
END_TEST

static const struct {
	const char *name;
	bool permitted;
} names[] = {
	{ "a", true },
	{ "eth0.100", true },
	{ "fifteen-letters", true },
	{ "sixteen--letters", false },
	{ "", false },
	{ ".", false },
	{ "..", false },
	{ "...", true },
	{ "a b", false },
	{ "a\tb", false },
	{ "a/b", false },
	{ "a:b", false },
	{ "tap%d", false },
	{ "wlan0@x", true },
};

START_TEST(names_are_judged_as_the_kernel_does)
{
	ck_assert_int_eq(link_name_is_permitted(names[_i].name), names[_i].permitted);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/netlink");
	TCase *tcase = tcase_create("netlink");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, attributes_are_found_as_they_were_put);
	tcase_add_test(tcase, a_nest_that_ends_the_message_is_whole);
	tcase_add_test(tcase, an_attribute_that_is_too_short_or_cut_off_is_not_there);
	tcase_add_test(tcase, a_message_that_is_full_is_refused);
	tcase_add_test(tcase, the_loopback_interface_is_found_by_name_by_index_and_among_all);
	tcase_add_test(tcase, what_is_not_there_is_enodev);
	tcase_add_loop_test(tcase, names_are_judged_as_the_kernel_does, 0, LENGTH(names));
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
