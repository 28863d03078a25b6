#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "vmm/boot/load.h"

#define MIB ((uint64_t)1 << 20)
#define FILE_BYTES (12 * MIB)
#define MEMORY_BYTES (32 * MIB)

static struct guest_memory memory;
static struct source source;

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset ^ (offset >> 8) ^ (offset >> 16) * 31);
}

static void setup(void)
{
	const struct guest_region region = { .base = 0, .size_bytes = MEMORY_BYTES };
	int fd = memfd_create("ranges", MFD_CLOEXEC);
	uint8_t *bytes = malloc(FILE_BYTES);

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(bytes);
	for (uint64_t i = 0; i < FILE_BYTES; i++)
		bytes[i] = byte_at(i);
	ck_assert_int_eq(write(fd, bytes, FILE_BYTES), (ssize_t)FILE_BYTES);
	free(bytes);
	ck_assert_int_eq(source_from_fd(fd, &source), 0);
	ck_assert_int_eq(guest_memory_create(&region, 1, &memory), 0);
}

static void teardown(void)
{
	guest_memory_destroy(&memory);
	close(source.fd);
}

static void assert_loaded(const struct load_range *range)
{
	const uint8_t *at = guest_memory_at(&memory, range->gpa, range->len);
	uint64_t wrong = 0;

	ck_assert_ptr_nonnull(at);
	/* One assertion: each costs a system call. */
	for (uint64_t i = 0; i < range->len; i++)
		wrong += at[i] != byte_at(range->offset + i);
	ck_assert_uint_eq(wrong, 0);
}

START_TEST(every_range_is_loaded_whole_and_nothing_else_is_touched)
{
	/* Across huge pages, from odd places to odd places, empty, within one page, and touching its neighbour. */
	const struct load_range ranges[] = {
		{ 1 * MIB - 7, 1, 8 * MIB + 5 }, { 10 * MIB, 0, 0 },	   { 10 * MIB + 1, 5 * MIB, 1 },
		{ 16 * MIB, 4 * MIB, 8 * MIB },	 { 24 * MIB, 0, 2 * MIB },
	};
	const unsigned int nr = sizeof(ranges) / sizeof(ranges[0]);
	const uint8_t *all = guest_memory_at(&memory, 0, MEMORY_BYTES);
	uint64_t loaded = 0, set = 0, expected_set = 0;

	ck_assert_int_eq(load_ranges(&source, &memory, ranges, nr), 0);
	for (unsigned int i = 0; i < nr; i++) {
		assert_loaded(&ranges[i]);
		loaded += ranges[i].len;
		for (uint64_t j = 0; j < ranges[i].len; j++)
			expected_set += byte_at(ranges[i].offset + j) != 0;
	}
	for (uint64_t i = 0; i < MEMORY_BYTES; i++)
		set += all[i] != 0;
	ck_assert_uint_eq(set, expected_set);
	ck_assert_uint_gt(loaded, 16 * MIB);
}
END_TEST

START_TEST(bytes_in_memory_are_a_source_too)
{
	uint8_t *bytes = calloc(1, 9 * MIB);
	struct source in_memory = source_from_bytes(bytes, 9 * MIB);
	const struct load_range range = { MIB + 3, 5, 9 * MIB - 5 };

	for (uint64_t i = 0; i < 9 * MIB; i++)
		bytes[i] = byte_at(i);
	ck_assert_int_eq(load_ranges(&in_memory, &memory, &range, 1), 0);
	assert_loaded(&range);
	free(bytes);
}
END_TEST

START_TEST(a_range_beyond_the_source_is_refused)
{
	const struct load_range ranges[] = { { 0, 0, 8 * MIB }, { 16 * MIB, 6 * MIB, 8 * MIB } };

	ck_assert_int_eq(load_ranges(&source, &memory, ranges, 2), -ENODATA);
}
END_TEST

START_TEST(a_range_outside_of_memory_is_refused)
{
	const struct load_range ranges[] = { { 0, 0, 8 * MIB }, { 28 * MIB, 0, 8 * MIB } };

	ck_assert_int_eq(load_ranges(&source, &memory, ranges, 2), -EFAULT);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("boot ranges");
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_range_is_loaded_whole_and_nothing_else_is_touched);
	tcase_add_test(tc, bytes_in_memory_are_a_source_too);
	tcase_add_test(tc, a_range_beyond_the_source_is_refused);
	tcase_add_test(tc, a_range_outside_of_memory_is_refused);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
