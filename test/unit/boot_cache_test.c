#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/base/fd.h"
#include "vmm/boot/cache_dir.h"
#include "vmm/boot/cache_entry.h"

static struct test_guest guest;
static struct boot_entry entry;

/* Waits for the cache too. */
static int boot(void)
{
	struct boot_keep *keep;
	int ret = boot_load(&guest.request, &entry, &keep);

	boot_keep_finish(keep);
	return ret;
}
static char home[] = "/tmp/boot-cache-XXXXXX";
static char dir[PATH_MAX];

static void setup(void)
{
	test_guest_start(&guest);
	guest.request.use_cache = true;
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", home, 1), 0);
	snprintf(dir, sizeof(dir), "%s/mote", home);
}

static void remove_all(const char *path)
{
	char command[PATH_MAX + 32];

	snprintf(command, sizeof(command), "chmod -R u+w '%s' && rm -rf '%s'", path, path);
	ck_assert_int_eq(system(command), 0);
}

static void teardown(void)
{
	test_guest_end(&guest);
	remove_all(home);
}

/* Makes the kernel file look as if it had been there for a while: a change time cannot be set, so the wait is real. */
static void settle(void)
{
	sleep(6);
}

static void use_kernel(enum test_packing packing)
{
	struct bytes file = test_kernel(packing);

	fd_close(&guest.request.kernel_fd);
	guest.request.kernel_fd = test_file(file.data, file.len);
	bytes_free(&file);
}

/* Boots into clean memory; the image must be the same wherever it came from. Asserts nothing: children use it too, and
 * Check listens to one process only. */
static bool loads_right(void)
{
	const uint8_t *image = guest_memory_at(&guest.memory, TEST_LINK_BASE, TEST_IMAGE_BYTES);

	test_guest_clear(&guest);
	test_log_start();
	if (boot() || entry.rip != TEST_LINK_BASE + TEST_ENTRY_OFFSET)
		return false;
	for (uint64_t i = 0; i < TEST_TEXT_BYTES; i++) {
		if (image[i] != test_kernel_byte(i))
			return false;
	}
	for (uint64_t i = 0; i < TEST_DATA_BYTES; i++) {
		bool zero = i >= 0x1000 && i < TEST_DATA_BYTES - 0x1000;

		if (image[TEST_DATA_OFFSET + i] != (zero ? 0 : test_kernel_byte(TEST_DATA_OFFSET + i)))
			return false;
	}
	return true;
}

static void load_and_check(void)
{
	ck_assert_msg(loads_right(), "%s", test_log());
}

/* How many names in the cache start like this; the last one's path. */
static unsigned int count(const char *prefix, char path[PATH_MAX])
{
	DIR *list = opendir(dir);
	struct dirent *found;
	unsigned int nr = 0;

	ck_assert_ptr_nonnull(list);
	while ((found = readdir(list)) != NULL) {
		if (strncmp(found->d_name, prefix, strlen(prefix)) != 0)
			continue;
		nr++;
		if (path)
			ck_assert_int_lt(snprintf(path, PATH_MAX, "%.200s/%s", dir, found->d_name), PATH_MAX);
	}
	closedir(list);
	return nr;
}

static bool logged(const char *words)
{
	return strstr(test_log(), words) != NULL;
}

/* A guest could make a payload that has the length and the end of another's. It only ever finds its own. */
START_TEST(a_payload_that_looks_alike_is_another)
{
	struct bytes file = test_kernel(PACK_LZ4);
	uint8_t text[8], *packed;

	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = test_kernel_byte(0x80 + i);
	packed = memmem(file.data, file.len, text, sizeof(text));
	ck_assert_ptr_nonnull(packed);
	packed[0] ^= 0xff;
	use_kernel(PACK_LZ4);
	load_and_check();
	fd_close(&guest.request.kernel_fd);
	guest.request.kernel_fd = test_file(file.data, file.len);
	ck_assert(!loads_right());
	ck_assert(!logged("found unpacked"));
	ck_assert(logged("kept unpacked"));
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, NULL), 2);
	use_kernel(PACK_LZ4);
	load_and_check();
	ck_assert(logged("found unpacked"));
	bytes_free(&file);
}
END_TEST

