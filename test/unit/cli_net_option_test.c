#include "vmm/cli/net_option.h"

#include <errno.h>
#include <string.h>

#include "test/unit/cli_capture.h"
#include "test/unit/unit.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *text;
	struct mote_net net;
} valid[] = {
	{ "user", { .kind = MOTE_NET_USER } },
	{ "nat", { .kind = MOTE_NET_NAT } },
	{ "tap=web0", { .kind = MOTE_NET_TAP, .name = "web0" } },
	{ "bridge=br0", { .kind = MOTE_NET_BRIDGE, .name = "br0" } },
	{ "macvtap=eth0", { .kind = MOTE_NET_MACVTAP, .name = "eth0" } },
	{ "tap=a,,b", { .kind = MOTE_NET_TAP, .name = "a,b" } },
	{ "tap=fd0", { .kind = MOTE_NET_TAP, .name = "fd0" } },
	{ "tap=fd:3", { .kind = MOTE_NET_TAP, .nr_fds = 1, .fds = { 3 } } },
	{ "tap=fd:3:14:5", { .kind = MOTE_NET_TAP, .nr_fds = 3, .fds = { 3, 14, 5 } } },
	{ "nat,mac=52:54:00:12:34:56", { .kind = MOTE_NET_NAT, .mac = "52:54:00:12:34:56" } },
	{ "nat,mtu=9000,queues=4,vhost=on", { .kind = MOTE_NET_NAT, .mtu = 9000, .queues = 4, .vhost = true } },
	{ "nat,vhost=on,vhost=off", { .kind = MOTE_NET_NAT } },
	{ "nat,bandwidth-in=50M,packets-out=1000:4000",
	  { .kind = MOTE_NET_NAT, .in.bandwidth_bytes = 50 << 20, .out = { .packets = 1000, .packets_burst = 4000 } } },
	{ "nat,bandwidth-out=1:2k,packets-in=7",
	  { .kind = MOTE_NET_NAT, .out = { .bandwidth_bytes = 1, .bandwidth_burst_bytes = 2048 }, .in.packets = 7 } },
	{ "user,forward=8080:80",
	  { .kind = MOTE_NET_USER, .nr_forwards = 1, .forwards = { { .host_port = 8080, .guest_port = 80 } } } },
	{ "user,forward=tcp:1:65535,forward=udp:127.0.0.1:53:5353,forward=[::1]:22:22",
	  { .kind = MOTE_NET_USER,
	    .nr_forwards = 3,
	    .forwards = { { .host_port = 1, .guest_port = 65535 },
			  { .udp = true, .address = "127.0.0.1", .host_port = 53, .guest_port = 5353 },
			  { .address = "::1", .host_port = 22, .guest_port = 22 } } } },
};

static void assert_limits(const struct mote_net_limits *limits, const struct mote_net_limits *expected)
{
	ck_assert_uint_eq(limits->bandwidth_bytes, expected->bandwidth_bytes);
	ck_assert_uint_eq(limits->bandwidth_burst_bytes, expected->bandwidth_burst_bytes);
	ck_assert_uint_eq(limits->packets, expected->packets);
	ck_assert_uint_eq(limits->packets_burst, expected->packets_burst);
}

