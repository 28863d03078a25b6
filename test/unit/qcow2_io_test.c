/* Reads and writes on small images: what comes back, what the file holds afterwards, and what an image that lies about
 * its clusters can and can't do. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "test/unit/qcow2_support.h"

#define COPIED (UINT64_C(1) << 63)
#define COMPRESSED (UINT64_C(1) << 62)
#define ZERO UINT64_C(1)
#define FREE_CLUSTER (6 * TINY_CLUSTER) /* the first */

static struct tiny tiny, before;
static struct tiny_disk disk;
static const struct block_options writable = { .discard = true };

static void open_tiny(void)
{
	tiny_save(&tiny);
	before = tiny;
	tiny_open(&tiny, &writable, &disk);
}

static uint64_t entry_of(unsigned int cluster)
{
	return tiny_get64(&tiny, TINY_L2 + 8 * cluster);
}

static int flush(void)
{
	return block_perform_range(disk.loop, disk.block, BLOCK_FLUSH, 0, 0);
}

static int zeroes(enum block_op op, uint64_t offset, uint64_t length)
{
	return block_perform_range(disk.loop, disk.block, op, offset, length);
}

static void expect_unchanged(void)
{
	tiny_load(&tiny);
	ck_assert_uint_eq(tiny.len, before.len);
	ck_assert_mem_eq(tiny.bytes, before.bytes, before.len);
}

/* --- allocation --- */

START_TEST(a_cluster_of_our_own_is_written_in_place)
{
	tiny_init(&tiny, 3);
	open_tiny();
	ck_assert_int_eq(tiny_write(&disk, 512, 'b', 512), 0);
	tiny_expect(&disk, 0, 'A', 512);
	tiny_expect(&disk, 512, 'b', 512);
	tiny_close(&disk);
	memset(before.bytes + TINY_DATA + 512, 'b', 512);
	expect_unchanged();
}
END_TEST

START_TEST(tables_are_on_the_disk_after_a_flush_and_not_before)
{
	tiny_init(&tiny, 3);
	open_tiny();
	ck_assert_int_eq(tiny_write(&disk, 3 * TINY_CLUSTER + 512, 'b', 512), 0);
	tiny_expect(&disk, 3 * TINY_CLUSTER, 0, 512);
	tiny_expect(&disk, 3 * TINY_CLUSTER + 512, 'b', 512);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(3), 0);
	ck_assert_int_eq(flush(), 0);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(3), FREE_CLUSTER | COPIED);
	ck_assert_uint_eq(tiny_get_count(&tiny, FREE_CLUSTER), 1);
	tiny_close(&disk);
	tiny_open(&tiny, &writable, &disk);
	tiny_expect(&disk, 3 * TINY_CLUSTER, 0, 512);
	tiny_expect(&disk, 3 * TINY_CLUSTER + 512, 'b', 512);
	tiny_close(&disk);
}
END_TEST

START_TEST(a_durable_write_has_its_tables_on_the_disk)
{
	uint8_t bytes[TINY_CLUSTER];
	struct iovec iov = { bytes, sizeof(bytes) };

	tiny_init(&tiny, 3);
	open_tiny();
	memset(bytes, 'd', sizeof(bytes));
	ck_assert_int_eq(block_perform(disk.loop, disk.block, BLOCK_WRITE_DURABLE, 2 * TINY_CLUSTER, &iov, 1), 0);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(2), FREE_CLUSTER | COPIED);
	ck_assert_mem_eq(tiny.bytes + FREE_CLUSTER, bytes, sizeof(bytes));
	tiny_close(&disk);
}
END_TEST

