/* Overlays: what the disk shows, what the base and the overlay's file keep, and which files are refused. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/block_torture.h"
#include "virtio/backend/overlay/header.h"
#include "vmm/base/fd.h"

#define DISK_BYTES (BLOCK_TORTURE_BYTES + 512) /* the last block is not whole */

static uint8_t shadow[DISK_BYTES];
static uint8_t readback[DISK_BYTES];
static uint8_t base_bytes[DISK_BYTES];
static _Alignas(4096) uint8_t page[65536];
static char base[BLOCK_PATH_MAX];
static char overlay_path[BLOCK_PATH_MAX];

static struct loop *loop;
static struct block *block;

static void setup(void)
{
	int fd;

	block_make_disk(base, DISK_BYTES);
	fd = open(base, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_pread_full(fd, base_bytes, DISK_BYTES, 0), 0);
	close(fd);
	/* A name in a place of the test's own, that is not taken yet. */
	block_make_disk(overlay_path, 512);
	unlink(overlay_path);
}

static void teardown(void)
{
	/* Once a test: libaio takes its time to end. */
	if (loop != NULL)
		loop_destroy(loop);
	unlink(overlay_path);
	unlink(base);
}

static struct block_options options_of(enum block_overlay overlay, enum block_cache cache)
{
	return (struct block_options){ .path = base,
				       .cache = cache,
				       .discard = true,
				       .overlay = overlay,
				       .overlay_path = overlay == BLOCK_OVERLAY_KEEP ? overlay_path : NULL };
}

static void begin(const struct block_options *options, int engine)
{
	if (loop == NULL)
		loop = make_loop(engine, 8);
	block = block_must_open(options);
	ck_assert_int_eq(block_attach(block, loop), 0);
}

static void end(void)
{
	block_detach(block);
	block_close(block);
}

static void base_is_as_it_was(const struct stat *before)
{
	int fd = open(base, O_RDONLY | O_CLOEXEC);
	struct stat after;

	ck_assert_int_eq(fstat(fd, &after), 0);
	ck_assert_int_eq(after.st_mtim.tv_sec, before->st_mtim.tv_sec);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before->st_mtim.tv_nsec);
	ck_assert_int_eq(after.st_size, before->st_size);
	ck_assert_int_eq(fd_pread_full(fd, readback, DISK_BYTES, 0), 0);
	close(fd);
	block_expect_bytes(readback, base_bytes, DISK_BYTES);
}

/* --- random requests --- */

static void torture(int engine, enum block_overlay overlay, enum block_cache cache, bool unaligned)
{
	struct block_options options = options_of(overlay, cache);
	/* What is kept is synchronised again and again. */
	unsigned int nr_rounds = overlay == BLOCK_OVERLAY_KEEP ? 3 : 12;
	struct stat before;

	ck_assert_int_eq(stat(base, &before), 0);
	/* Each round begins with nothing in the overlay: that is where requests meet. */
	for (unsigned int round = 0; round < nr_rounds; round++) {
		struct block_torture how = { .seed = round * 100 + (unsigned int)engine * 10 + unaligned,
					     .nr_steps = round + 1 == nr_rounds ? 150 : 50,
					     .unaligned = unaligned };

		memcpy(shadow, base_bytes, DISK_BYTES);
		begin(&options, engine);
		block_torture(loop, block, shadow, &how);
		block_read_all(loop, block, readback, DISK_BYTES);
		block_expect_bytes(readback, shadow, DISK_BYTES);
		end();
		if (overlay == BLOCK_OVERLAY_KEEP) {
			begin(&options, engine);
			block_read_all(loop, block, readback, DISK_BYTES);
			end();
			block_expect_bytes(readback, shadow, DISK_BYTES);
			ck_assert_int_eq(unlink(overlay_path), 0);
		}
	}
	base_is_as_it_was(&before);
}

START_TEST(random_requests_on_a_temporary_overlay_match_a_shadow_copy)
{
	torture(_i, BLOCK_OVERLAY_TEMPORARY, BLOCK_CACHE_AUTO, false);
}
END_TEST

START_TEST(random_requests_on_a_kept_overlay_match_a_shadow_copy_and_are_found_again)
{
	torture(_i, BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO, true);
}
END_TEST

START_TEST(random_requests_on_a_direct_overlay_match_a_shadow_copy)
{
	torture(_i, BLOCK_OVERLAY_KEEP, BLOCK_CACHE_DIRECT, true);
}
END_TEST

struct writer {
	struct block_request request;
	struct iovec iov;
	uint8_t bytes[512];
};