/* Long enough for several threads. */
START_TEST(every_byte_of_a_long_payload_is_compared)
{
	size_t len = (3u << 20) + 5;
	size_t places[] = { 0, 32767, 32768, len / 2, len - 1 };
	uint8_t *payload = malloc(len);
	int fd;

	ck_assert_ptr_nonnull(payload);
	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)(i * 31 >> 3);
	fd = test_file(payload, len);
	ck_assert(cache_entry_is_from(fd, payload, len));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		payload[places[i]] ^= 1;
		ck_assert(!cache_entry_is_from(fd, payload, len));
		payload[places[i]] ^= 1;
	}
	ck_assert(!cache_entry_is_from(fd, payload, len + 1));
	fd_close(&fd);
	free(payload);
}
END_TEST

START_TEST(second_start_finds_the_content)
{
	char path[PATH_MAX];
	struct stat st;

	use_kernel(PACK_LZ4);
	load_and_check();
	ck_assert(logged("kept unpacked"));
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, path), 1);
	ck_assert_uint_eq(count(CACHE_TEMPORARY_PREFIX, NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* zeros are left out */
	ck_assert_int_lt(st.st_size, TEST_DATA_BYTES);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	/* This file is too young for a link, and another one with the same content finds it too. */
	use_kernel(PACK_LZ4);
	load_and_check();
	ck_assert(logged("by its content"));
	ck_assert_uint_eq(count(CACHE_LINK_PREFIX, NULL), 0);
}
END_TEST

START_TEST(randomises_what_the_cache_holds)
{
	unsigned int changes = 0;
	gpa_t last = 0;

	use_kernel(PACK_LZ4);
	load_and_check();
	guest.request.kaslr = true;
	for (int i = 0; i < 6; i++) {
		uint64_t value, delta;
		le64 raw;

		test_guest_clear(&guest);
		ck_assert_int_eq(boot(), 0);
		ck_assert_int_eq(guest_memory_read(&guest.memory, entry.rip - TEST_ENTRY_OFFSET + TEST_PLACE_ADD64,
						   &raw, sizeof(raw)),
				 0);
		value = 0;
		for (int byte = 0; byte < 8; byte++)
			value |= (uint64_t)test_kernel_byte(TEST_PLACE_ADD64 + byte) << 8 * byte;
		delta = le64_get(raw) - value;
		ck_assert_uint_eq(delta % 0x200000, 0);
		changes += delta != last;
		last = delta;
	}
	ck_assert(logged("in the cache"));
	ck_assert_uint_gt(changes, 1);
}
END_TEST

START_TEST(a_settled_file_is_found_by_its_identity)
{
	char path[PATH_MAX];

	use_kernel(PACK_ZSTD);
	settle();
	load_and_check();
	ck_assert_uint_eq(count(CACHE_LINK_PREFIX, NULL), 1);
	load_and_check();
	ck_assert(logged("found unpacked in the cache\n"));

	/* Same identity, other end of the payload: not the same kernel. */
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, path), 1);
	{
		struct kernel_image image;
		struct cache_origin origin;
		int fd = open(path, O_RDWR);
		uint8_t unpacked[1] = { 0 };
		uint8_t *payload;

		ck_assert(cache_entry_read(fd, &image, &origin));
		payload = calloc(1, origin.payload_bytes);
		ck_assert_ptr_nonnull(payload);
		origin.payload_tail[5] ^= 1;
		image.nr_extents = 0;
		memset(image.relocs, 0, sizeof(image.relocs));
		ck_assert_int_eq(cache_entry_write(fd, payload, unpacked, &image, &origin), 0);
		free(payload);
		close(fd);
	}
	load_and_check();
	ck_assert(!logged("found unpacked"));
	ck_assert(logged("kept unpacked"));
	load_and_check();
	ck_assert(logged("found unpacked in the cache\n"));

	/* The link stays behind when its entry goes: unpack again. */
	ck_assert_int_eq(unlink(path), 0);
	load_and_check();
	ck_assert(logged("kept unpacked"));
}
END_TEST