START_TEST(a_new_l2_table_is_made_and_counted)
{
	uint64_t l2;

	tiny_init(&tiny, 3);
	open_tiny();
	ck_assert_int_eq(tiny_write(&disk, TINY_SIZE - 512, 'e', 512), 0);
	tiny_close(&disk);
	tiny_load(&tiny);
	l2 = tiny_get64(&tiny, TINY_L1 + 8 * 7);
	ck_assert_uint_eq(l2 & COPIED, COPIED);
	l2 &= ~COPIED;
	ck_assert_uint_eq(tiny_get_count(&tiny, l2), 1);
	ck_assert_uint_eq(tiny_get64(&tiny, l2 + 8 * 127) & COPIED, COPIED);
	tiny_open(&tiny, &writable, &disk);
	tiny_expect(&disk, TINY_SIZE - 512, 'e', 512);
	tiny_close(&disk);
}
END_TEST

START_TEST(the_file_ends_where_its_last_cluster_does)
{
	tiny_init(&tiny, 3);
	open_tiny();
	ck_assert_int_eq(tiny_write(&disk, 16 * TINY_CLUSTER, 'f', 40 * TINY_CLUSTER), 0);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(tiny.len, (6 + 40) * TINY_CLUSTER);
}
END_TEST

/* --- what snapshots share --- */

START_TEST(a_shared_cluster_is_copied_before_it_is_written)
{
	tiny_init(&tiny, 3);
	tiny_map(&tiny, 0, TINY_DATA);
	tiny_count(&tiny, TINY_DATA, 2);
	open_tiny();
	ck_assert_int_eq(tiny_write(&disk, 0, 'b', 512), 0);
	tiny_expect(&disk, 0, 'b', 512);
	tiny_expect(&disk, 512, 'A', 512);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_mem_eq(tiny.bytes + TINY_DATA, before.bytes + TINY_DATA, TINY_CLUSTER);
	ck_assert_uint_eq(tiny_get_count(&tiny, TINY_DATA), 1);
	ck_assert_uint_eq(entry_of(0), FREE_CLUSTER | COPIED);
}
END_TEST

START_TEST(a_shared_l2_table_is_copied_before_it_is_changed)
{
	uint64_t l2;

	tiny_init(&tiny, 3);
	tiny_put64(&tiny, TINY_L1, TINY_L2);
	tiny_count(&tiny, TINY_L2, 2);
	tiny_map(&tiny, 0, TINY_DATA);
	tiny_count(&tiny, TINY_DATA, 2);
	open_tiny();
	if (_i == 0)
		ck_assert_int_eq(tiny_write(&disk, TINY_CLUSTER, 'b', TINY_CLUSTER), 0);
	else
		ck_assert_int_eq(zeroes(BLOCK_DISCARD, 0, TINY_CLUSTER), 0);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_mem_eq(tiny.bytes + TINY_L2, before.bytes + TINY_L2, TINY_CLUSTER);
	ck_assert_mem_eq(tiny.bytes + TINY_DATA, before.bytes + TINY_DATA, TINY_CLUSTER);
	ck_assert_uint_eq(tiny_get_count(&tiny, TINY_L2), 1);
	ck_assert_uint_eq(tiny_get_count(&tiny, TINY_DATA), _i == 0 ? 2 : 1);
	l2 = tiny_get64(&tiny, TINY_L1);
	ck_assert_uint_eq(l2 & COPIED, COPIED);
	ck_assert_uint_ne(l2 & ~COPIED, TINY_L2);
	ck_assert_uint_eq(tiny_get_count(&tiny, l2 & ~COPIED), 1);
}
END_TEST

/* --- zeros --- */

START_TEST(zeroes_keep_the_place_and_unmap_gives_it_back)
{
	tiny_init(&tiny, 3);
	open_tiny();
	ck_assert_int_eq(zeroes(_i == 0 ? BLOCK_WRITE_ZEROES : BLOCK_WRITE_ZEROES_UNMAP, 0, 2 * TINY_CLUSTER), 0);
	tiny_expect(&disk, 0, 0, 3 * TINY_CLUSTER);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(0), _i == 0 ? TINY_DATA | COPIED | ZERO : ZERO);
	ck_assert_uint_eq(entry_of(1), 0);
	ck_assert_uint_eq(tiny_get_count(&tiny, TINY_DATA), _i == 0 ? 1 : 0);
}
END_TEST

