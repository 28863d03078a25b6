/* The bytes of a raw disk against a shadow copy: with each engine, cached and direct, on files and devices. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/block_torture.h"
#include "vmm/base/fd.h"

#define DISK_BYTES BLOCK_TORTURE_BYTES
#define NR_STEPS 1500

static uint8_t shadow[DISK_BYTES];
static uint8_t readback[DISK_BYTES];

static void read_file(const char *path, uint8_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fd_pread_full(fd, bytes, DISK_BYTES, 0), 0);
	close(fd);
}

static void run_torture(const char *path, int engine, enum block_cache cache, bool unaligned)
{
	const struct block_options options = { .path = path, .cache = cache, .discard = true };
	const struct block_torture how = { .seed = (uint64_t)engine * 1000 + cache * 10 + unaligned,
					   .nr_steps = NR_STEPS,
					   .unaligned = unaligned };
	struct loop *loop = make_loop(engine, 8);
	struct block *block;

	read_file(path, shadow);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	block_torture(loop, block, shadow, &how);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
	read_file(path, readback);
	block_expect_bytes(readback, shadow, DISK_BYTES);
}

static void torture_file(int engine, enum block_cache cache, bool unaligned)
{
	char path[BLOCK_PATH_MAX];

	block_make_disk(path, DISK_BYTES);
	run_torture(path, engine, cache, unaligned);
}

START_TEST(random_requests_on_a_cached_file_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_WRITEBACK, false);
}
END_TEST

START_TEST(random_requests_in_odd_buffers_on_a_cached_file_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_WRITEBACK, true);
}
END_TEST

START_TEST(random_requests_on_a_direct_file_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_DIRECT, false);
}
END_TEST

START_TEST(random_requests_in_odd_buffers_are_bounced_and_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_DIRECT, true);
}
END_TEST

static void torture_device(int engine, uint32_t logical, bool unaligned)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];

	block_make_disk(path, DISK_BYTES);
	if (!block_make_device(path, logical, device))
		return;
	run_torture(device, engine, BLOCK_CACHE_AUTO, unaligned);
	block_free_device();
}

START_TEST(random_requests_on_a_device_match_a_shadow_copy)
{
	torture_device(_i, 512, false);
}
END_TEST

START_TEST(random_requests_in_odd_buffers_on_a_device_of_4096_byte_blocks_match_a_shadow_copy)
{
	torture_device(_i, 4096, true);
}
END_TEST

/* --- single facts --- */

static _Alignas(4096) uint8_t page[2 * 1024 * 1024];

START_TEST(more_buffers_than_one_system_call_takes_are_one_request)
{
	static struct iovec iov[3000];
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .cache = BLOCK_CACHE_DIRECT };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, DISK_BYTES);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	for (unsigned int i = 0; i < 3000; i++) {
		iov[i] = (struct iovec){ page + 512 * i, 512 };
		memset(page + 512 * i, (int)i % 251, 512);
	}
	ck_assert_int_eq(block_perform(loop, block, BLOCK_WRITE, 4096, iov, 3000), 0);
	iov[0] = (struct iovec){ readback, 3000 * 512 };
	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 4096, iov, 1), 0);
	ck_assert_mem_eq(readback, page, 3000 * 512);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(nothing_to_transfer_succeeds)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 4096);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	for (int op = BLOCK_READ; op <= BLOCK_WRITE_ZEROES_UNMAP; op++)
		ck_assert_int_eq(block_perform_range(loop, block, (enum block_op)op, 4096, 0), 0);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_file_that_became_shorter_is_an_io_error)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .cache = _i % 2 ? BLOCK_CACHE_DIRECT : BLOCK_CACHE_WRITEBACK };
	struct iovec iov = { page, 8192 };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 65536);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	ck_assert_int_eq(truncate(path, 32768 + 4096), 0);
	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 32768, &iov, 1), -EIO);
	iov = (struct iovec){ page, 8192 };
	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 49152, &iov, 1), -EIO);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_write_that_fails_says_why)
{
	const struct rlimit small = { 32768, 32768 };
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct iovec iov = { page, 8192 };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 65536);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(block_perform(loop, block, BLOCK_WRITE, 32768 + 4096, &iov, 1), -EFBIG);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_read_only_disk_can_not_be_written_even_when_asked)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .read_only = true, .discard = true };
	struct iovec iov = { page, 4096 };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 65536);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	ck_assert_int_eq(block_perform(loop, block, BLOCK_WRITE, 0, &iov, 1), -EBADF);
	ck_assert_int_lt(block_perform_range(loop, block, BLOCK_DISCARD, 0, 4096), 0);
	ck_assert_int_lt(block_perform_range(loop, block, BLOCK_WRITE_ZEROES, 0, 4096), 0);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_discard_gives_the_files_space_back)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .discard = true };
	struct loop *loop = make_loop(_i, 8);
	struct stat before, after;
	struct block *block;

	block_make_disk(path, DISK_BYTES);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	if (!block_geometry(block)->can_discard) {
		printf("skipped: this file system can't punch holes\n");
	} else {
		ck_assert_int_eq(stat(path, &before), 0);
		ck_assert_int_eq(block_perform_range(loop, block, BLOCK_DISCARD, 0, DISK_BYTES / 2), 0);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert_int_lt(after.st_blocks, before.st_blocks);
		ck_assert_int_eq(after.st_size, before.st_size);
	}
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_discard_reaches_through_a_device_to_its_file)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];
	struct block_options options = { .path = device, .discard = true };
	struct stat before, after;
	struct block *block;
	struct loop *loop;

	block_make_disk(path, DISK_BYTES);
	if (!block_make_device(path, 512, device))
		return;
	loop = make_loop(_i, 8);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	if (block_geometry(block)->can_discard) {
		ck_assert_int_eq(stat(path, &before), 0);
		ck_assert_int_eq(block_perform_range(loop, block, BLOCK_DISCARD, 0, DISK_BYTES / 2), 0);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert_int_lt(after.st_blocks, before.st_blocks);
	}
	block_detach(block);
	block_close(block);
	block_free_device();
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_raw");
	TCase *torturing = tcase_create("torture");
	TCase *facts = tcase_create("facts");

	tcase_set_timeout(torturing, 100);
	add_engine_test(torturing, random_requests_on_a_cached_file_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_in_odd_buffers_on_a_cached_file_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_on_a_direct_file_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_in_odd_buffers_are_bounced_and_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_on_a_device_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_in_odd_buffers_on_a_device_of_4096_byte_blocks_match_a_shadow_copy);
	add_engine_test(facts, more_buffers_than_one_system_call_takes_are_one_request);
	add_engine_test(facts, nothing_to_transfer_succeeds);
	add_engine_test(facts, a_file_that_became_shorter_is_an_io_error);
	add_engine_test(facts, a_write_that_fails_says_why);
	add_engine_test(facts, a_read_only_disk_can_not_be_written_even_when_asked);
	add_engine_test(facts, a_discard_gives_the_files_space_back);
	add_engine_test(facts, a_discard_reaches_through_a_device_to_its_file);
	suite_add_tcase(suite, torturing);
	suite_add_tcase(suite, facts);
	return unit_main(suite);
}