static unsigned int nr_written;

static void note_written(struct block_request *request, int result)
{
	(void)request;
	ck_assert_int_eq(result, 0);
	nr_written++;
}

static bool are_written(void *arg)
{
	return nr_written == *(unsigned int *)arg;
}

START_TEST(sectors_of_one_block_that_are_written_together_are_all_there)
{
	static struct writer writers[512];
	struct block_options options = options_of(BLOCK_OVERLAY_TEMPORARY, BLOCK_CACHE_AUTO);
	struct block_request zeroes = {
		.op = BLOCK_WRITE_ZEROES, .offset = 65536 + 4096 + 512, .length = 3 * 4096, .done = note_written
	};
	unsigned int nr = 512 + 1;

	memcpy(shadow, base_bytes, DISK_BYTES);
	begin(&options, _i);
	nr_written = 0;
	for (unsigned int i = 0; i < 512; i++) {
		/* Each second sector of 128 blocks, far ones and near ones in turn. */
		uint64_t sector = (i * 37 % 512) * 2;
		struct writer *writer = &writers[i];

		memset(writer->bytes, (int)i | 1, 512);
		writer->iov = (struct iovec){ writer->bytes, 512 };
		writer->request = (struct block_request){ .op = BLOCK_WRITE,
							  .offset = 1048576 + sector * 512,
							  .length = 512,
							  .iov = &writer->iov,
							  .nr_iov = 1,
							  .done = note_written };
		memset(shadow + 1048576 + sector * 512, (int)i | 1, 512);
		block_submit(block, &writer->request);
		if (i == 100)
			block_submit(block, &zeroes);
	}
	memset(shadow + 65536 + 4096 + 512, 0, 3 * 4096);
	loop_drain(loop, are_written, &nr);
	block_read_all(loop, block, readback, DISK_BYTES);
	block_expect_bytes(readback, shadow, DISK_BYTES);
	end();
}
END_TEST

/* --- single facts --- */

static int write_page(uint64_t offset, uint8_t byte, uint64_t length, enum block_op op)
{
	struct iovec iov = { page, length };

	memset(page, byte, length);
	return block_perform(loop, block, op, offset, &iov, 1);
}

static uint8_t read_byte(uint64_t offset)
{
	struct iovec iov = { page, 512 };

	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, offset / 512 * 512, &iov, 1), 0);
	return page[offset % 512];
}

START_TEST(a_discarded_block_does_not_show_the_base_again)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);

	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_DISCARD, 8192 + 512, 3 * 4096), 0);
	ck_assert_uint_eq(read_byte(12288), 0);
	ck_assert_uint_eq(read_byte(12288 + 4096 + 4095), 0);
	ck_assert_uint_eq(read_byte(8192), base_bytes[8192]);
	end();
	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert_uint_eq(read_byte(12288), 0);
	end();
}
END_TEST

START_TEST(what_is_not_flushed_is_the_bases_after_a_crash)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);
	char copy[BLOCK_PATH_MAX + 8];
	int from, to;

	begin(&options, _i);
	ck_assert_int_eq(write_page(0, 0xaa, 4096, BLOCK_WRITE), 0);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	ck_assert_int_eq(write_page(4096, 0xbb, 4096, BLOCK_WRITE), 0);
	ck_assert_int_eq(write_page(16384 + 512, 0xcc, 512, BLOCK_WRITE_DURABLE), 0);
	ck_assert_int_eq(write_page(32768, 0xdd, 4096, BLOCK_WRITE), 0);
	/* The file as a crash would leave it now. */
	snprintf(copy, sizeof(copy), "%s.copy", overlay_path);
	from = open(overlay_path, O_RDONLY | O_CLOEXEC);
	to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	for (off_t at = 0; at < (off_t)overlay_file_bytes(DISK_BYTES); at += (off_t)sizeof(page)) {
		ssize_t n = pread(from, page, sizeof(page), at);

		ck_assert_int_eq(fd_pwrite_full(to, page, (size_t)n, (uint64_t)at), 0);
	}
	close(from);
	close(to);
	end();
	ck_assert_int_eq(rename(copy, overlay_path), 0);
	begin(&options, _i);
	ck_assert_uint_eq(read_byte(0), 0xaa);
	ck_assert_uint_eq(read_byte(16384 + 512), 0xcc);
	ck_assert_uint_eq(read_byte(16384), base_bytes[16384]);
	ck_assert_uint_eq(read_byte(16384 + 1024), base_bytes[16384 + 1024]);
	/* The durable write took the one before along, as a flush does. */
	ck_assert_uint_eq(read_byte(4096), 0xbb);
	ck_assert_uint_eq(read_byte(32768), base_bytes[32768]);
	/* What the crash left in the block's place doesn't show through zeros. */
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_WRITE_ZEROES, 32768, 4096), 0);
	ck_assert_uint_eq(read_byte(32768), 0);
	end();
}
END_TEST

