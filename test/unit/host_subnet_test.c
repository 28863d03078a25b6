#include "vmm/host/subnet.h"

#include <string.h>

#include "test/unit/unit.h"

static struct subnet_candidates candidates;

static void setup(void)
{
	uint8_t identity[IDENTITY_BYTES] = { 7, 200, 13, 99 };

	subnet_make_up(identity, &candidates);
}

static unsigned int count_free(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < SUBNET_CANDIDATES; i++)
		nr += !candidates.taken[i];
	return nr;
}

static void strike_out(uint32_t base, unsigned int prefix_len)
{
	const struct route route = { .base = base, .prefix_len = prefix_len };

	subnet_strike_out(&candidates, &route);
}

static bool is_private(uint32_t base)
{
	return base >> 24 == 10 || base >> 20 == 0xac1 || base >> 16 == 0xc0a8;
}

START_TEST(candidates_are_private_networks)
{
	unsigned int nr_wrong = 0;

	for (unsigned int seed = 0; seed < 300; seed++) {
		uint8_t identity[IDENTITY_BYTES] = { (uint8_t)seed, (uint8_t)(seed >> 8), 0x5a, (uint8_t)(seed * 7) };

		subnet_make_up(identity, &candidates);
		for (unsigned int i = 0; i < SUBNET_CANDIDATES; i++)
			nr_wrong += !is_private(candidates.bases[i]) || (candidates.bases[i] & 0xff) != 0 ||
				    candidates.taken[i];
	}
	ck_assert_uint_eq(nr_wrong, 0);
}
END_TEST

START_TEST(the_same_identity_makes_the_same_and_another_others)
{
	uint8_t identity[IDENTITY_BYTES] = { 7, 200, 13, 99 };
	struct subnet_candidates again;

	subnet_make_up(identity, &again);
	ck_assert_mem_eq(again.bases, candidates.bases, sizeof(again.bases));
	identity[0]++;
	subnet_make_up(identity, &again);
	ck_assert_uint_ne(again.bases[0], candidates.bases[0]);
}
END_TEST

START_TEST(a_route_takes_what_it_overlaps_and_nothing_else)
{
	uint32_t first = candidates.bases[0];

	strike_out(first ^ 0x100, 24);
	ck_assert(!candidates.taken[0]);
	/* A host's route within it. */
	strike_out(first | 17, 32);
	ck_assert(candidates.taken[0]);
	candidates.taken[0] = false;
	/* A network around it. */
	strike_out(first & 0xffff0000, 16);
	ck_assert(candidates.taken[0]);
	ck_assert_uint_gt(count_free(), SUBNET_CANDIDATES / 2);
}
END_TEST

START_TEST(where_all_of_one_range_is_taken_the_next_is_there)
{
	strike_out(0x0a000000, 8);
	ck_assert_uint_gt(count_free(), 0);
	for (unsigned int i = 0; i < SUBNET_CANDIDATES; i++)
		ck_assert(candidates.taken[i] || candidates.bases[i] >> 24 != 10);
	strike_out(0xac100000, 12);
	ck_assert_uint_gt(count_free(), 0);
	strike_out(0xc0a80000, 16);
	ck_assert_uint_eq(count_free(), 0);
}
END_TEST

START_TEST(the_default_route_and_its_halves_are_no_network)
{
	strike_out(0, 0);
	strike_out(0, 1);
	strike_out(0x80000000, 1);
	ck_assert_uint_eq(count_free(), SUBNET_CANDIDATES);
}
END_TEST

START_TEST(addresses_are_the_network_s)
{
	const struct subnet subnet = { .base = 0x0a4d0200, .base6 = { 0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 1 } };
	char text[SUBNET_TEXT_BYTES];
	uint8_t address[4];

	subnet_address(&subnet, 2, address);
	ck_assert_mem_eq(address, "\x0a\x4d\x02\x02", 4);
	subnet_print(&subnet, 1, text);
	ck_assert_str_eq(text, "10.77.2.1");
	subnet_print6(&subnet, 1, text);
	ck_assert_str_eq(text, "fd12:3456:789a:1::1");
	subnet_print6(&subnet, 0, text);
	ck_assert_str_eq(text, "fd12:3456:789a:1::");
}
END_TEST

/* The routes of this machine, whatever they are. */
START_TEST(a_network_that_is_chosen_is_a_candidate)
{
	struct subnet one, again;
	int rc = subnet_choose("web", 0, &one);

	if (rc < 0)
		return;
	ck_assert(is_private(one.base));
	ck_assert_int_eq(one.base6[0], 0xfd);
	ck_assert_int_eq(subnet_choose("web", 0, &again), 0);
	ck_assert_mem_eq(&one, &again, sizeof(one));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/subnet");
	TCase *tcase = tcase_create("subnet");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, candidates_are_private_networks);
	tcase_add_test(tcase, the_same_identity_makes_the_same_and_another_others);
	tcase_add_test(tcase, a_route_takes_what_it_overlaps_and_nothing_else);
	tcase_add_test(tcase, where_all_of_one_range_is_taken_the_next_is_there);
	tcase_add_test(tcase, the_default_route_and_its_halves_are_no_network);
	tcase_add_test(tcase, addresses_are_the_network_s);
	tcase_add_test(tcase, a_network_that_is_chosen_is_a_candidate);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
