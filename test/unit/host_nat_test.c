/* What a guest's network behind the host is made of: the rules, and dnsmasq's command line. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "test/unit/unit.h"
#include "vmm/host/janitor_message.h"
#include "vmm/host/nat.h"
#include "vmm/host/nat_dnsmasq.h"
#include "vmm/host/nat_firewall.h"
#include "vmm/host/nat_table.h"

static const struct subnet subnet = { .base = 0x0a4d0200, .base6 = { 0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 1 } };
static struct nic_forward forwards[NIC_MAX_FORWARDS];
static struct nat_table table;
static char script[NAT_TABLE_SCRIPT_BYTES];

static void setup(void)
{
	table = (struct nat_table){ .tap = "mote-nat0", .vm_name = "web", .subnet = &subnet, .forwards = forwards };
}

static void assert_has(const char *line)
{
	ck_assert_msg(strstr(script, line) != NULL, "'%s' is not in:\n%s", line, script);
}

START_TEST(the_table_is_made_anew_and_lets_the_guest_out)
{
	ck_assert_int_eq(nat_table_print(&table, script), 0);
	ck_assert_ptr_eq(
		strstr(script, "add table inet mote-nat0\ndelete table inet mote-nat0\ntable inet mote-nat0 {\n"),
		script);
	assert_has("comment \"of the VM web\"");
	assert_has("oifname != \"mote-nat0\" ip saddr 10.77.2.0/24 masquerade\n");
	assert_has("oifname \"mote-nat0\" ct state established,related accept\n");
	assert_has("oifname \"mote-nat0\" drop\n");
	/* Nothing of what is not asked for. */
	ck_assert_ptr_null(strstr(script, "dnat ip"));
	ck_assert_ptr_null(strstr(script, "127.0.0.0"));
	ck_assert_ptr_null(strstr(script, "ip6"));
}
END_TEST

START_TEST(ipv6_has_a_way_out_where_the_host_forwards_it)
{
	table.with_ipv6 = true;
	ck_assert_int_eq(nat_table_print(&table, script), 0);
	assert_has("oifname != \"mote-nat0\" ip6 saddr fd12:3456:789a:1::/64 masquerade\n");
}
END_TEST

START_TEST(ports_lead_to_the_guest_and_loopback_is_guarded)
{
	table.nr_forwards = 2;
	forwards[0] = (struct nic_forward){ .host_port = 8080, .guest_port = 80 };
	forwards[1] = (struct nic_forward){ .udp = true, .family = AF_INET, .host_port = 53, .guest_port = 5353 };
	ck_assert_int_eq(inet_pton(AF_INET, "127.0.0.1", forwards[1].address), 1);
	ck_assert_int_eq(nat_table_print(&table, script), 0);
	assert_has("\ntcp dport 8080 dnat ip to 10.77.2.2:80\n");
	assert_has("\nip daddr 127.0.0.1 udp dport 53 dnat ip to 10.77.2.2:5353\n");
	assert_has("iifname != \"mote-nat0\" fib daddr type local jump ports\n");
	assert_has("type nat hook output priority -100\nfib daddr type local jump ports\n");
	assert_has("iifname \"mote-nat0\" ip daddr 127.0.0.0/8 drop\n");
	assert_has("oifname \"mote-nat0\" ip saddr 127.0.0.0/8 masquerade\n");
}
END_TEST

START_TEST(the_longest_script_fits_a_message_to_the_janitor)
{
	static const char longest[] = "a-name-of-sixty-three-characters-which-is-the-most-that-are-pos";
	char removal[NAT_TABLE_SCRIPT_BYTES];
	const char *const make[] = { "nft", script, NULL };
	const char *const undo[] = { "nft", removal, NULL };
	struct janitor_request request;

	table.tap = "mote-nat4294967";
	table.vm_name = longest;
	table.with_ipv6 = true;
	table.nr_forwards = NIC_MAX_FORWARDS;
	for (unsigned int i = 0; i < NIC_MAX_FORWARDS; i++)
		forwards[i] = (struct nic_forward){
			.family = AF_INET, .address = { 255, 255, 255, 255 }, .host_port = 65535, .guest_port = 65535
		};
	ck_assert_int_eq(nat_table_print(&table, script), 0);
	nat_table_print_removal(table.tap, removal);
	ck_assert_str_eq(removal, "add table inet mote-nat4294967\ndelete table inet mote-nat4294967\n");
	ck_assert_int_gt(janitor_request_fill(&request, make, undo), 0);
}
END_TEST

