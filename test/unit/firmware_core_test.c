#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/arena.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/source.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

static uint8_t memory[256] __attribute__((aligned(16)));

static struct arena fresh_arena(void)
{
	memset(memory, 0xaa, sizeof(memory));
	return (struct arena){ .base = memory, .size = sizeof(memory) };
}

START_TEST(arena_gives_zeroed_aligned_memory)
{
	struct arena arena = fresh_arena();
	uint8_t *first = arena_alloc(&arena, 5), *second = arena_alloc(&arena, 16);

	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert_uint_eq((uintptr_t)second % 16, 0);
	ck_assert_ptr_eq(second, first + 16);
	ck_assert_mem_eq(first, "\0\0\0\0\0", 5);
}
END_TEST

START_TEST(arena_refuses_what_it_has_no_room_for)
{
	struct arena arena = fresh_arena();

	ck_assert_ptr_null(arena_alloc(&arena, 257));
	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 14));
	ck_assert_ptr_null(arena_text(&arena, "", SIZE_MAX));
	ck_assert_uint_eq(arena.used, 0);
	ck_assert_ptr_nonnull(arena_alloc(&arena, 256));
	ck_assert_ptr_null(arena_alloc(&arena, 1));
	ck_assert_ptr_nonnull(arena_alloc(&arena, 0));
}
END_TEST

START_TEST(arena_zeroes_what_was_given_back)
{
	struct arena arena = fresh_arena();
	size_t used;
	char *text;

	ck_assert_ptr_nonnull(arena_alloc(&arena, 32));
	used = arena.used;
	text = arena_text(&arena, "hello, world", 5);
	ck_assert_str_eq(text, "hello");
	arena_release(&arena, used);
	ck_assert_ptr_eq(arena_alloc(&arena, 16), text);
	ck_assert_mem_eq(text, "\0\0\0\0\0", 5);
}
END_TEST

static int read_pattern(struct source *source, uint64_t offset, void *buf, size_t len)
{
	(void)source;
	memset(buf, (int)(offset & 0xff), len);
	return 0;
}

START_TEST(source_keeps_reads_inside)
{
	struct source source = { .read = read_pattern, .size_bytes = 100 };
	uint8_t buf[101];

	ck_assert_int_eq(source_read(&source, 90, buf, 10), 0);
	ck_assert_uint_eq(buf[9], 90);
	ck_assert_int_eq(source_read(&source, 100, buf, 0), 0);
	ck_assert_int_eq(source_read(&source, 0, buf, 101), FW_ECORRUPT);
	ck_assert_int_eq(source_read(&source, 91, buf, 10), FW_ECORRUPT);
	ck_assert_int_eq(source_read(&source, 101, buf, 0), FW_ECORRUPT);
	ck_assert_int_eq(source_read(&source, UINT64_MAX, buf, 2), FW_ECORRUPT);
	ck_assert_int_eq(source_read(&source, 2, buf, SIZE_MAX), FW_ECORRUPT);
}
END_TEST

START_TEST(every_error_has_words_of_its_own)
{
	for (int a = FW_ETOOBIG; a <= FW_EIO; a++) {
		ck_assert_str_ne(fw_error_text(a), "unknown error");
		for (int b = FW_ETOOBIG; b < a; b++)
			ck_assert_str_ne(fw_error_text(a), fw_error_text(b));
	}
	ck_assert_str_eq(fw_error_text(INT_MIN), "unknown error");
}
END_TEST

START_TEST(print_knows_its_directives)
{
	char text[128];

	ck_assert_uint_eq(print_to(text, sizeof(text), "%s|%.*s|%c|%%", "abc", 2, "xyz", '!'), 10);
	ck_assert_str_eq(text, "abc|xy|!|%");
	(void)print_to(text, sizeof(text), "%u %d %d %x %02x %4u", 0u, INT_MIN, 7, 0xbeefu, 5u, 42u);
	ck_assert_str_eq(text, "0 -2147483648 7 beef 05   42");
	(void)print_to(text, sizeof(text), "%llu %llx %zu %lu", 18446744073709551615ull, 0xfedcba9876543210ull,
		       (size_t)1 << 40, 5ul);
	ck_assert_str_eq(text, "18446744073709551615 fedcba9876543210 1099511627776 5");
}
END_TEST