START_TEST(a_write_that_fails_leaves_the_base_in_sight)
{
	struct block_options options =
		options_of(_i == 0 ? BLOCK_OVERLAY_TEMPORARY : BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);
	struct rlimit limit;

	begin(&options, LOOP_ENGINE_THREAD);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 65536, limit.rlim_max }), 0);
	ck_assert_int_eq(write_page(65536, 0xaa, 8192, BLOCK_WRITE), -EFBIG);
	ck_assert_int_eq(write_page(65536 + 512, 0xbb, 512, BLOCK_WRITE), -EFBIG);
	ck_assert_uint_eq(read_byte(65536), base_bytes[65536]);
	ck_assert_uint_eq(read_byte(65536 + 512), base_bytes[65536 + 512]);
	/* Nothing stays claimed. */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(write_page(65536 + 512, 0xbb, 512, BLOCK_WRITE), 0);
	ck_assert_uint_eq(read_byte(65536), base_bytes[65536]);
	ck_assert_uint_eq(read_byte(65536 + 512), 0xbb);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	end();
}
END_TEST

START_TEST(a_temporary_overlay_leaves_nothing)
{
	struct block_options options = options_of(BLOCK_OVERLAY_TEMPORARY, BLOCK_CACHE_AUTO);
	char folder[] = "/var/tmp/mote-folder-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	options.overlay_path = folder;
	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert_int_eq(write_page(0, 0xaa, 4096, BLOCK_WRITE_DURABLE), 0);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	ck_assert_uint_eq(read_byte(0), 0xaa);
	/* Not even a name while it is in use. */
	ck_assert_int_eq(rmdir(folder), 0);
	end();
	begin(&(struct block_options){ .path = base }, LOOP_ENGINE_AUTO);
	ck_assert_uint_eq(read_byte(0), base_bytes[0]);
	end();
}
END_TEST

START_TEST(a_read_only_disk_needs_no_overlay_and_writes_to_none)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);

	options.read_only = true;
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), -ENOENT);
	ck_assert_ptr_nonnull(strstr(block_last_error, overlay_path));
	options.read_only = false;
	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert_int_eq(write_page(0, 0xaa, 4096, BLOCK_WRITE), 0);
	end();
	options.read_only = true;
	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert(block_geometry(block)->read_only);
	ck_assert_uint_eq(read_byte(0), 0xaa);
	ck_assert_int_eq(write_page(0, 0xbb, 4096, BLOCK_WRITE), -EBADF);
	ck_assert_int_lt(block_perform_range(loop, block, BLOCK_WRITE_ZEROES, 0, 4096), 0);
	ck_assert_uint_eq(read_byte(0), 0xaa);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	end();
}
END_TEST

START_TEST(the_geometry_is_the_bases_size_and_what_the_overlay_can)
{
	struct block_options options = options_of(BLOCK_OVERLAY_TEMPORARY, BLOCK_CACHE_AUTO);
	const struct block_geometry *geometry;

	begin(&options, LOOP_ENGINE_AUTO);
	geometry = block_geometry(block);
	ck_assert_uint_eq(geometry->size_bytes, DISK_BYTES);
	ck_assert_uint_eq(geometry->logical_block_bytes, 512);
	ck_assert_uint_ge(geometry->physical_block_bytes, 4096);
	ck_assert(!geometry->read_only);
	ck_assert(geometry->can_write_zeroes);
	ck_assert(!geometry->can_secure_erase);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_SECURE_ERASE, 0, 4096), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(block_description(block), "overlay"));
	for (int op = BLOCK_READ; op <= BLOCK_WRITE_ZEROES_UNMAP; op++)
		ck_assert_int_eq(block_perform_range(loop, block, (enum block_op)op, 4096, 0), 0);
	end();
}
END_TEST

