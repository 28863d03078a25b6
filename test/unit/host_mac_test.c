#include "vmm/host/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "test/unit/unit.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

START_TEST(what_was_printed_is_read)
{
	static const uint8_t mac[MAC_BYTES] = { 0x52, 0x54, 0x00, 0xab, 0xcd, 0xef };
	uint8_t read[MAC_BYTES];
	char text[MAC_TEXT_BYTES];

	mac_print(mac, text);
	ck_assert_str_eq(text, "52:54:00:ab:cd:ef");
	ck_assert_int_eq(mac_parse(text, read), 0);
	ck_assert_mem_eq(read, mac, MAC_BYTES);
	ck_assert_int_eq(mac_parse("52:54:00:AB:CD:EF", read), 0);
	ck_assert(mac_equal(read, mac));
}
END_TEST

static const struct {
	const char *text;
	int rc;
} bad[] = {
	{ "", -EINVAL },
	{ "5", -EINVAL },
	{ "52:54:00:12:34", -EINVAL },
	{ "52:54:00:12:34:", -EINVAL },
	{ "52:54:00:12:34:5", -EINVAL },
	{ "52:54:00:12:34:567", -EINVAL },
	{ "52:54:00:12:34:56:", -EINVAL },
	{ "52:54:00:12:34:56:78", -EINVAL },
	{ "52-54-00-12-34-56", -EINVAL },
	{ "5254.0012.3456", -EINVAL },
	{ "525400123456", -EINVAL },
	{ " 2:54:00:12:34:56", -EINVAL },
	{ "+2:54:00:12:34:56", -EINVAL },
	{ "g2:54:00:12:34:56", -EINVAL },
	{ "00:00:00:00:00:00", -EADDRNOTAVAIL },
	{ "01:00:5e:00:00:01", -EADDRNOTAVAIL },
	{ "ff:ff:ff:ff:ff:ff", -EADDRNOTAVAIL },
};

START_TEST(what_is_none_or_no_interface_s_is_refused)
{
	uint8_t mac[MAC_BYTES] = { 1, 2, 3, 4, 5, 6 }, before[MAC_BYTES] = { 1, 2, 3, 4, 5, 6 };

	ck_assert_int_eq(mac_parse(bad[_i].text, mac), bad[_i].rc);
	ck_assert(mac_equal(mac, before));
}
END_TEST

START_TEST(a_name_and_an_index_always_make_the_same_address)
{
	uint8_t one[MAC_BYTES], other[MAC_BYTES];

	mac_of_vm("web", 0, one);
	mac_of_vm("web", 0, other);
	ck_assert(mac_equal(one, other));
	mac_of_vm("web", 1, other);
	ck_assert(!mac_equal(one, other));
	mac_of_vm("web1", 0, other);
	ck_assert(!mac_equal(one, other));
	/* Name and index do not run into each other. */
	mac_of_vm("web", 11, one);
	mac_of_vm("web1", 1, other);
	ck_assert(!mac_equal(one, other));
}
END_TEST

START_TEST(made_up_addresses_are_local_unicast_and_differ)
{
	static uint8_t macs[2000][MAC_BYTES];
	unsigned int nr_equal = 0, nr_wrong = 0;
	char name[32];

	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "mote-%u", i);
		mac_of_vm(name, i % 8, macs[i]);
		nr_wrong += (macs[i][0] & 3) != 2;
		for (unsigned int j = 0; j < i; j++)
			nr_equal += mac_equal(macs[i], macs[j]);
	}
	ck_assert_uint_eq(nr_wrong, 0);
	ck_assert_uint_eq(nr_equal, 0);
}
END_TEST

START_TEST(the_host_end_has_another_address_that_tells_the_guest)
{
	uint8_t guest[MAC_BYTES] = { 0x52, 1, 2, 3, 4, 5 }, host[MAC_BYTES];

	mac_of_host_end(guest, host);
	ck_assert_int_eq(host[0], 0xfe);
	ck_assert_mem_eq(host + 1, guest + 1, MAC_BYTES - 1);
	guest[0] = 0xfe;
	mac_of_host_end(guest, host);
	ck_assert(!mac_equal(host, guest));
	ck_assert_int_eq(host[0] & 3, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/mac");
	TCase *tcase = tcase_create("mac");

	tcase_add_test(tcase, what_was_printed_is_read);
	tcase_add_loop_test(tcase, what_is_none_or_no_interface_s_is_refused, 0, LENGTH(bad));
	tcase_add_test(tcase, a_name_and_an_index_always_make_the_same_address);
	tcase_add_test(tcase, made_up_addresses_are_local_unicast_and_differ);
	tcase_add_test(tcase, the_host_end_has_another_address_that_tells_the_guest);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
