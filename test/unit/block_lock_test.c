/* One writer or many readers, between processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/block_support.h"

/* A process that has the disk open until it is told to end. */
struct other {
	pid_t pid;
	int to_it, from_it;
};

static struct other other_open(const struct block_options *options)
{
	struct other other;
	int down[2], up[2];
	char answer = '?';

	ck_assert_int_eq(pipe(down), 0);
	ck_assert_int_eq(pipe(up), 0);
	other.pid = fork();
	if (other.pid == 0) {
		struct block *block;

		close(down[1]);
		answer = block_open(options, &block) == 0 ? 'y' : 'n';
		(void)!write(up[1], &answer, 1);
		(void)!read(down[0], &answer, 1);
		_exit(0);
	}
	close(down[0]);
	other.to_it = down[1];
	other.from_it = up[0];
	ck_assert_int_eq(read(other.from_it, &answer, 1), 1);
	ck_assert_int_eq(answer, 'y');
	return other;
}

static void other_end(struct other *other)
{
	close(other->to_it);
	ck_assert_int_eq(waitpid(other->pid, NULL, 0), other->pid);
	close(other->from_it);
}

static void expect_busy(const char *path, bool read_only, pid_t holder)
{
	const struct block_options options = { .path = path, .read_only = read_only };
	struct block *block = NULL;
	char pid[32];

	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), -EBUSY);
	ck_assert_ptr_null(block);
	snprintf(pid, sizeof(pid), "(PID %d)", holder);
	ck_assert_msg(strstr(block_last_error, pid) != NULL, "%s is not in: %s", pid, block_last_error);
}

static void check_locks(const char *path)
{
	const struct block_options write = { .path = path }, read = { .path = path, .read_only = true };
	struct other other = other_open(&write);

	expect_busy(path, false, other.pid);
	expect_busy(path, true, other.pid);
	/* A lock ends with its holder, however that ends. */
	kill(other.pid, SIGKILL);
	other_end(&other);
	block_close(block_must_open(&write));

	other = other_open(&read);
	block_close(block_must_open(&read));
	expect_busy(path, false, other.pid);
	other_end(&other);
	block_close(block_must_open(&write));
}

START_TEST(a_file_has_one_writer_or_many_readers)
{
	char path[BLOCK_PATH_MAX];

	block_make_disk(path, 1024 * 1024);
	check_locks(path);
}
END_TEST

START_TEST(a_device_has_one_writer_or_many_readers)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];

	block_make_disk(path, 1024 * 1024);
	if (!block_make_device(path, 512, device))
		return;
	check_locks(device);
	block_free_device();
}
END_TEST

START_TEST(one_process_can_not_open_a_disk_twice_for_writing)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct block *block;

	block_make_disk(path, 1024 * 1024);
	block = block_must_open(&options);
	expect_busy(path, false, getpid());
	block_close(block);
}
END_TEST

START_TEST(another_programs_byte_range_lock_keeps_a_writer_out)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1 };
	char path[BLOCK_PATH_MAX];
	int fd;

	block_make_disk(path, 1024 * 1024);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	expect_busy(path, false, getpid());
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_lock");
	TCase *locks = tcase_create("locks");

	tcase_add_test(locks, a_file_has_one_writer_or_many_readers);
	tcase_add_test(locks, a_device_has_one_writer_or_many_readers);
	tcase_add_test(locks, one_process_can_not_open_a_disk_twice_for_writing);
	tcase_add_test(locks, another_programs_byte_range_lock_keeps_a_writer_out);
	suite_add_tcase(suite, locks);
	return unit_main(suite);
}
