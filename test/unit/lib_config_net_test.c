/* Network interfaces of a configuration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "vmm/base/log.h"
#include "vmm/lib/config.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char last_line[1024];
static unsigned int nr_lines;
static struct mote_config config;
static struct checked_config checked;

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	nr_lines++;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static void setup(void)
{
	log_set_sink(keep_line, NULL);
	mote_config_init(&config);
	config.kernel = "vmlinuz";
	config.name = "web";
	config.nr_nets = 1;
}

static void assert_refused(int error, const char *says)
{
	nr_lines = 0;
	ck_assert_int_eq(config_build(&config, &checked), error);
	ck_assert_uint_eq(nr_lines, 1);
	ck_assert_msg(strstr(last_line, says), "said: %s", last_line);
}

START_TEST(an_interface_arrives_with_all_its_options)
{
	const struct machine_net *net = &checked.machine.nets[0];
	static const uint8_t mac[MAC_BYTES] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

	config.nets[0] = (struct mote_net){
		.kind = MOTE_NET_NAT,
		.mac = "52:54:00:12:34:56",
		.queues = 4,
		.mtu = 9000,
		.in = { .bandwidth_bytes = 1000 },
		.out = { .packets = 5, .packets_burst = 50 },
		.nr_forwards = 2,
		.forwards = { { .host_port = 8080, .guest_port = 80 },
			      { .udp = true, .address = "127.0.0.1", .host_port = 53, .guest_port = 5353 } },
	};
	ck_assert_int_eq(config_build(&config, &checked), 0);
	ck_assert_uint_eq(checked.machine.nr_nets, 1);
	ck_assert_int_eq(net->nic.kind, NIC_NAT);
	ck_assert_mem_eq(net->nic.mac, mac, MAC_BYTES);
	ck_assert(!net->nic.mac_is_derived);
	ck_assert_uint_eq(net->nic.nr_pairs, 4);
	ck_assert_uint_eq(net->nic.mtu, 9000);
	ck_assert_uint_eq(net->in.bytes.per_second, 1000);
	ck_assert_uint_eq(net->in.bytes.burst, 100);
	ck_assert_uint_eq(net->in.packets.per_second, 0);
	ck_assert_uint_eq(net->out.packets.burst, 50);
	ck_assert_uint_eq(net->nic.nr_forwards, 2);
	ck_assert_int_eq(net->nic.forwards[0].family, 0);
	ck_assert_int_eq(net->nic.forwards[1].family, AF_INET);
	ck_assert_mem_eq(net->nic.forwards[1].address, "\x7f\x00\x00\x01", 4);
	ck_assert(net->nic.forwards[1].udp);
}
END_TEST

START_TEST(mac_addresses_are_made_of_name_and_index)
{
	uint8_t first[MAC_BYTES];

	config.nr_nets = 2;
	config.nets[0].kind = config.nets[1].kind = MOTE_NET_USER;
	ck_assert_int_eq(config_build(&config, &checked), 0);
	ck_assert(checked.machine.nets[0].nic.mac_is_derived);
	memcpy(first, checked.machine.nets[0].nic.mac, MAC_BYTES);
	ck_assert(!mac_equal(first, checked.machine.nets[1].nic.mac));
	ck_assert_int_eq(config_build(&config, &checked), 0);
	ck_assert(mac_equal(first, checked.machine.nets[0].nic.mac));
	config.name = "web2";
	ck_assert_int_eq(config_build(&config, &checked), 0);
	ck_assert(!mac_equal(first, checked.machine.nets[0].nic.mac));
}
END_TEST

START_TEST(descriptors_become_queues_and_have_to_be_open)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	config.nets[0] = (struct mote_net){ .kind = MOTE_NET_TAP, .nr_fds = 2, .fds = { ends[0], ends[1] } };
	ck_assert_int_eq(config_build(&config, &checked), 0);
	ck_assert_int_eq(checked.machine.nets[0].nic.kind, NIC_TAP_FDS);
	ck_assert_uint_eq(checked.machine.nets[0].nic.nr_pairs, 2);
	ck_assert_int_eq(checked.machine.nets[0].fds[1], ends[1]);
	config.nets[0].queues = 1;
	assert_refused(-EINVAL, "2 descriptors make 2 queues, and queues=1 was asked for");
	config.nets[0].queues = 0;
	close(ends[0]);
	close(ends[1]);
	assert_refused(-EBADF, "is not open");
	config.nets[0].fds[0] = -1;
	assert_refused(-EBADF, "descriptor -1 is not open");
	config.nets[0].nr_fds = MOTE_MAX_NET_QUEUES + 1;
	assert_refused(-EINVAL, "too many");
	config.nets[0] = (struct mote_net){ .kind = MOTE_NET_USER, .nr_fds = 1 };
	assert_refused(-EINVAL, "tap=fd: only");
}
END_TEST

static const struct {
	struct mote_net net;
	const char *says;
} bad[] = {
	{ { .kind = (enum mote_net_kind)5 }, "network kind 5 does not exist" },
	{ { .kind = (enum mote_net_kind) - 1 }, "network kind -1 does not exist" },
	{ { .kind = MOTE_NET_TAP }, "net tap needs the name" },
	{ { .kind = MOTE_NET_BRIDGE, .name = "" }, "needs the name" },
	{ { .kind = MOTE_NET_BRIDGE, .name = "sixteen--letters" }, "the name has 16 characters" },
	{ { .kind = MOTE_NET_TAP, .name = "a/b" }, "no interface can have this name" },
	{ { .kind = MOTE_NET_TAP, .name = "tap%d" }, "no interface can have this name" },
	{ { .kind = MOTE_NET_USER, .name = "x" }, "takes no name" },
	{ { .kind = MOTE_NET_NAT, .mac = "nonsense" }, "mac=nonsense is no MAC address" },
	{ { .kind = MOTE_NET_NAT, .mac = "" }, "is no MAC address" },
	{ { .kind = MOTE_NET_NAT, .mac = "01:00:00:00:00:00" }, "a multicast address or zero" },
	{ { .kind = MOTE_NET_NAT, .mac = "00:00:00:00:00:00" }, "a multicast address or zero" },
	{ { .kind = MOTE_NET_NAT, .queues = 17 }, "17 queues are too many: at most 16 are possible" },
	{ { .kind = MOTE_NET_USER, .queues = 2 }, "2 queues are too many: at most 1 is possible" },
	{ { .kind = MOTE_NET_NAT, .mtu = 67 }, "an MTU of 67 is not possible: ask for 68 to 65535" },
	{ { .kind = MOTE_NET_NAT, .mtu = 65536 }, "an MTU of 65536 is not possible" },
	{ { .kind = MOTE_NET_NAT, .in.bandwidth_bytes = (UINT64_C(1) << 34) + 1 }, "no limit that mote can keep" },
	{ { .kind = MOTE_NET_NAT, .out.packets_burst = 1 }, "needs a rate: packets-out=RATE:BURST" },
	{ { .kind = MOTE_NET_USER, .vhost = true }, "vhost=on is for taps" },
	{ { .kind = MOTE_NET_NAT, .vhost = true, .in.packets = 1 }, "knows no limits" },
	{ { .kind = MOTE_NET_BRIDGE, .name = "b", .nr_forwards = 1 }, "forward= is for nat and user" },
	{ { .kind = MOTE_NET_NAT, .nr_forwards = MOTE_MAX_FORWARDS + 1 }, "17 forwarded ports are too many" },
	{ { .kind = MOTE_NET_NAT, .nr_forwards = 1 }, "there is no port 0" },
	{ { .kind = MOTE_NET_NAT,
	    .nr_forwards = 1,
	    .forwards = { { .address = "::1", .host_port = 1, .guest_port = 1 } } },
	  "is no IPv4 address" },
	{ { .kind = MOTE_NET_USER,
	    .nr_forwards = 1,
	    .forwards = { { .address = "localhost", .host_port = 1, .guest_port = 1 } } },
	  "is no numeric address" },
	{ { .kind = MOTE_NET_USER,
	    .nr_forwards = 2,
	    .forwards = { { .host_port = 80, .guest_port = 1 },
			  { .address = "127.0.0.1", .host_port = 80, .guest_port = 2 } } },
	  "port 80 of the host is forwarded twice" },
};

START_TEST(an_interface_out_of_bounds_is_refused)
{
	config.nets[0] = bad[_i].net;
	assert_refused(-EINVAL, bad[_i].says);
}
END_TEST

START_TEST(one_port_of_two_protocols_or_addresses_is_two)
{
	config.nets[0] = (struct mote_net){
		.kind = MOTE_NET_USER,
		.nr_forwards = 4,
		.forwards = { { .address = "127.0.0.1", .host_port = 80, .guest_port = 1 },
			      { .address = "127.0.0.2", .host_port = 80, .guest_port = 1 },
			      { .address = "::1", .host_port = 80, .guest_port = 1 },
			      { .udp = true, .host_port = 80, .guest_port = 1 } },
	};
	ck_assert_int_eq(config_build(&config, &checked), 0);
}
END_TEST

START_TEST(two_interfaces_have_two_addresses)
{
	config.nr_nets = 2;
	config.nets[0] = config.nets[1] = (struct mote_net){ .kind = MOTE_NET_USER, .mac = "52:54:00:00:00:01" };
	assert_refused(-EINVAL, "two network interfaces have the MAC address 52:54:00:00:00:01");
}
END_TEST

START_TEST(the_number_of_interfaces_is_bounded)
{
	for (unsigned int i = 0; i < MOTE_MAX_NETS; i++)
		config.nets[i].kind = MOTE_NET_USER;
	config.nr_nets = MOTE_MAX_NETS;
	ck_assert_int_eq(config_build(&config, &checked), 0);
	config.nr_nets = MOTE_MAX_NETS + 1;
	assert_refused(-EINVAL, "9 network interfaces are too many: at most 8");
	config.nr_nets = ~0U;
	assert_refused(-EINVAL, "too many");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lib/config_net");
	TCase *tcase = tcase_create("config_net");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, an_interface_arrives_with_all_its_options);
	tcase_add_test(tcase, mac_addresses_are_made_of_name_and_index);
	tcase_add_test(tcase, descriptors_become_queues_and_have_to_be_open);
	tcase_add_loop_test(tcase, an_interface_out_of_bounds_is_refused, 0, LENGTH(bad));
	tcase_add_test(tcase, one_port_of_two_protocols_or_addresses_is_two);
	tcase_add_test(tcase, two_interfaces_have_two_addresses);
	tcase_add_test(tcase, the_number_of_interfaces_is_bounded);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