START_TEST(print_to_is_cut_where_the_room_ends)
{
	char text[8];

	memset(text, 'x', sizeof(text));
	ck_assert_uint_eq(print_to(text, 5, "%s", "123456789"), 4);
	ck_assert_mem_eq(text, "1234\0xxx", 8);
	ck_assert_uint_eq(print_to(text, 1, "%u", 5u), 0);
	ck_assert_mem_eq(text, "\0002", 2);
}
END_TEST

START_TEST(what_a_disk_holds_steers_no_terminal)
{
	said_clear();
	print("<%s> %c\n", "a\033[2J\x80 \x7f \n", '\r');
	ck_assert_str_eq(said(), "<a?[2J? ? ?> ?\n");
}
END_TEST

START_TEST(a_long_line_still_ends)
{
	char word[1024];

	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	said_clear();
	print("%s\n", word);
	ck_assert_uint_gt(strlen(said()), 256);
	ck_assert_uint_lt(strlen(said()), sizeof(word));
	ck_assert_uint_eq(said()[strlen(said()) - 1], '\n');
}
END_TEST

/* firmware/core/bytes.c, under other names here. */
void *fw_memcpy(void *restrict to, const void *restrict from, size_t len);
void *fw_memmove(void *to, const void *from, size_t len);
void *fw_memset(void *to, int byte, size_t len);
int fw_memcmp(const void *a, const void *b, size_t len);
size_t fw_strlen(const char *text);
int fw_strcmp(const char *a, const char *b);
int fw_strncmp(const char *a, const char *b, size_t len);
char *fw_strchr(const char *text, int byte);

START_TEST(bytes_are_moved_as_the_c_library_does)
{
	char text[] = "0123456789";

	ck_assert_ptr_eq(fw_memmove(text + 2, text, 5), text + 2);
	ck_assert_str_eq(text, "0101234789");
	ck_assert_ptr_eq(fw_memmove(text, text + 2, 5), text);
	ck_assert_str_eq(text, "0123434789");
	ck_assert_ptr_eq(fw_memcpy(text, "ab", 2), text);
	ck_assert_ptr_eq(fw_memset(text + 2, 'z', 3), text + 2);
	ck_assert_str_eq(text, "abzzz34789");
	fw_memset(text, 0, 0);
	fw_memmove(text, text + 1, 0);
	ck_assert_str_eq(text, "abzzz34789");
}
END_TEST

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

START_TEST(strings_are_compared_as_the_c_library_does)
{
	static const char *const texts[] = { "", "a", "b", "ab", "abc", "\x80", "abd" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_uint_eq(fw_strlen(texts[i]), strlen(texts[i]));
		ck_assert_ptr_eq(fw_strchr(texts[i], 'b'), strchr(texts[i], 'b'));
		ck_assert_ptr_eq(fw_strchr(texts[i], 0), strchr(texts[i], 0));
		for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
			ck_assert_int_eq(sign(fw_strcmp(texts[i], texts[n])), sign(strcmp(texts[i], texts[n])));
			ck_assert_int_eq(sign(fw_strncmp(texts[i], texts[n], 2)), sign(strncmp(texts[i], texts[n], 2)));
		}
	}
	ck_assert_int_lt(fw_memcmp("a\0b", "a\0c", 3), 0);
	ck_assert_int_eq(fw_memcmp("a\0b", "a\0c", 2), 0);
	ck_assert_int_gt(fw_memcmp("\xff", "\x01", 1), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware_core");
	TCase *tc = tcase_create("core");

	tcase_add_test(tc, arena_gives_zeroed_aligned_memory);
	tcase_add_test(tc, arena_refuses_what_it_has_no_room_for);
	tcase_add_test(tc, arena_zeroes_what_was_given_back);
	tcase_add_test(tc, source_keeps_reads_inside);
	tcase_add_test(tc, every_error_has_words_of_its_own);
	tcase_add_test(tc, print_knows_its_directives);
	tcase_add_test(tc, print_to_is_cut_where_the_room_ends);
	tcase_add_test(tc, what_a_disk_holds_steers_no_terminal);
	tcase_add_test(tc, a_long_line_still_ends);
	tcase_add_test(tc, bytes_are_moved_as_the_c_library_does);
	tcase_add_test(tc, strings_are_compared_as_the_c_library_does);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