START_TEST(throws_truncated_and_damaged_entries_away)
{
	char path[PATH_MAX];
	struct stat st;
	static const off_t cuts[] = { 0, 1, 7, 100, 4095, 4096, 9000, -1 };

	use_kernel(PACK_LZ4);
	load_and_check();
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, path), 1);
	ck_assert_int_eq(stat(path, &st), 0);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		ck_assert_int_eq(truncate(path, cuts[i] < 0 ? st.st_size - 1 : cuts[i]), 0);
		load_and_check();
		ck_assert(logged("kept unpacked"));
	}
	ck_assert_int_eq(truncate(path, st.st_size + 1), 0);
	load_and_check();
	ck_assert(logged("kept unpacked"));
	for (off_t at = 0; at < 1900; at += 13) {
		int fd = open(path, O_RDWR);
		uint8_t byte;

		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		load_and_check(); /* checks that what is loaded is right */
	}
	load_and_check();
	ck_assert(logged("found unpacked"));
}
END_TEST

START_TEST(checks_where_an_entry_points)
{
	struct kernel_image good = { .link_base = TEST_LINK_BASE, .size_bytes = 0x2000, .nr_extents = 1 };
	uint64_t *const fields[] = { &good.size_bytes,
				     &good.link_base,
				     &good.entry_offset,
				     &good.extents[0].source_offset,
				     &good.extents[0].image_offset,
				     &good.extents[0].size_bytes,
				     &good.relocs[RELOC_SUB32].source_offset,
				     &good.relocs[RELOC_SUB32].nr_entries };

	good.extents[0] = (struct kernel_extent){ 0x1000, 0, 0x1000 };
	good.relocs[RELOC_SUB32] = (struct reloc_list){ 0x1ff0, 4 };
	ck_assert(kernel_image_is_sane(&good, 0x2000));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t keep = *fields[i];

		*fields[i] = UINT64_MAX - 1;
		ck_assert_msg(!kernel_image_is_sane(&good, 0x2000), "field %zu", i);
		*fields[i] = keep;
	}
	ck_assert(!kernel_image_is_sane(&good, 0x1fff));
	good.nr_extents = KERNEL_MAX_EXTENTS + 1;
	ck_assert(!kernel_image_is_sane(&good, 0x2000));
}
END_TEST

START_TEST(boots_without_a_cache_it_cannot_write)
{
	use_kernel(PACK_LZ4);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/proc/version", 1), 0);
	load_and_check();
	ck_assert(logged("cache not used"));
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/proc/sys", 1), 0);
	load_and_check();
	ck_assert(logged("cache not used"));
	ck_assert_int_eq(unsetenv("XDG_CACHE_HOME"), 0);
	ck_assert_int_eq(unsetenv("HOME"), 0);
	load_and_check();
	ck_assert(logged("cache not used"));
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "relative", 1), 0);
	load_and_check();
	ck_assert(logged("cache not used"));
}
END_TEST

START_TEST(falls_back_to_home)
{
	char path[PATH_MAX];

	ck_assert_int_eq(unsetenv("XDG_CACHE_HOME"), 0);
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
	snprintf(dir, sizeof(dir), "%s/.cache/mote", home);
	use_kernel(PACK_LZ4);
	load_and_check();
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, path), 1);
}
END_TEST

START_TEST(refuses_a_directory_that_others_can_write)
{
	use_kernel(PACK_LZ4);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(chmod(dir, 0777), 0);
	load_and_check();
	ck_assert(logged("writable by you alone"));
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, NULL), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	/* nor does a link lead elsewhere */
	ck_assert_int_eq(symlink("/tmp", dir), 0);
	load_and_check();
	ck_assert(logged("cache not used"));
}
END_TEST

START_TEST(boots_when_the_disk_is_full)
{
	/* A limit on file sizes stands in for a full disk: the write fails half way. */
	struct rlimit small = { .rlim_cur = 6000, .rlim_max = RLIM_INFINITY };
	struct rlimit old;

	use_kernel(PACK_LZ4);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	load_and_check();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert(logged("not kept"));
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, NULL), 0);
	ck_assert_uint_eq(count(CACHE_TEMPORARY_PREFIX, NULL), 0);
}
END_TEST