START_TEST(two_overlays_share_a_base_but_not_a_file)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);
	struct block_options other = options_of(BLOCK_OVERLAY_TEMPORARY, BLOCK_CACHE_AUTO);
	struct block_options writer = { .path = base };
	struct block *second = NULL;

	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert_int_eq(block_open(&other, &second), 0);
	block_close(second);
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &second), -EBUSY);
	ck_assert_ptr_nonnull(strstr(block_last_error, overlay_path));
	/* Nobody may write to the base meanwhile. */
	ck_assert_int_eq(block_open(&writer, &second), -EBUSY);
	end();
	ck_assert_int_eq(block_open(&writer, &second), 0);
	block_close(second);
}
END_TEST

/* --- kill -9 --- */

#define KILL_BLOCKS 512

/* What the killed process had done: each write puts one number more over all of its block. */
struct record {
	uint32_t started[KILL_BLOCKS];
	uint32_t flushed[KILL_BLOCKS];
};

static void write_until_killed(struct record *record)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);
	uint32_t written[KILL_BLOCKS];
	unsigned int state = (unsigned int)getpid();

	memcpy(written, record->started, sizeof(written));
	loop = NULL; /* the other process's */
	begin(&options, LOOP_ENGINE_THREAD);
	for (unsigned int i = 0;; i++) {
		unsigned int at = (unsigned int)rand_r(&state) % KILL_BLOCKS;

		if (i % 6 == 5) {
			ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
			memcpy(record->flushed, written, sizeof(written));
			continue;
		}
		written[at] = ++record->started[at];
		ck_assert_int_eq(write_page((uint64_t)at * 4096, (uint8_t)written[at], 4096, BLOCK_WRITE), 0);
	}
}

/* Each block is as its last flush found it, or newer, and nothing in between. */
static void check_after_kill(struct record *record)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);

	begin(&options, LOOP_ENGINE_THREAD);
	block_read_all(loop, block, readback, DISK_BYTES);
	for (unsigned int at = 0; at < KILL_BLOCKS; at++) {
		const uint8_t *bytes = readback + (size_t)at * 4096;
		uint32_t found = record->started[at];

		if (record->flushed[at] == 0 && memcmp(bytes, base_bytes + (size_t)at * 4096, 4096) == 0)
			found = 0;
		while (found > record->flushed[at] && bytes[0] != (uint8_t)found)
			found--;
		ck_assert_msg(found == 0 || bytes[0] == (uint8_t)found, "block %u: %u flushed, %u started, %02x found",
			      at, record->flushed[at], record->started[at], bytes[0]);
		ck_assert_msg(found == 0 || memcmp(bytes, bytes + 1, 4095) == 0, "block %u is torn", at);
		/* An older number may not come back at the next kill. */
		record->started[at] = record->flushed[at] = found;
	}
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	end();
}

START_TEST(what_was_flushed_is_there_after_kill)
{
	struct record *record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(record, MAP_FAILED);
	for (unsigned int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0)
			write_until_killed(record);
		usleep(1000 + i * 13777);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		check_after_kill(record);
	}
}
END_TEST

/* --- files that are refused --- */

static void put_file(const char *path, const void *bytes, size_t nr)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_eq(fd_pwrite_full(fd, bytes, nr, 0), 0);
	close(fd);
}

static void expect_refusal(const struct block_options *options, const char *text)
{
	struct stat before, after;

	ck_assert_int_eq(stat(options->overlay_path, &before), 0);
	block_log_catch();
	block = NULL;
	ck_assert_int_eq(block_open(options, &block), -EINVAL);
	ck_assert_ptr_null(block);
	ck_assert_msg(strstr(block_last_error, text) != NULL, "'%s' is not in: %s", text, block_last_error);
	ck_assert_int_eq(stat(options->overlay_path, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	ck_assert_int_eq(after.st_ino, before.st_ino);
}

static void make_overlay(const struct block_options *options)
{
	begin(options, LOOP_ENGINE_AUTO);
	ck_assert_int_eq(write_page(4096, 0xab, 4096, BLOCK_WRITE), 0);
	end();
}

START_TEST(a_file_that_is_something_else_is_refused_and_untouched)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);
	uint8_t header[OVERLAY_HEADER_BYTES];
	int fd;

	put_file(overlay_path, "", 0);
	expect_refusal(&options, "not an overlay");
	put_file(overlay_path, "my only thesis", 14);
	expect_refusal(&options, "not an overlay");
	put_file(overlay_path, base_bytes, 65536);
	expect_refusal(&options, "not an overlay");
	unlink(overlay_path);

	make_overlay(&options);
	fd = open(overlay_path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fd_pread_full(fd, header, sizeof(header), 0), 0);
	header[100]++;
	ck_assert_int_eq(fd_pwrite_full(fd, header, sizeof(header), 0), 0);
	expect_refusal(&options, "damaged");
	header[100]--;
	ck_assert_int_eq(fd_pwrite_full(fd, header, sizeof(header), 0), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)overlay_file_bytes(DISK_BYTES) - 1), 0);
	expect_refusal(&options, "truncated");
	ck_assert_int_eq(ftruncate(fd, 4000), 0);
	expect_refusal(&options, "not an overlay");
	close(fd);
	options.overlay_path = "/var/tmp";
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), -EINVAL);
	ck_assert_ptr_nonnull(strstr(block_last_error, "not a file"));
}
END_TEST

