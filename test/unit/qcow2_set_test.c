/* The set of cluster numbers against a plain array. */
#include "test/unit/unit.h"
#include "virtio/backend/qcow2/set.h"

#define NR 3000

START_TEST(numbers_are_there_until_they_are_taken_out)
{
	static bool there[NR];
	struct qcow2_set set = { 0 };
	uint32_t state = 7;

	ck_assert(!qcow2_set_has(&set, 0));
	for (int step = 0; step < 40000; step++) {
		uint64_t number;

		state = state * 1664525 + 1013904223;
		number = (state >> 8) % NR;
		if (state >> 31) {
			ck_assert_int_eq(qcow2_set_add(&set, number << 40 | number), !there[number]);
			there[number] = true;
		} else {
			qcow2_set_remove(&set, number << 40 | number);
			there[number] = false;
		}
	}
	for (uint64_t number = 0; number < NR; number++) {
		ck_assert_int_eq(qcow2_set_has(&set, number << 40 | number), there[number]);
		ck_assert(number == 0 || !qcow2_set_has(&set, number));
	}
	qcow2_set_fini(&set);
}
END_TEST

START_TEST(neighbours_do_not_crowd_each_other_out)
{
	struct qcow2_set set = { 0 };

	for (uint64_t i = 0; i < 100000; i++)
		ck_assert_int_eq(qcow2_set_add(&set, i), 1);
	for (uint64_t i = 0; i < 100000; i += 2)
		qcow2_set_remove(&set, i);
	for (uint64_t i = 0; i < 100000; i++)
		ck_assert_int_eq(qcow2_set_has(&set, i), i % 2);
	qcow2_set_fini(&set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qcow2_set");
	TCase *tcase = tcase_create("set");

	tcase_add_test(tcase, numbers_are_there_until_they_are_taken_out);
	tcase_add_test(tcase, neighbours_do_not_crowd_each_other_out);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
