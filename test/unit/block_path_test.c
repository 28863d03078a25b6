/* Paths that are no disk: each refused with its own errno and one line that says what to do. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/unit/block_support.h"

static char folder[] = "/var/tmp/mote-path-XXXXXX";
static char path[BLOCK_PATH_MAX];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/disk", folder);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
}

static void expect_refusal_by(const struct block_options *options, int error, const char *says)
{
	struct block *block = NULL;
	char quoted[BLOCK_PATH_MAX + 32];

	block_log_catch();
	ck_assert_int_eq(block_open(options, &block), error);
	ck_assert_ptr_null(block);
	snprintf(quoted, sizeof(quoted), "cannot open disk '%s': ", options->path != NULL ? options->path : "");
	ck_assert_msg(strncmp(block_last_error, quoted, strlen(quoted)) == 0, "said: %s", block_last_error);
	ck_assert_msg(strstr(block_last_error, says) != NULL, "said: %s", block_last_error);
	ck_assert_ptr_null(strchr(block_last_error, '\n'));
}

static void expect_refusal(int error, const char *says)
{
	const struct block_options options = { .path = path };

	expect_refusal_by(&options, error, says);
}

static void make_sized(uint64_t size_bytes)
{
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size_bytes), 0);
	close(fd);
}

START_TEST(a_missing_file_is_named)
{
	expect_refusal(-ENOENT, "not there");
	expect_refusal_by(&(struct block_options){ .path = "" }, -ENOENT, "not there");
	expect_refusal_by(&(struct block_options){ .path = NULL }, -ENOENT, "not there");
}
END_TEST

START_TEST(a_path_through_a_file_is_missing)
{
	make_sized(512);
	expect_refusal_by(&(struct block_options){ .path = "/dev/null/disk" }, -ENOENT, "not there");
}
END_TEST

START_TEST(a_directory_is_refused)
{
	expect_refusal_by(&(struct block_options){ .path = folder }, -EISDIR, "is a directory");
}
END_TEST

START_TEST(a_character_device_is_refused)
{
	expect_refusal_by(&(struct block_options){ .path = "/dev/null" }, -ENOTSUP, "character device");
}
END_TEST

START_TEST(a_pipe_is_refused_without_waiting_for_its_other_end)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refusal(-ENOTSUP, "pipe");
}
END_TEST

START_TEST(a_socket_is_refused)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect_refusal(-ENOTSUP, "socket");
	close(fd);
}
END_TEST

START_TEST(an_empty_file_is_refused)
{
	make_sized(0);
	expect_refusal(-EINVAL, "empty");
}
END_TEST

START_TEST(a_size_that_is_not_whole_sectors_is_refused_and_stays)
{
	static const uint64_t sizes[] = { 1, 511, 513, 1000000007 };
	struct stat st;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_sized(sizes[i]);
		expect_refusal(-EINVAL, "not a multiple of 512");
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(st.st_size, (off_t)sizes[i]);
	}
}
END_TEST

START_TEST(a_file_that_may_not_be_written_is_refused_and_opens_read_only)
{
	struct block_options options = { .path = path };
	struct block *block;

	make_sized(4096);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	if (getuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
	expect_refusal(-EACCES, "may not write");
	options.read_only = true;
	block = block_must_open(&options);
	ck_assert(block_geometry(block)->read_only);
	ck_assert(!block_geometry(block)->can_discard);
	ck_assert(!block_geometry(block)->can_write_zeroes);
	block_close(block);
	if (getuid() != 0)
		(void)!seteuid(0);
}
END_TEST

START_TEST(an_unreadable_file_is_refused)
{
	make_sized(4096);
	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	if (getuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
	expect_refusal_by(&(struct block_options){ .path = path, .read_only = true }, -EACCES, "may not read");
	(void)!seteuid(0);
}
END_TEST

START_TEST(a_read_only_device_is_refused_and_opens_read_only)
{
	struct block_options options = { .read_only = false };
	char disk[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];
	struct block *block;
	int fd, on = 1;

	block_make_disk(disk, 1024 * 1024);
	if (!block_make_device(disk, 512, device))
		return;
	options.path = device;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(ioctl(fd, BLKROSET, &on), 0);
	close(fd);
	{
		block_log_catch();
		fd = block_open(&options, &block);
		ck_assert(fd == -EROFS || fd == -EACCES);
		ck_assert_msg(strstr(block_last_error, ",ro") != NULL, "said: %s", block_last_error);
	}
	options.read_only = true;
	block_close(block_must_open(&options));
	block_free_device();
}
END_TEST

START_TEST(a_mounted_device_is_refused_with_the_place_and_stays_untouched)
{
	struct block_options options = { .read_only = false };
	char disk[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX], command[128];

	block_make_disk(disk, 2 * 1024 * 1024);
	snprintf(command, sizeof(command), "mkfs.ext4 -q -F %s 2>/dev/null", disk);
	if (system(command) != 0 || !block_make_device(disk, 512, device)) {
		printf("skipped: no mkfs.ext4 or no loop device here\n");
		return;
	}
	if (mount(device, folder, "ext4", 0, NULL) < 0) {
		printf("skipped: nothing can be mounted here (%s)\n", strerror(errno));
	} else {
		options.path = device;
		expect_refusal_by(&options, -EBUSY, "mounted on ");
		ck_assert_ptr_nonnull(strstr(block_last_error, folder));
		/* Readers are let in. */
		options.read_only = true;
		block_close(block_must_open(&options));
		ck_assert_int_eq(umount(folder), 0);
	}
	block_free_device();
}
END_TEST