START_TEST(a_base_that_has_changed_is_refused)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);
	const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	char other[BLOCK_PATH_MAX];
	struct stat st;

	make_overlay(&options);
	make_overlay(&options); /* a second time it is used as it is */

	block_make_disk(other, DISK_BYTES);
	options.path = other;
	expect_refusal(&options, "another file");
	options.path = base;
	ck_assert_int_eq(stat(base, &st), 0);
	ck_assert_int_eq(truncate(base, DISK_BYTES + 4096), 0);
	expect_refusal(&options, "another size");
	ck_assert_int_eq(truncate(base, DISK_BYTES), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, base, now, 0), 0);
	expect_refusal(&options, "has been written to since");
	ck_assert_ptr_nonnull(strstr(block_last_error, base));
	ck_assert_int_eq(utimensat(AT_FDCWD, base, (struct timespec[]){ st.st_atim, st.st_mtim }, 0), 0);
	begin(&options, LOOP_ENGINE_AUTO);
	ck_assert_uint_eq(read_byte(4096), 0xab);
	end();
}
END_TEST

START_TEST(an_overlay_is_not_a_base)
{
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);

	options.overlay_path = base;
	expect_refusal(&options, "the base itself");
	options.overlay_path = overlay_path;
	make_overlay(&options);
	options = (struct block_options){ .path = overlay_path };
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), -EINVAL);
	ck_assert_ptr_nonnull(strstr(block_last_error, "overlay"));
}
END_TEST

START_TEST(making_one_that_fails_leaves_nothing)
{
	char folder[] = "/var/tmp/mote-folder-XXXXXX";
	char name[64];
	struct block_options options = options_of(BLOCK_OVERLAY_KEEP, BLOCK_CACHE_AUTO);

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/none/overlay", folder);
	options.overlay_path = name;
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), -ENOENT);
	ck_assert_ptr_nonnull(strstr(block_last_error, "folder"));
	/* The base is at fault, and is found out first. */
	snprintf(name, sizeof(name), "%s/overlay", folder);
	options.path = "/var/tmp/no-such-base";
	ck_assert_int_eq(block_open(&options, &block), -ENOENT);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_overlay");
	TCase *torturing = tcase_create("torture");
	TCase *facts = tcase_create("facts");

	tcase_set_timeout(torturing, 100);
	tcase_add_checked_fixture(torturing, setup, teardown);
	tcase_add_checked_fixture(facts, setup, teardown);
	add_engine_test(torturing, random_requests_on_a_temporary_overlay_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_on_a_kept_overlay_match_a_shadow_copy_and_are_found_again);
	add_engine_test(torturing, random_requests_on_a_direct_overlay_match_a_shadow_copy);
	add_engine_test(torturing, sectors_of_one_block_that_are_written_together_are_all_there);
	tcase_add_test(facts, a_discarded_block_does_not_show_the_base_again);
	add_engine_test(facts, what_is_not_flushed_is_the_bases_after_a_crash);
	tcase_add_test(torturing, what_was_flushed_is_there_after_kill);
	tcase_add_loop_test(facts, a_write_that_fails_leaves_the_base_in_sight, 0, 2);
	tcase_add_test(facts, a_temporary_overlay_leaves_nothing);
	tcase_add_test(facts, a_read_only_disk_needs_no_overlay_and_writes_to_none);
	tcase_add_test(facts, the_geometry_is_the_bases_size_and_what_the_overlay_can);
	tcase_add_test(facts, two_overlays_share_a_base_but_not_a_file);
	tcase_add_test(facts, a_file_that_is_something_else_is_refused_and_untouched);
	tcase_add_test(facts, a_base_that_has_changed_is_refused);
	tcase_add_test(facts, an_overlay_is_not_a_base);
	tcase_add_test(facts, making_one_that_fails_leaves_nothing);
	suite_add_tcase(suite, torturing);
	suite_add_tcase(suite, facts);
	return unit_main(suite);
}
