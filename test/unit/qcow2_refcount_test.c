/* Entries of a refcount block, of each width. */
#include <string.h>

#include "test/unit/unit.h"
#include "virtio/backend/qcow2/refcount.h"

static uint8_t bytes[512];
static struct qcow2 image;
static struct qcow2_table block;

static void use_width(uint32_t order)
{
	memset(bytes, 0, sizeof(bytes));
	image = (struct qcow2){ .header.refcount_order = order, .block_bits = 9 + 3 - order, .max_tables = 16 };
	block = (struct qcow2_table){ .bytes = bytes, .image = &image };
}

START_TEST(entries_do_not_touch_each_other)
{
	uint32_t order = (uint32_t)_i, nr;
	uint64_t most = order == 6 ? UINT64_MAX : (UINT64_C(1) << (1u << order)) - 1;

	use_width(order);
	nr = 1u << image.block_bits;
	for (uint32_t i = 0; i < nr; i++)
		qcow2_refcount_set(&image, &block, i, i % 2 == 0 ? most : 0);
	for (uint32_t i = 0; i < nr; i++)
		ck_assert_uint_eq(qcow2_refcount_get(&image, &block, i), i % 2 == 0 ? most : 0);
	/* The index counts from the block's first cluster. */
	ck_assert_uint_eq(qcow2_refcount_get(&image, &block, 5ull * nr), most);
	for (uint32_t i = 0; i < nr; i++)
		qcow2_refcount_set(&image, &block, i, i % 2);
	for (uint32_t i = 0; i < nr; i++)
		ck_assert_uint_eq(qcow2_refcount_get(&image, &block, i), i % 2);
}
END_TEST

START_TEST(entries_lie_where_the_format_says)
{
	static const struct {
		uint32_t order;
		uint32_t at;
		uint8_t byte;
	} places[] = {
		{ 0, 1, 0x08 }, { 1, 2, 0x40 }, { 2, 5, 0x10 }, { 3, 11, 1 }, { 4, 23, 1 }, { 5, 47, 1 }, { 6, 95, 1 },
	};

	/* Entry 11 of each width; in less than a byte the first is the lowest bits, in more than one it is big-endian.
	 */
	use_width(places[_i].order);
	qcow2_refcount_set(&image, &block, 11, 1);
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		ck_assert_uint_eq(bytes[i], i == places[_i].at ? places[_i].byte : 0);
	ck_assert_uint_le(block.dirty.first, places[_i].at);
	ck_assert_uint_gt(block.dirty.end, places[_i].at);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qcow2_refcount");
	TCase *tcase = tcase_create("refcount");

	tcase_add_loop_test(tcase, entries_do_not_touch_each_other, 0, 7);
	tcase_add_loop_test(tcase, entries_lie_where_the_format_says, 0, 7);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