START_TEST(a_kept_place_is_written_again_and_the_rest_of_it_is_zeros)
{
	tiny_init(&tiny, 3);
	tiny_map(&tiny, 0, TINY_DATA | COPIED | ZERO);
	open_tiny();
	tiny_expect(&disk, 0, 0, TINY_CLUSTER);
	ck_assert_int_eq(tiny_write(&disk, 512, 'g', 512), 0);
	tiny_expect(&disk, 0, 0, 512);
	tiny_expect(&disk, 512, 'g', 512);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(0), TINY_DATA | COPIED);
	ck_assert_uint_eq(tiny_get_count(&tiny, TINY_DATA), 1);
}
END_TEST

START_TEST(zeroes_of_a_part_are_written)
{
	tiny_init(&tiny, (uint32_t)_i);
	open_tiny();
	ck_assert_int_eq(zeroes(BLOCK_WRITE_ZEROES_UNMAP, 512, 512), 0);
	tiny_expect(&disk, 0, 'A', 512);
	tiny_expect(&disk, 512, 0, 512);
	ck_assert_int_eq(zeroes(BLOCK_DISCARD, 0, 512), 0);
	tiny_expect(&disk, 0, 'A', 512);
	tiny_close(&disk);
	memset(before.bytes + TINY_DATA + 512, 0, 512);
	expect_unchanged();
}
END_TEST

START_TEST(a_freed_cluster_is_used_again_but_not_before_that_is_published)
{
	tiny_init(&tiny, 3);
	open_tiny();
	ck_assert_int_eq(zeroes(BLOCK_DISCARD, 0, TINY_CLUSTER), 0);
	ck_assert_int_eq(tiny_write(&disk, 5 * TINY_CLUSTER, 'h', TINY_CLUSTER), 0);
	ck_assert_int_eq(flush(), 0);
	ck_assert_int_eq(flush(), 0);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(5), FREE_CLUSTER | COPIED);
	ck_assert_int_eq(tiny_write(&disk, 6 * TINY_CLUSTER, 'i', 512), 0);
	tiny_expect(&disk, 6 * TINY_CLUSTER, 'i', 512);
	tiny_expect(&disk, 6 * TINY_CLUSTER + 512, 0, 512);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(6), TINY_DATA | COPIED);
}
END_TEST

START_TEST(without_discard_a_disk_offers_none_and_keeps_its_clusters)
{
	const struct block_options options = { .discard = false };

	tiny_init(&tiny, 3);
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	ck_assert(!block_geometry(disk.block)->can_discard);
	ck_assert(!block_geometry(disk.block)->zeroes_may_unmap);
	ck_assert_int_eq(zeroes(BLOCK_WRITE_ZEROES_UNMAP, 0, TINY_CLUSTER), 0);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(entry_of(0), TINY_DATA | COPIED | ZERO);
}
END_TEST

/* --- compressed clusters --- */

