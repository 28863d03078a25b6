/* Ports of this machine's loopback address, which are claimed and given back. */
#include "vmm/host/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/host_support.h"

static struct nic_forward loopback(bool udp, uint16_t port)
{
	return (struct nic_forward){
		.udp = udp, .family = AF_INET, .address = { 127, 0, 0, 1 }, .host_port = port, .guest_port = 80
	};
}

/* Claims some port that is free. */
static int claim_any(bool udp, struct nic_forward *forward)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	*forward = loopback(udp, ntohs(address.sin_port));
	return ports_claim("net nat", forward);
}

START_TEST(a_forward_is_printed_as_its_reader_wants_it)
{
	struct nic_forward forward = { .host_port = 8080 };
	char text[PORTS_TEXT_BYTES];

	ports_print(&forward, '/', text);
	ck_assert_str_eq(text, "8080");
	forward = loopback(false, 65535);
	ports_print(&forward, '/', text);
	ck_assert_str_eq(text, "127.0.0.1/65535");
	forward.family = AF_INET6;
	memset(forward.address, 0xfe, 16);
	ports_print(&forward, ' ', text);
	ck_assert_str_eq(text, "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe 65535");
}
END_TEST

START_TEST(a_claimed_port_can_not_be_claimed_again_until_it_is_given_back)
{
	struct nic_forward forward, everywhere;
	bool udp = _i == 1;
	int fd = claim_any(udp, &forward);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ports_claim("net user", &forward), -EADDRINUSE);
	host_expect_line("net user: ");
	everywhere = forward;
	everywhere.family = 0;
	ck_assert_int_eq(ports_claim("net nat", &everywhere), -EADDRINUSE);
	host_expect_line("is in use");
	/* The other protocol's port is another. */
	close(fd);
	fd = ports_claim("net nat", &forward);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(an_address_that_is_not_this_host_s_is_refused)
{
	struct nic_forward forward = loopback(false, 8080);

	memcpy(forward.address, (const uint8_t[]){ 192, 0, 2, 77 }, 4);
	ck_assert_int_eq(ports_claim("net nat", &forward), -EADDRNOTAVAIL);
	host_expect_line("cannot forward TCP port 192.0.2.77 8080: this host has no such address");
}
END_TEST

START_TEST(what_was_claimed_before_a_failure_goes_with_the_nic)
{
	struct nic_request request = { .nr_forwards = 2 };
	struct nic nic = { .nr_held = 0 };
	int fd = claim_any(false, &request.forwards[0]);

	close(fd);
	request.forwards[1] = request.forwards[0];
	ck_assert_int_eq(ports_claim_all("net nat", &request, &nic), -EADDRINUSE);
	host_expect_line("is in use");
	ck_assert_uint_eq(nic.nr_held, 1);
	nic_close(&nic);
	request.nr_forwards = 1;
	ck_assert_int_eq(ports_claim_all("net nat", &request, &nic), 0);
	nic_close(&nic);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/ports");
	TCase *tcase = tcase_create("ports");

	tcase_add_checked_fixture(tcase, host_setup, host_teardown);
	tcase_add_test(tcase, a_forward_is_printed_as_its_reader_wants_it);
	tcase_add_loop_test(tcase, a_claimed_port_can_not_be_claimed_again_until_it_is_given_back, 0, 2);
	tcase_add_test(tcase, an_address_that_is_not_this_host_s_is_refused);
	tcase_add_test(tcase, what_was_claimed_before_a_failure_goes_with_the_nic);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