/* Puts half an entry in the place of a whole one, which whoever has it open does not notice. */
static bool spoil(const char *path, int who, off_t len)
{
	char half[PATH_MAX];
	bool done;
	int fd;

	snprintf(half, sizeof(half), "%s/half-%d", home, who);
	fd = open(half, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	done = fd >= 0 && ftruncate(fd, len) == 0 && rename(half, path) == 0;
	fd_close(&fd);
	return done;
}

START_TEST(concurrent_starts_agree)
{
	pid_t children[8];
	char path[PATH_MAX];

	use_kernel(PACK_LZ4);
	load_and_check();
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, path), 1);
	/* The children load into copies of this guest. */
	ck_assert_int_eq(madvise(guest.memory.regions[0].host, TEST_RAM_BYTES, MADV_DOFORK), 0);
	for (int i = 0; i < 8; i++) {
		children[i] = fork();
		ck_assert_int_ge(children[i], 0);
		if (children[i] == 0) {
			bool right = true;

			for (int round = 0; round < 5; round++) {
				right = right && loads_right();
				if (round % 2 == i % 2)
					right = right && spoil(path, i, 5000 * round);
			}
			_exit(right ? 0 : 1);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	load_and_check();
	ck_assert_uint_eq(count(CACHE_ENTRY_PREFIX, NULL), 1);
	ck_assert_uint_eq(count(CACHE_TEMPORARY_PREFIX, NULL), 0);
}
END_TEST

static void make_entry(int fd, const char *name, off_t size, time_t used_s)
{
	struct timespec times[2] = { { .tv_sec = used_s }, { .tv_sec = used_s } };
	int file = openat(fd, name, O_CREAT | O_WRONLY, 0600);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(ftruncate(file, size), 0);
	ck_assert_int_eq(futimens(file, times), 0);
	close(file);
}

START_TEST(prunes_what_was_not_used_for_longest)
{
	time_t now_s = time(NULL);
	int fd = cache_dir_open();

	ck_assert_int_ge(fd, 0);
	make_entry(fd, CACHE_ENTRY_PREFIX "old", 400, now_s - 3000);
	make_entry(fd, CACHE_ENTRY_PREFIX "older", 400, now_s - 4000);
	make_entry(fd, CACHE_ENTRY_PREFIX "new", 400, now_s - 10);
	make_entry(fd, CACHE_TEMPORARY_PREFIX "crashed", 400, now_s - 9999);
	make_entry(fd, CACHE_TEMPORARY_PREFIX "running", 400, now_s);
	make_entry(fd, "somebody-else's", 4000, now_s - 9999);
	ck_assert_int_eq(symlinkat(CACHE_ENTRY_PREFIX "older", fd, CACHE_LINK_PREFIX "1"), 0);
	ck_assert_int_eq(symlinkat(CACHE_ENTRY_PREFIX "new", fd, CACHE_LINK_PREFIX "2"), 0);
	cache_dir_prune(fd, 1000);
	ck_assert_int_ne(faccessat(fd, CACHE_ENTRY_PREFIX "older", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(fd, CACHE_ENTRY_PREFIX "old", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(fd, CACHE_ENTRY_PREFIX "new", F_OK, 0), 0);
	ck_assert_int_ne(faccessat(fd, CACHE_TEMPORARY_PREFIX "crashed", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(fd, CACHE_TEMPORARY_PREFIX "running", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(fd, "somebody-else's", F_OK, 0), 0);
	ck_assert_int_ne(faccessat(fd, CACHE_LINK_PREFIX "1", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(faccessat(fd, CACHE_LINK_PREFIX "2", F_OK, 0), 0);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_cache");
	TCase *tcase = tcase_create("cache");

	tcase_set_timeout(tcase, 100);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, second_start_finds_the_content);
	tcase_add_test(tcase, a_payload_that_looks_alike_is_another);
	tcase_add_test(tcase, every_byte_of_a_long_payload_is_compared);
	tcase_add_test(tcase, randomises_what_the_cache_holds);
	tcase_add_test(tcase, a_settled_file_is_found_by_its_identity);
	tcase_add_test(tcase, throws_truncated_and_damaged_entries_away);
	tcase_add_test(tcase, checks_where_an_entry_points);
	tcase_add_test(tcase, boots_without_a_cache_it_cannot_write);
	tcase_add_test(tcase, falls_back_to_home);
	tcase_add_test(tcase, refuses_a_directory_that_others_can_write);
	tcase_add_test(tcase, boots_when_the_disk_is_full);
	tcase_add_test(tcase, concurrent_starts_agree);
	tcase_add_test(tcase, prunes_what_was_not_used_for_longest);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
