/* What a disk says about itself, compared with what it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/block_support.h"

START_TEST(a_file_has_sectors_of_512_bytes_and_its_whole_size)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .discard = true };
	const struct block_geometry *geometry;
	struct block *block;

	block_make_disk(path, 3 * 512 * 1000);
	block = block_must_open(&options);
	geometry = block_geometry(block);
	ck_assert_uint_eq(geometry->size_bytes, 3 * 512 * 1000);
	ck_assert_uint_eq(geometry->logical_block_bytes, 512);
	ck_assert_uint_ge(geometry->physical_block_bytes, 512);
	ck_assert_uint_eq(geometry->buffer_align, 1);
	ck_assert(!geometry->read_only);
	ck_assert(geometry->can_write_zeroes);
	ck_assert_uint_gt(geometry->max_write_zeroes_bytes, 0);
	if (geometry->can_discard) {
		ck_assert_uint_gt(geometry->max_discard_bytes, 0);
		ck_assert_uint_gt(geometry->discard_granularity_bytes, 0);
	}
	ck_assert_ptr_nonnull(strstr(block_description(block), "(file, page cache)"));
	block_close(block);
}
END_TEST

START_TEST(discard_is_offered_only_when_it_is_wanted)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct block *block;

	block_make_disk(path, 1024 * 1024);
	block = block_must_open(&options);
	ck_assert(!block_geometry(block)->can_discard);
	ck_assert(!block_geometry(block)->zeroes_may_unmap);
	ck_assert(block_geometry(block)->can_write_zeroes);
	block_close(block);
}
END_TEST

START_TEST(opening_changes_neither_bytes_nor_size_nor_space)
{
	static char before[1024 * 1024 + 512], after[1024 * 1024 + 512];
	struct stat st_before, st_after;
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .discard = true };
	int fd;

	block_make_disk(path, sizeof(before));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, before, sizeof(before)), sizeof(before));
	ck_assert_int_eq(fstat(fd, &st_before), 0);
	for (int cache = BLOCK_CACHE_AUTO; cache <= BLOCK_CACHE_WRITEBACK; cache++) {
		struct block *block;

		options.cache = (enum block_cache)cache;
		block_log_catch();
		if (block_open(&options, &block) == 0)
			block_close(block);
	}
	ck_assert_int_eq(pread(fd, after, sizeof(after), 0), sizeof(after));
	ck_assert_mem_eq(before, after, sizeof(before));
	ck_assert_int_eq(fstat(fd, &st_after), 0);
	ck_assert_int_eq(st_before.st_size, st_after.st_size);
	ck_assert_int_eq(st_before.st_blocks, st_after.st_blocks);
	close(fd);
}
END_TEST

static void check_device(uint32_t logical)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];
	struct block_options options = { .path = device, .discard = true };
	const struct block_geometry *geometry;
	struct block *block;

	block_make_disk(path, 4 * 1024 * 1024);
	if (!block_make_device(path, logical, device))
		return;
	block = block_must_open(&options);
	geometry = block_geometry(block);
	ck_assert_uint_eq(geometry->size_bytes, 4 * 1024 * 1024);
	ck_assert_uint_eq(geometry->logical_block_bytes, logical);
	ck_assert_uint_ge(geometry->physical_block_bytes, logical);
	ck_assert_uint_ge(geometry->buffer_align, 1);
	ck_assert_uint_le(geometry->buffer_align, 4096);
	ck_assert_ptr_nonnull(strstr(block_description(block), "(block device, O_DIRECT)"));
	ck_assert(strncmp(block_description(block), "loop", 4) == 0);
	block_close(block);
	options.cache = BLOCK_CACHE_WRITEBACK;
	block = block_must_open(&options);
	ck_assert_uint_eq(block_geometry(block)->buffer_align, 1);
	ck_assert_uint_eq(block_geometry(block)->logical_block_bytes, logical);
	block_close(block);
	block_free_device();
}

START_TEST(a_device_shows_its_512_byte_blocks)
{
	check_device(512);
}
END_TEST

START_TEST(a_device_shows_its_4096_byte_blocks)
{
	check_device(4096);
}
END_TEST

START_TEST(blocks_of_4096_bytes_can_be_asked_for)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .logical_block_bytes = 4096 };
	struct block *block = NULL;

	block_make_disk(path, 1024 * 1024);
	options.cache = BLOCK_CACHE_DIRECT;
	block = block_must_open(&options);
	ck_assert_uint_eq(block_geometry(block)->logical_block_bytes, 4096);
	ck_assert_uint_ge(block_geometry(block)->physical_block_bytes, 4096);
	block_close(block);

	ck_assert_int_eq(truncate(path, 1024 * 1024 + 512), 0);
	block_log_catch();
	block = NULL;
	ck_assert_int_eq(block_open(&options, &block), -EINVAL);
	ck_assert_ptr_null(block);
	ck_assert_ptr_nonnull(strstr(block_last_error, "1049088 bytes"));
	ck_assert_ptr_nonnull(strstr(block_last_error, "4096"));
	/* It is closed and unlocked again. */
	options.logical_block_bytes = 512;
	block = block_must_open(&options);
	ck_assert_uint_eq(block_geometry(block)->logical_block_bytes, 512);
	block_close(block);
}
END_TEST