START_TEST(every_option_is_read)
{
	const struct mote_net *expected = &valid[_i].net;
	struct net_option option;
	const struct mote_net *net = &option.net;

	ck_assert_int_eq(net_option_parse(valid[_i].text, &option), 0);
	ck_assert_int_eq(net->kind, expected->kind);
	ck_assert_pstr_eq(net->name, expected->name);
	ck_assert_uint_eq(net->nr_fds, expected->nr_fds);
	for (unsigned int i = 0; i < expected->nr_fds; i++)
		ck_assert_int_eq(net->fds[i], expected->fds[i]);
	ck_assert_pstr_eq(net->mac, expected->mac);
	ck_assert_uint_eq(net->mtu, expected->mtu);
	ck_assert_uint_eq(net->queues, expected->queues);
	ck_assert_int_eq(net->vhost, expected->vhost);
	assert_limits(&net->in, &expected->in);
	assert_limits(&net->out, &expected->out);
	ck_assert_uint_eq(net->nr_forwards, expected->nr_forwards);
	for (unsigned int i = 0; i < expected->nr_forwards; i++) {
		ck_assert_int_eq(net->forwards[i].udp, expected->forwards[i].udp);
		ck_assert_pstr_eq(net->forwards[i].address, expected->forwards[i].address);
		ck_assert_uint_eq(net->forwards[i].host_port, expected->forwards[i].host_port);
		ck_assert_uint_eq(net->forwards[i].guest_port, expected->forwards[i].guest_port);
	}
	net_option_fini(&option);
	ck_assert_ptr_null(option.storage);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} invalid[] = {
	{ "", "there is no ''" },
	{ ",mtu=1500", "there is no ''" },
	{ "usr", "did you mean 'user'?" },
	{ "ethernet", "begin with user, nat, bridge=NAME" },
	{ "user=passt", "'user' takes no name" },
	{ "nat=", "'nat' takes no name" },
	{ "tap", "'tap' needs a value: tap=, with the name of a tap, or fd:N" },
	{ "tap=", "'tap' needs a value" },
	{ "bridge", "with the name of a bridge" },
	{ "tap=fd:", "is not a descriptor's number" },
	{ "tap=fd:3:", "is not a descriptor's number" },
	{ "tap=fd:three", "is not a descriptor's number" },
	{ "tap=fd:-1", "is not a descriptor's number" },
	{ "tap=fd:4294967295", "is not a descriptor's number" },
	{ "tap=fd:1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17", "at most 16" },
	{ "nat,", "unknown option ''" },
	{ "nat,mca=1", "did you mean 'mac'?" },
	{ "nat,mac", "'mac' needs a value" },
	{ "nat,mac=", "six bytes" },
	{ "nat,mtu=0", "68 to 65535" },
	{ "nat,mtu=big", "68 to 65535" },
	{ "nat,queues=0", "a count from 1 on" },
	{ "nat,vhost=auto", "on or off" },
	{ "nat,bandwidth-in=0", "bytes a second from 1 on" },
	{ "nat,bandwidth-out=1:0", "bytes a second from 1 on" },
	{ "nat,packets-in=1k", "packets a second from 1 on" },
	{ "nat,forward", "'forward' needs a value" },
	{ "nat,forward=80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=80:", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=0:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=80:65536", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=80:0000000080", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=icmp:80:80:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=:80:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=[::1:80:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=[]:80:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=[::1]80:80", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
	{ "nat,forward=udp:", "[tcp:|udp:][ADDRESS:]PORT:PORT" },
};

START_TEST(each_mistake_is_one_line_that_quotes_what_was_asked)
{
	struct net_option option = { .storage = NULL };
	struct capture capture;
	const char *said;
	int rc;

	capture_begin(&capture);
	rc = net_option_parse(invalid[_i].text, &option);
	said = capture_end(&capture);
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_ptr_null(option.storage);
	ck_assert_uint_eq(count_lines(said), 1);
	ck_assert_msg(strstr(said, invalid[_i].says), "said: %s", said);
	ck_assert_msg(strstr(said, invalid[_i].text), "said: %s", said);
}
END_TEST

START_TEST(forwards_are_bounded)
{
	char text[512] = "nat";
	struct net_option option;
	struct capture capture;
	const char *said;

	for (unsigned int i = 0; i < MOTE_MAX_FORWARDS; i++)
		strcat(text, ",forward=80:80");
	ck_assert_int_eq(net_option_parse(text, &option), 0);
	ck_assert_uint_eq(option.net.nr_forwards, MOTE_MAX_FORWARDS);
	net_option_fini(&option);
	strcat(text, ",forward=80:80");
	capture_begin(&capture);
	ck_assert_int_eq(net_option_parse(text, &option), -EINVAL);
	said = capture_end(&capture);
	ck_assert_msg(strstr(said, "at most 16 times"), "said: %s", said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/net_option");
	TCase *tcase = tcase_create("net_option");

	tcase_add_loop_test(tcase, every_option_is_read, 0, LENGTH(valid));
	tcase_add_loop_test(tcase, each_mistake_is_one_line_that_quotes_what_was_asked, 0, LENGTH(invalid));
	tcase_add_test(tcase, forwards_are_bounded);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