START_TEST(a_description_names_the_end_of_a_long_path)
{
	static char deep[400] = "/var/tmp/../tmp/../tmp/../tmp/../tmp/../tmp/../tmp/../tmp/../tmp/../tmp/../tmp/..";
	struct block_options options = { .path = deep };
	struct block *block;

	make_sized(512);
	strcat(deep, path + strlen("/var"));
	block = block_must_open(&options);
	ck_assert_ptr_nonnull(strstr(block_description(block), "/disk (file, page cache)"));
	block_close(block);
}
END_TEST

START_TEST(what_begins_like_a_format_is_not_raw_unless_it_is_said_to_be)
{
	char disk[BLOCK_PATH_MAX];
	struct block_options options = { .path = disk };
	struct block *block = NULL;
	int fd;

	block_make_disk(disk, 65536);
	fd = open(disk, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "QFI\xfb", 4, 0), 4);
	close(fd);
	for (int cache = BLOCK_CACHE_AUTO; cache <= BLOCK_CACHE_WRITEBACK; cache++) {
		options.cache = (enum block_cache)cache;
		block_log_catch();
		ck_assert_int_eq(block_open(&options, &block), -EINVAL);
		ck_assert_ptr_nonnull(strstr(block_last_error, "format=qcow2"));
		ck_assert_ptr_nonnull(strstr(block_last_error, "format=raw"));
	}
	options.format = BLOCK_FORMAT_RAW;
	options.cache = BLOCK_CACHE_AUTO;
	block = block_must_open(&options);
	ck_assert_uint_eq(block_geometry(block)->size_bytes, 65536);
	block_close(block);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_path");
	TCase *bad = tcase_create("bad paths");

	tcase_add_checked_fixture(bad, setup, teardown);
	tcase_add_test(bad, a_missing_file_is_named);
	tcase_add_test(bad, a_path_through_a_file_is_missing);
	tcase_add_test(bad, a_directory_is_refused);
	tcase_add_test(bad, a_character_device_is_refused);
	tcase_add_test(bad, a_pipe_is_refused_without_waiting_for_its_other_end);
	tcase_add_test(bad, a_socket_is_refused);
	tcase_add_test(bad, an_empty_file_is_refused);
	tcase_add_test(bad, a_size_that_is_not_whole_sectors_is_refused_and_stays);
	tcase_add_test(bad, a_file_that_may_not_be_written_is_refused_and_opens_read_only);
	tcase_add_test(bad, an_unreadable_file_is_refused);
	tcase_add_test(bad, a_read_only_device_is_refused_and_opens_read_only);
	tcase_add_test(bad, a_mounted_device_is_refused_with_the_place_and_stays_untouched);
	tcase_add_test(bad, a_description_names_the_end_of_a_long_path);
	tcase_add_test(bad, what_begins_like_a_format_is_not_raw_unless_it_is_said_to_be);
	suite_add_tcase(suite, bad);
	return unit_main(suite);
}