static void read_at(struct loop *loop, struct block *block, uint64_t offset, int result)
{
	static _Alignas(4096) char page[4096];
	struct iovec iov = { page, sizeof(page) };

	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, offset, &iov, 1), result);
}

START_TEST(a_file_that_grows_is_a_larger_disk_and_one_that_shrinks_is_not_a_smaller_one)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct loop *loop = make_loop(LOOP_ENGINE_AUTO, 8);
	struct block *block;

	block_make_disk(path, 1024 * 1024);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	ck_assert_int_eq(block_refresh(block), 0);
	ck_assert_int_eq(truncate(path, 2 * 1024 * 1024 + 100), 0);
	ck_assert_uint_eq(block_geometry(block)->size_bytes, 1024 * 1024);
	ck_assert_int_eq(block_refresh(block), 1);
	ck_assert_uint_eq(block_geometry(block)->size_bytes, 2 * 1024 * 1024);
	ck_assert_int_eq(block_refresh(block), 0);
	read_at(loop, block, 2 * 1024 * 1024 - 4096, 0);
	ck_assert_int_eq(truncate(path, 65536), 0);
	ck_assert_int_eq(block_refresh(block), 0);
	ck_assert_uint_eq(block_geometry(block)->size_bytes, 2 * 1024 * 1024);
	read_at(loop, block, 65536, -EIO);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_device_that_grows_is_a_larger_disk)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];
	struct block_options options = { .path = device };
	struct block *block;

	block_make_disk(path, 1024 * 1024);
	if (!block_make_device(path, 512, device))
		return;
	block = block_must_open(&options);
	ck_assert_int_eq(block_refresh(block), 0);
	ck_assert_int_eq(truncate(path, 3 * 1024 * 1024), 0);
	block_resize_device();
	ck_assert_int_eq(block_refresh(block), 1);
	ck_assert_uint_eq(block_geometry(block)->size_bytes, 3 * 1024 * 1024);
	block_close(block);
	block_free_device();
}
END_TEST

START_TEST(secure_erase_is_not_offered_where_it_would_be_a_discard)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .discard = true };
	struct loop *loop = make_loop(LOOP_ENGINE_AUTO, 8);

	block_make_disk(path, 1024 * 1024);
	for (unsigned int i = 0; i < 2; i++) {
		struct block *block = block_must_open(&options);

		ck_assert(!block_geometry(block)->can_secure_erase);
		ck_assert_uint_eq(block_geometry(block)->max_secure_erase_bytes, 0);
		ck_assert_int_eq(block_attach(block, loop), 0);
		ck_assert_int_eq(block_perform_range(loop, block, BLOCK_SECURE_ERASE, 0, 4096), -EOPNOTSUPP);
		block_detach(block);
		block_close(block);
		/* A loop device can discard, and no more. */
		options.path = device;
		if (i == 0 && !block_make_device(path, 512, device))
			break;
	}
	block_free_device();
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_geometry");
	TCase *geometry = tcase_create("geometry");

	tcase_add_test(geometry, a_file_has_sectors_of_512_bytes_and_its_whole_size);
	tcase_add_test(geometry, discard_is_offered_only_when_it_is_wanted);
	tcase_add_test(geometry, opening_changes_neither_bytes_nor_size_nor_space);
	tcase_add_test(geometry, a_device_shows_its_512_byte_blocks);
	tcase_add_test(geometry, a_device_shows_its_4096_byte_blocks);
	tcase_add_test(geometry, blocks_of_4096_bytes_can_be_asked_for);
	tcase_add_test(geometry, a_file_that_grows_is_a_larger_disk_and_one_that_shrinks_is_not_a_smaller_one);
	tcase_add_test(geometry, a_device_that_grows_is_a_larger_disk);
	tcase_add_test(geometry, secure_erase_is_not_offered_where_it_would_be_a_discard);
	suite_add_tcase(suite, geometry);
	return unit_main(suite);
}