static void put_compressed(unsigned int cluster, size_t at, uint8_t byte)
{
	uint8_t plain[TINY_CLUSTER];
	z_stream stream = { 0 };

	memset(plain, byte, sizeof(plain));
	ck_assert_int_eq(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = plain;
	stream.avail_in = sizeof(plain);
	stream.next_out = tiny.bytes + at;
	stream.avail_out = 200;
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	tiny_map(&tiny, cluster, COMPRESSED | at);
}

START_TEST(compressed_clusters_are_read_and_replaced_by_plain_ones)
{
	tiny_init(&tiny, 3);
	put_compressed(1, FREE_CLUSTER + 3, 'z');
	put_compressed(2, FREE_CLUSTER + 300, 'y');
	tiny_count(&tiny, FREE_CLUSTER, 2);
	open_tiny();
	tiny_expect(&disk, TINY_CLUSTER, 'z', TINY_CLUSTER);
	tiny_expect(&disk, 2 * TINY_CLUSTER + 512, 'y', 512);
	ck_assert_int_eq(tiny_write(&disk, TINY_CLUSTER + 512, 'b', 512), 0);
	tiny_expect(&disk, TINY_CLUSTER, 'z', 512);
	tiny_expect(&disk, TINY_CLUSTER + 512, 'b', 512);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(tiny_get_count(&tiny, FREE_CLUSTER), 1);
	ck_assert_uint_eq(entry_of(2), COMPRESSED | (FREE_CLUSTER + 300));
	ck_assert_uint_eq(entry_of(1), 7 * TINY_CLUSTER | COPIED);
}
END_TEST

START_TEST(what_can_not_be_unpacked_is_an_io_error_and_no_more)
{
	uint8_t bytes[TINY_CLUSTER];
	struct iovec iov = { bytes, sizeof(bytes) };

	tiny_init(&tiny, 3);
	memset(tiny.bytes + FREE_CLUSTER, 0xff, TINY_CLUSTER);
	tiny_count(&tiny, FREE_CLUSTER, 1);
	tiny_map(&tiny, 1, COMPRESSED | FREE_CLUSTER);
	open_tiny();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(block_perform(disk.loop, disk.block, BLOCK_READ, TINY_CLUSTER, &iov, 1), -EIO);
	ck_assert_int_eq(tiny_write(&disk, TINY_CLUSTER, 'b', 512), -EIO);
	ck_assert_int_eq(tiny_write(&disk, TINY_CLUSTER, 'b', TINY_CLUSTER), 0);
	tiny_expect(&disk, TINY_CLUSTER, 'b', TINY_CLUSTER);
	tiny_expect(&disk, 0, 'A', TINY_CLUSTER);
	tiny_close(&disk);
}
END_TEST

/* --- images that lie --- */

static const uint64_t bad_entries[] = {
	COPIED, /* at offset 0 */
	TINY_HEADER | COPIED | 512,
	(TINY_DATA + 512) | COPIED, /* not aligned */
	TINY_L1 | COPIED,
	TINY_L2 | COPIED,
	TINY_REFCOUNT_TABLE | COPIED,
	TINY_REFCOUNT_BLOCK | COPIED,
	(TINY_CLUSTERS * TINY_CLUSTER) | COPIED, /* behind the end */
	UINT64_C(0x00fffffffffffc00) | COPIED,
	TINY_DATA | COPIED | 2, /* reserved bits */
	TINY_DATA | COPIED | UINT64_C(1) << 61,
	COMPRESSED | COPIED | TINY_DATA,
	COMPRESSED | UINT64_C(0x00ffffffffffff00),
	COMPRESSED | TINY_CLUSTERS *TINY_CLUSTER,
};
#define NR_BAD_ENTRIES ((int)(sizeof(bad_entries) / sizeof(bad_entries[0])))

START_TEST(an_entry_that_makes_no_sense_is_an_io_error_and_ends_writing)
{
	uint8_t bytes[TINY_CLUSTER];
	struct iovec iov = { bytes, sizeof(bytes) };

	tiny_init(&tiny, 3);
	tiny_map(&tiny, 1, bad_entries[_i]);
	open_tiny();
	tiny_expect(&disk, 0, 'A', TINY_CLUSTER);
	ck_assert_int_eq(block_perform(disk.loop, disk.block, BLOCK_READ, TINY_CLUSTER, &iov, 1), -EIO);
	ck_assert_ptr_nonnull(strstr(block_last_error, "is damaged"));
	ck_assert_int_eq(tiny_write(&disk, TINY_CLUSTER, 'x', 512), -EIO);
	ck_assert_int_eq(zeroes(BLOCK_DISCARD, TINY_CLUSTER, TINY_CLUSTER), -EIO);
	ck_assert_int_eq(tiny_write(&disk, 0, 'x', 512), -EIO);
	ck_assert_int_eq(tiny_write(&disk, 8 * TINY_CLUSTER, 'x', 512), -EIO);
	tiny_expect(&disk, 0, 'A', TINY_CLUSTER);
	ck_assert_int_eq(flush(), 0);
	tiny_close(&disk);
	expect_unchanged();
}
END_TEST

START_TEST(version_2_knows_no_zero_bit)
{
	uint8_t bytes[512];
	struct iovec iov = { bytes, sizeof(bytes) };

	tiny_init(&tiny, 2);
	tiny_map(&tiny, 1, ZERO);
	open_tiny();
	ck_assert_int_eq(block_perform(disk.loop, disk.block, BLOCK_READ, TINY_CLUSTER, &iov, 1), -EIO);
	tiny_close(&disk);
	expect_unchanged();
}
END_TEST

START_TEST(a_table_that_is_counted_as_free_is_not_overwritten)
{
	static const size_t tables[] = { TINY_HEADER, TINY_REFCOUNT_TABLE, TINY_REFCOUNT_BLOCK, TINY_L1, TINY_L2 };

	tiny_init(&tiny, 3);
	tiny_count(&tiny, tables[_i], 0);
	open_tiny();
	ck_assert_int_eq(tiny_write(&disk, TINY_CLUSTER, 'x', TINY_CLUSTER), -EIO);
	ck_assert_ptr_nonnull(strstr(block_last_error, "not counted"));
	ck_assert_int_eq(tiny_write(&disk, 0, 'x', 512), -EIO);
	tiny_close(&disk);
	expect_unchanged();
}
END_TEST

START_TEST(two_entries_for_one_cluster_harm_nobody_else)
{
	tiny_init(&tiny, 3);
	tiny_map(&tiny, 1, TINY_DATA | COPIED);
	open_tiny();
	ck_assert_int_eq(zeroes(BLOCK_DISCARD, 0, 2 * TINY_CLUSTER), 0);
	ck_assert_int_eq(flush(), 0);
	ck_assert_int_eq(flush(), 0);
	ck_assert_ptr_nonnull(strstr(block_last_error, "not counted"));
	ck_assert_int_eq(tiny_write(&disk, 4 * TINY_CLUSTER, 'x', 512), -EIO);
	tiny_close(&disk);
}
END_TEST

/* --- when the disk below fails --- */

START_TEST(a_write_without_room_fails_and_succeeds_when_there_is_room)
{
	struct rlimit limit = { 7 * TINY_CLUSTER, RLIM_INFINITY };
	int with_room, without;

	tiny_init(&tiny, 3);
	tiny.len = 6 * TINY_CLUSTER;
	open_tiny();
	signal(SIGXFSZ, SIG_IGN);
	/* No assertion while the limit holds: Check writes each to a file. */
	(void)!setrlimit(RLIMIT_FSIZE, &limit);
	with_room = tiny_write(&disk, TINY_CLUSTER, 'j', TINY_CLUSTER);
	without = tiny_write(&disk, 2 * TINY_CLUSTER, 'j', TINY_CLUSTER);
	limit.rlim_cur = RLIM_INFINITY;
	(void)!setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(with_room, 0);
	ck_assert_int_eq(without, -EFBIG);
	tiny_expect(&disk, 2 * TINY_CLUSTER, 0, TINY_CLUSTER);
	ck_assert_int_eq(tiny_write(&disk, 2 * TINY_CLUSTER, 'k', TINY_CLUSTER), 0);
	tiny_expect(&disk, TINY_CLUSTER, 'j', TINY_CLUSTER);
	tiny_expect(&disk, 2 * TINY_CLUSTER, 'k', TINY_CLUSTER);
	tiny_close(&disk);
	tiny_open(&tiny, &writable, &disk);
	tiny_expect(&disk, TINY_CLUSTER, 'j', TINY_CLUSTER);
	tiny_expect(&disk, 2 * TINY_CLUSTER, 'k', TINY_CLUSTER);
	tiny_close(&disk);
}
END_TEST

START_TEST(a_read_only_disk_is_not_written)
{
	const struct block_options options = { .read_only = true, .discard = true };

	tiny_init(&tiny, 3);
	tiny_save(&tiny);
	before = tiny;
	tiny_open(&tiny, &options, &disk);
	ck_assert(block_geometry(disk.block)->read_only);
	ck_assert_int_eq(tiny_write(&disk, 0, 'x', 512), -EROFS);
	ck_assert_int_eq(zeroes(BLOCK_DISCARD, 0, TINY_CLUSTER), -EROFS);
	ck_assert_int_eq(zeroes(BLOCK_WRITE_ZEROES, 0, TINY_CLUSTER), -EROFS);
	ck_assert_int_eq(zeroes(BLOCK_SECURE_ERASE, 0, TINY_CLUSTER), -EOPNOTSUPP);
	ck_assert_int_eq(flush(), 0);
	tiny_expect(&disk, 0, 'A', TINY_CLUSTER);
	tiny_close(&disk);
	expect_unchanged();
}
END_TEST

START_TEST(a_cluster_that_the_file_cuts_off_ends_in_zeros)
{
	const struct block_options options = { .read_only = _i };

	tiny_init(&tiny, 3);
	tiny.len = TINY_DATA + 512;
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	tiny_expect(&disk, 0, 'A', 512);
	tiny_expect(&disk, 512, 0, 512);
	tiny_close(&disk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qcow2_io");
	TCase *sound = tcase_create("sound");
	TCase *hostile = tcase_create("hostile");

	tcase_add_test(sound, a_cluster_of_our_own_is_written_in_place);
	tcase_add_test(sound, tables_are_on_the_disk_after_a_flush_and_not_before);
	tcase_add_test(sound, a_durable_write_has_its_tables_on_the_disk);
	tcase_add_test(sound, a_new_l2_table_is_made_and_counted);
	tcase_add_test(sound, the_file_ends_where_its_last_cluster_does);
	tcase_add_test(sound, a_shared_cluster_is_copied_before_it_is_written);
	tcase_add_loop_test(sound, a_shared_l2_table_is_copied_before_it_is_changed, 0, 2);
	tcase_add_loop_test(sound, zeroes_keep_the_place_and_unmap_gives_it_back, 0, 2);
	tcase_add_test(sound, a_kept_place_is_written_again_and_the_rest_of_it_is_zeros);
	tcase_add_loop_test(sound, zeroes_of_a_part_are_written, 2, 4);
	tcase_add_test(sound, a_freed_cluster_is_used_again_but_not_before_that_is_published);
	tcase_add_test(sound, without_discard_a_disk_offers_none_and_keeps_its_clusters);
	tcase_add_test(sound, compressed_clusters_are_read_and_replaced_by_plain_ones);
	tcase_add_test(sound, a_read_only_disk_is_not_written);
	tcase_add_loop_test(sound, a_cluster_that_the_file_cuts_off_ends_in_zeros, 0, 2);
	tcase_add_test(hostile, what_can_not_be_unpacked_is_an_io_error_and_no_more);
	tcase_add_loop_test(hostile, an_entry_that_makes_no_sense_is_an_io_error_and_ends_writing, 0, NR_BAD_ENTRIES);
	tcase_add_test(hostile, version_2_knows_no_zero_bit);
	tcase_add_loop_test(hostile, a_table_that_is_counted_as_free_is_not_overwritten, 0, 5);
	tcase_add_test(hostile, two_entries_for_one_cluster_harm_nobody_else);
	tcase_add_test(hostile, a_write_without_room_fails_and_succeeds_when_there_is_room);
	suite_add_tcase(suite, sound);
	suite_add_tcase(suite, hostile);
	return unit_main(suite);
}
