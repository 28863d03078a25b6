/* passt's command line, and how it is started: with a program in its place that notes its words. */
#include "vmm/host/passt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/host_support.h"

static struct nic_request request;
static struct passt_words words;
static char line[1024];

static void setup(void)
{
	host_setup();
	request = (struct nic_request){ .kind = NIC_USER };
}

/* All words, with blanks between them. */
static const char *joined(void)
{
	size_t len = 0;

	line[0] = '\0';
	passt_fill_words(&request, 1500, true, &words);
	for (unsigned int i = 0; words.argv[i] && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 0 ? " " : "", words.argv[i]);
	return line;
}

START_TEST(without_forwards_passt_gets_its_socket_and_the_mtu)
{
	ck_assert_str_eq(joined(), "passt --quiet --fd 3 --mtu 1500");
}
END_TEST

START_TEST(forwards_are_in_the_form_of_passt)
{
	request.nr_forwards = 3;
	request.forwards[0] = (struct nic_forward){ .host_port = 8080, .guest_port = 80 };
	request.forwards[1] =
		(struct nic_forward){ .family = AF_INET, .address = { 192, 0, 2, 1 }, .host_port = 1, .guest_port = 2 };
	request.forwards[2] = (struct nic_forward){ .udp = true, .family = AF_INET6, .host_port = 3, .guest_port = 4 };
	ck_assert_int_eq(inet_pton(AF_INET6, "::1", request.forwards[2].address), 1);
	ck_assert_str_eq(joined(), "passt --quiet --fd 3 --mtu 1500 --tcp-ports 8080:80 --tcp-ports 192.0.2.1/1:2 "
				   "--udp-ports ::1/3:4");
}
END_TEST

START_TEST(tcp_ports_alone_forward_no_datagrams)
{
	request.nr_forwards = 1;
	request.forwards[0] = (struct nic_forward){ .host_port = 8080, .guest_port = 80 };
	ck_assert_str_eq(joined(), "passt --quiet --fd 3 --mtu 1500 --tcp-ports 8080:80 --udp-ports none");
}
END_TEST

START_TEST(as_many_forwards_as_there_can_be_fit)
{
	request.nr_forwards = NIC_MAX_FORWARDS;
	for (unsigned int i = 0; i < NIC_MAX_FORWARDS; i++) {
		request.forwards[i] =
			(struct nic_forward){ .family = AF_INET6, .host_port = 65535, .guest_port = 65535 };
		memset(request.forwards[i].address, 0xfe, 16);
	}
	passt_fill_words(&request, 65535, false, &words);
	ck_assert_str_eq(words.argv[6 + 2 * NIC_MAX_FORWARDS], "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe/65535:65535");
}
END_TEST

START_TEST(only_the_way_to_a_resolver_on_this_host_leads_to_its_loopback)
{
	char stub[] = "# made by systemd\nnameserver 127.0.0.53\noptions edns0", v6[] = "nameserver\t ::1\n";
	char second[] = "nameserver 192.0.2.1\nnameserver 127.0.0.1\n";
	char router[] = "search 127.example\nnameserver 192.168.1.1\nnameserver\n#nameserver 127.0.0.1\n\n",
	     none[] = "";

	ck_assert(passt_resolver_is_local(stub));
	ck_assert(passt_resolver_is_local(v6));
	ck_assert(passt_resolver_is_local(second));
	ck_assert(!passt_resolver_is_local(router));
	ck_assert(!passt_resolver_is_local(none));
	passt_fill_words(&request, 1500, false, &words);
	ck_assert_str_eq(words.argv[6], "--no-map-gw");
}
END_TEST

START_TEST(passt_gets_one_end_of_a_socket_and_the_caller_the_other)
{
	char text[8] = "";
	int fd;

	host_make_program("passt", "(read word <&3; echo \"$word\" >&3) &");
	fd = passt_start(&request, 1500);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "hello\n", 6), 6);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 6);
	ck_assert_str_eq(text, "hello\n");
	/* Nobody holds the other end any more. */
	ck_assert_int_eq(read(fd, text, sizeof(text)), 0);
	close(fd);
	ck_assert_uint_eq(host_nr_lines, 0);
}
END_TEST

START_TEST(what_passt_says_at_last_is_what_the_user_reads)
{
	host_make_program("passt", "echo \"Don't run as root\" >&2; echo 'Failed to bind any port' >&2; "
				   "echo 'Failed to send 31 bytes to syslog' >&2; exit 1");
	ck_assert_int_eq(passt_start(&request, 1500), -EIO);
	host_expect_line("net user: passt gave up: Failed to bind any port");
	host_make_program("passt", "exit 1");
	ck_assert_int_eq(passt_start(&request, 1500), -EIO);
	host_expect_line("it does not say why");
	host_make_program("passt", "echo 'External interface not usable' >&2; exit 1");
	ck_assert_int_eq(passt_start(&request, 1500), -EIO);
	host_expect_line("this host has no default route");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/passt");
	TCase *tcase = tcase_create("passt");

	tcase_add_checked_fixture(tcase, setup, host_teardown);
	tcase_add_test(tcase, without_forwards_passt_gets_its_socket_and_the_mtu);
	tcase_add_test(tcase, forwards_are_in_the_form_of_passt);
	tcase_add_test(tcase, tcp_ports_alone_forward_no_datagrams);
	tcase_add_test(tcase, as_many_forwards_as_there_can_be_fit);
	tcase_add_test(tcase, only_the_way_to_a_resolver_on_this_host_leads_to_its_loopback);
	tcase_add_test(tcase, passt_gets_one_end_of_a_socket_and_the_caller_the_other);
	tcase_add_test(tcase, what_passt_says_at_last_is_what_the_user_reads);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