START_TEST(a_firewall_that_drops_what_is_forwarded_is_found)
{
	char none[] = "table inet mote-uplink-eth0 {\n}\ntable inet mote-nat0 {\n\tchain pass {\n"
		      "\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n"
		      "table ip filter {\n\tchain INPUT {\n"
		      "\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n";
	char docker[] = "table ip nat {\n\tchain DOCKER {\n\t}\n}\ntable ip filter {\n\tchain DOCKER {\n\t}\n"
			"\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n";
	char nonsense[] = "type filter hook forward priority filter; policy drop;\ntable \n{}";
	char nothing[] = "";

	ck_assert_ptr_null(nat_firewall_find(none));
	ck_assert_pstr_eq(nat_firewall_find(docker), "ip filter");
	ck_assert_ptr_null(nat_firewall_find(nonsense));
	ck_assert_ptr_null(nat_firewall_find(nothing));
}
END_TEST

static bool has_word(const struct nat_dnsmasq_words *words, const char *word)
{
	for (unsigned int i = 0; words->argv[i]; i++) {
		if (strcmp(words->argv[i], word) == 0)
			return true;
	}
	return false;
}

START_TEST(dnsmasq_serves_the_tap_alone_and_keeps_nothing)
{
	const struct nat_dnsmasq dnsmasq = {
		.tap = "mote-nat0", .subnet = &subnet, .guest_mac = { 0x52, 0x54, 0, 1, 2, 3 }, .mtu = 1400
	};
	struct nat_dnsmasq_words words;

	nat_dnsmasq_fill_words(&dnsmasq, &words);
	ck_assert_str_eq(words.argv[0], "dnsmasq");
	ck_assert(has_word(&words, "--interface=mote-nat0"));
	ck_assert(has_word(&words, "--bind-interfaces"));
	ck_assert(has_word(&words, "--except-interface=lo"));
	ck_assert(has_word(&words, "--conf-file=/dev/null"));
	ck_assert(has_word(&words, "--pid-file="));
	ck_assert(has_word(&words, "--leasefile-ro"));
	ck_assert(has_word(&words, "--dhcp-host=52:54:00:01:02:03,10.77.2.2,infinite"));
	ck_assert(has_word(&words, "--dhcp-range=10.77.2.3,10.77.2.254,255.255.255.0,12h"));
	ck_assert(has_word(&words, "--dhcp-option=option:mtu,1400"));
	ck_assert(!has_word(&words, "--enable-ra"));
}
END_TEST

START_TEST(dnsmasq_advertises_a_router_only_where_there_is_a_way_out)
{
	struct nat_dnsmasq dnsmasq = { .tap = "mote-nat4294967", .subnet = &subnet, .mtu = 65535, .has_ipv6 = true };
	struct nat_dnsmasq_words words;

	nat_dnsmasq_fill_words(&dnsmasq, &words);
	ck_assert(has_word(&words, "--enable-ra"));
	ck_assert(has_word(&words, "--dhcp-range=fd12:3456:789a:1::,ra-only,64"));
	ck_assert(has_word(&words, "--ra-param=mote-nat4294967,mtu:65535,60,0"));
	dnsmasq.routes_ipv6 = true;
	nat_dnsmasq_fill_words(&dnsmasq, &words);
	ck_assert(has_word(&words, "--ra-param=mote-nat4294967,mtu:65535,60,1800"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/nat");
	TCase *tcase = tcase_create("nat");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, the_table_is_made_anew_and_lets_the_guest_out);
	tcase_add_test(tcase, ipv6_has_a_way_out_where_the_host_forwards_it);
	tcase_add_test(tcase, ports_lead_to_the_guest_and_loopback_is_guarded);
	tcase_add_test(tcase, the_longest_script_fits_a_message_to_the_janitor);
	tcase_add_test(tcase, a_firewall_that_drops_what_is_forwarded_is_found);
	tcase_add_test(tcase, dnsmasq_serves_the_tap_alone_and_keeps_nothing);
	tcase_add_test(tcase, dnsmasq_advertises_a_router_only_where_there_is_a_way_out);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
