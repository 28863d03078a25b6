/* vmm/base: checked arithmetic, wire types, descriptors, the log's sink and its limit on guests. */
#include "test/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/checked.h"
#include "vmm/base/endian.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

START_TEST(range_contains_never_wraps)
{
	ck_assert(range_contains(0x1000, 0x1000, 0x1000, 0x1000));
	ck_assert(range_contains(0x1000, 0x1000, 0x2000, 0));
	ck_assert(!range_contains(0x1000, 0x1000, 0x2000, 1));
	ck_assert(!range_contains(0x1000, 0x1000, 0xfff, 1));
	ck_assert(!range_contains(0x1000, 0x1000, 0x1800, UINT64_MAX));
	ck_assert(!range_contains(0x1000, 0x1000, UINT64_MAX, 2));
	ck_assert(range_contains(UINT64_MAX, 0, UINT64_MAX, 0));
	ck_assert(!range_contains(UINT64_MAX - 1, 1, UINT64_MAX - 1, 2));
}
END_TEST

START_TEST(ranges_overlap_is_symmetric_and_ignores_empty_ones)
{
	ck_assert(ranges_overlap(0, 10, 9, 1));
	ck_assert(ranges_overlap(9, 1, 0, 10));
	ck_assert(!ranges_overlap(0, 10, 10, 1));
	ck_assert(!ranges_overlap(10, 1, 0, 10));
	ck_assert(!ranges_overlap(5, 0, 0, 10));
	ck_assert(ranges_overlap(UINT64_MAX, 1, UINT64_MAX - 4, 8));
}
END_TEST

START_TEST(checked_arithmetic_refuses_what_does_not_fit)
{
	uint64_t v = 7;

	ck_assert(!checked_add_u64(UINT64_MAX, 1, &v) && v == 7);
	ck_assert(checked_add_u64(UINT64_MAX - 1, 1, &v) && v == UINT64_MAX);
	ck_assert(!checked_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &v) && v == UINT64_MAX);
	ck_assert(checked_mul_u64(6, 7, &v) && v == 42);
	ck_assert(!checked_align_up(UINT64_MAX, 4096, &v) && v == 42);
	ck_assert(checked_align_up(4097, 4096, &v) && v == 8192);
	ck_assert(checked_align_up(4096, 4096, &v) && v == 4096);
	ck_assert(is_power_of_two(1) && is_power_of_two(4096) && !is_power_of_two(0) && !is_power_of_two(12));
}
END_TEST

START_TEST(wire_types_are_little_endian_bytes)
{
	le32 v = le32_make(0x01020304);
	const uint8_t expected[] = { 4, 3, 2, 1 };

	ck_assert_mem_eq(&v, expected, 4);
	ck_assert_uint_eq(le32_get(v), 0x01020304);
	ck_assert_uint_eq(le16_get(le16_make(0xabcd)), 0xabcd);
	ck_assert_uint_eq(le64_get(le64_make(UINT64_C(0x0123456789abcdef))), UINT64_C(0x0123456789abcdef));
}
END_TEST

START_TEST(pread_full_tells_a_short_file_from_a_whole_one)
{
	char path[] = "/tmp/mote-unit-XXXXXX", buf[8];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(fd_pwrite_full(fd, "abcdefgh", 8, 4), 0);
	ck_assert_int_eq(fd_pread_full(fd, buf, 8, 4), 0);
	ck_assert_mem_eq(buf, "abcdefgh", 8);
	ck_assert_int_eq(fd_pread_full(fd, buf, 8, 5), -ENODATA);
	fd_close(&fd);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(fd_pread_full(fd, buf, 1, 0), -EBADF);
	fd_close(&fd);
}
END_TEST

START_TEST(an_eventfd_collects_signals)
{
	int fd = fd_eventfd();

	ck_assert_int_ge(fd, 0);
	ck_assert(!fd_eventfd_take(fd));
	fd_eventfd_signal(fd);
	fd_eventfd_signal(fd);
	ck_assert(fd_eventfd_take(fd));
	ck_assert(!fd_eventfd_take(fd));
	fd_close(&fd);
}
END_TEST

struct heard {
	unsigned int lines;
	char last[128];
	enum log_level level;
};

static void hear(void *arg, enum log_level level, const char *line)
{
	struct heard *heard = arg;

	heard->lines++;
	heard->level = level;
	snprintf(heard->last, sizeof(heard->last), "%s", line);
}

START_TEST(the_sink_gets_formatted_lines_up_to_the_level)
{
	struct heard heard = { 0 };

	log_set_sink(hear, &heard);
	log_set_level(LOG_WARN);
	log_error("cannot open '%s': %d", "x", 3);
	ck_assert_str_eq(heard.last, "cannot open 'x': 3");
	ck_assert_int_eq(heard.level, LOG_ERROR);
	log_info("not this");
	ck_assert_uint_eq(heard.lines, 1);
	log_set_level(LOG_INFO);
	log_info("this");
	ck_assert_uint_eq(heard.lines, 2);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_WARN);
}
END_TEST

START_TEST(a_guest_cannot_flood_the_log)
{
	struct heard heard = { 0 };

	log_set_sink(hear, &heard);
	for (int i = 0; i < 100000; i++)
		log_guest("nonsense %d", i);
	/* Two windows at the most, if the clock passes a boundary. */
	ck_assert_uint_ge(heard.lines, LOG_GUEST_BURST);
	ck_assert_uint_le(heard.lines, 2 * LOG_GUEST_BURST);
	log_set_sink(NULL, NULL);
}
END_TEST

START_TEST(short_files_are_read_as_strings_and_cut_at_the_buffer)
{
	char file[] = "/tmp/mote-base-test-XXXXXX", text[4];
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "123456", 6), 6);
	ck_assert_int_eq(fd_read_text(file, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "123");
	ck_assert_int_eq(fd_read_line(file, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "123");
	ck_assert_int_eq(pwrite(fd, "1\n2\n", 4, 0), 4);
	ck_assert_int_eq(fd_read_line(file, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "1");
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(fd_read_line(file, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(fd_read_text(file, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "");
	close(fd);
	unlink(file);
	ck_assert_int_eq(fd_read_text(file, text, sizeof(text)), -ENOENT);
	ck_assert_int_eq(fd_read_line(file, text, sizeof(text)), -ENOENT);
	ck_assert_int_eq(fd_read_text("/tmp", text, sizeof(text)), -EISDIR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("base");

	tcase_add_test(tc, range_contains_never_wraps);
	tcase_add_test(tc, ranges_overlap_is_symmetric_and_ignores_empty_ones);
	tcase_add_test(tc, checked_arithmetic_refuses_what_does_not_fit);
	tcase_add_test(tc, wire_types_are_little_endian_bytes);
	tcase_add_test(tc, pread_full_tells_a_short_file_from_a_whole_one);
	tcase_add_test(tc, short_files_are_read_as_strings_and_cut_at_the_buffer);
	tcase_add_test(tc, an_eventfd_collects_signals);
	tcase_add_test(tc, the_sink_gets_formatted_lines_up_to_the_level);
	tcase_add_test(tc, a_guest_cannot_flood_the_log);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
