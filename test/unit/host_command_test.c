#include "vmm/host/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/host_support.h"

static char out[4096], err[4096];

static int run_limited(const char *const *argv, unsigned int timeout_ms, size_t out_size)
{
	const struct command command = { .argv = argv,
					 .timeout_ms = timeout_ms,
					 .out = out,
					 .out_size = out_size,
					 .err = err,
					 .err_size = sizeof(err) };

	memset(out, '#', sizeof(out));
	memset(err, '#', sizeof(err));
	return command_run(&command);
}

static int run_shell(const char *text)
{
	const char *const argv[] = { "sh", "-c", text, NULL };

	return run_limited(argv, 30000, sizeof(out));
}

START_TEST(the_exit_status_and_both_outputs_come_back)
{
	ck_assert_int_eq(run_shell("echo one; echo two >&2; exit 7"), 7);
	ck_assert_str_eq(out, "one\n");
	ck_assert_str_eq(err, "two\n");
	ck_assert_int_eq(run_shell("true"), 0);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(err, "");
}
END_TEST

START_TEST(a_signal_is_told_as_a_shell_tells_it)
{
	ck_assert_int_eq(run_shell("kill -KILL $$"), 128 + SIGKILL);
}
END_TEST

START_TEST(words_reach_the_program_unchanged)
{
	static const char *const argv[] = { "printf", "%s|", "a b", "$HOME", "`id`", "*", "", "'\"", NULL };

	ck_assert_int_eq(run_limited(argv, 30000, sizeof(out)), 0);
	ck_assert_str_eq(out, "a b|$HOME|`id`|*||'\"|");
}
END_TEST

START_TEST(a_program_that_is_not_there_is_told_from_one_that_fails)
{
	static const char *const missing[] = { "mote-no-such-program", NULL };
	static const char *const missing_path[] = { "/nowhere/program", NULL };

	ck_assert_int_eq(run_limited(missing, 1000, sizeof(out)), -ENOENT);
	ck_assert_int_eq(run_limited(missing_path, 1000, sizeof(out)), -ENOENT);
}
END_TEST

START_TEST(output_beyond_the_buffer_is_an_error_and_never_written_past_it)
{
	static const char *const argv[] = { "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; echo done >&2", NULL };

	ck_assert_int_eq(run_limited(argv, 30000, 100), -EOVERFLOW);
	ck_assert_uint_eq(strlen(out), 99);
	ck_assert_int_eq(out[100], '#');
	ck_assert_str_eq(err, "done\n");
}
END_TEST

START_TEST(output_that_just_fits_is_whole)
{
	static const char *const argv[] = { "printf", "%099d", "0", NULL };

	ck_assert_int_eq(run_limited(argv, 30000, 100), 0);
	ck_assert_uint_eq(strlen(out), 99);
}
END_TEST

START_TEST(standard_error_is_cut_without_an_error)
{
	ck_assert_int_eq(run_shell("head -c 100000 /dev/zero | tr '\\0' x >&2"), 0);
	ck_assert_uint_eq(strlen(err), sizeof(err) - 1);
}
END_TEST

START_TEST(without_buffers_the_outputs_are_dropped)
{
	static const char *const argv[] = { "sh", "-c", "head -c 1000000 /dev/zero; exit 3", NULL };
	const struct command command = { .argv = argv, .timeout_ms = 30000 };

	ck_assert_int_eq(command_run(&command), 3);
}
END_TEST

START_TEST(a_program_over_its_time_is_ended_with_its_children)
{
	char path[HOST_PATH_BYTES], text[512];
	const char *const argv[] = { "sh", "-c", text, NULL };

	host_path(path, "pid");
	snprintf(text, sizeof(text), "sleep 1000 & echo $! >%s; wait", path);
	ck_assert_int_eq(run_limited(argv, 500, sizeof(out)), -ETIMEDOUT);
	snprintf(text, sizeof(text),
		 "while kill -0 $(cat %s) && ! grep -q '^State:.Z' /proc/$(cat %s)/status; do sleep "
		 "0.01; done",
		 path, path);
	ck_assert_int_ne(run_limited(argv, 30000, sizeof(out)), -ETIMEDOUT);
}
END_TEST

START_TEST(a_program_that_ignores_the_first_signal_is_killed)
{
	static const char *const argv[] = { "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done", NULL };

	ck_assert_int_eq(run_limited(argv, 300, sizeof(out)), -ETIMEDOUT);
}
END_TEST

START_TEST(a_daemon_that_keeps_the_pipes_is_not_waited_for)
{
	/* Longer than the limit of the whole test. */
	ck_assert_int_eq(run_shell("sleep 300 & echo $!"), 0);
	kill((pid_t)atol(out), SIGKILL);
}
END_TEST

START_TEST(it_inherits_no_descriptor_and_reads_nothing)
{
	int fd = open("/dev/null", O_RDONLY), other = dup2(fd, 77);

	ck_assert_int_eq(other, 77);
	/* The folder's own descriptor is one of ls's. Without a pipe, which the shell would hold for a moment. */
	ck_assert_int_eq(run_shell("ls /proc/$$/fd; cat"), 0);
	ck_assert_str_eq(out, "0\n1\n2\n");
	ck_assert_int_eq(run_shell("readlink /proc/$$/fd/0"), 0);
	ck_assert_str_eq(out, "/dev/null\n");
	close(other);
	close(fd);
}
END_TEST

START_TEST(it_blocks_and_ignores_no_signal)
{
	unsigned long long blocked, ignored;
	const unsigned long long libc_own = 3ULL << (32 - 1);
	sigset_t all, old;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	ck_assert_int_eq(run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(sscanf(out, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	ck_assert_uint_eq(blocked & ~libc_own, 0);
	ck_assert_uint_eq(ignored & ~libc_own, 0);
}
END_TEST

START_TEST(it_has_a_process_group_of_its_own)
{
	ck_assert_int_eq(run_shell("ps -o pgid= -p $$"), 0);
	ck_assert_int_ne(atol(out), getpgrp());
}
END_TEST

START_TEST(its_environment_is_ours_to_say)
{
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setenv("LANGUAGE", "de", 1);
	setenv("LD_DEBUG", "", 1);
	setenv("LVM_SYSTEM_DIR", "/etc/other-lvm", 1);
	setenv("DM_DISABLE_UDEV", "1", 1);
	ck_assert_int_eq(run_shell("env"), 0);
	ck_assert_ptr_nonnull(strstr(out, "LC_ALL=C\n"));
	ck_assert_ptr_nonnull(strstr(out, "LVM_SYSTEM_DIR=/etc/other-lvm\n"));
	ck_assert_ptr_nonnull(strstr(out, "DM_DISABLE_UDEV=1\n"));
	ck_assert_ptr_nonnull(strstr(out, "/usr/sbin:"));
	ck_assert_ptr_null(strstr(out, "LANGUAGE"));
	ck_assert_ptr_null(strstr(out, "LD_DEBUG"));
}
END_TEST

START_TEST(a_process_whose_standard_descriptors_are_closed_runs_programs_too)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close_range(0, ~0U, 0);
		_exit(run_shell("echo one; echo two >&2; exit 9") == 9 && strcmp(out, "one\n") == 0 &&
				      strcmp(err, "two\n") == 0
			      ? 0
			      : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(an_ignored_child_signal_is_an_error_and_no_hang)
{
	int rc;

	signal(SIGCHLD, SIG_IGN);
	rc = run_shell("true");
	signal(SIGCHLD, SIG_DFL);
	ck_assert_int_eq(rc, -ECHILD);
}
END_TEST

START_TEST(programs_are_found_in_absolute_folders_only)
{
	char path[256], wanted[HOST_PATH_BYTES], plain[HOST_PATH_BYTES];

	host_make_program("mote-tool", "");
	host_path(wanted, "mote-tool");
	ck_assert_int_eq(command_find("mote-tool", path, sizeof(path)), 0);
	ck_assert_str_eq(path, wanted);
	host_path(plain, "mote-text");
	close(creat(plain, 0644));
	ck_assert_int_eq(command_find("mote-text", path, sizeof(path)), -ENOENT);
	ck_assert_int_eq(chdir(host_folder), 0);
	setenv("PATH", ".::", 1);
	ck_assert_int_eq(command_find("mote-tool", path, sizeof(path)), -ENOENT);
	unsetenv("PATH");
	ck_assert_int_eq(command_find("mote-tool", path, sizeof(path)), -ENOENT);
	ck_assert_int_eq(command_find("sh", path, sizeof(path)), 0);
	ck_assert_int_eq(command_find("sh", path, 8), -ENAMETOOLONG);
	ck_assert_int_eq(chdir("/"), 0);
	setenv("PATH", "/bin", 1);
}
END_TEST

START_TEST(a_complaint_is_the_first_line_that_is_no_warning)
{
	static const struct {
		const char *text, *complaint;
	} cases[] = {
		{ "", "" },
		{ "\n \n", "" },
		{ "  Volume group \"x\" not found\n  Cannot process volume group x\n", "Volume group \"x\" not found" },
		{ "  WARNING: old\n  Failed.\n", "Failed." },
		{ "WARNING: one\nWARNING: two\n", "WARNING: one" },
		{ "no newline", "no newline" },
		{ "\t tabs \t\r\n", "tabs" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s", cases[i].text);
		ck_assert_str_eq(command_complaint(text), cases[i].complaint);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/command");
	TCase *tcase = tcase_create("command");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, host_setup, host_teardown);
	tcase_add_test(tcase, the_exit_status_and_both_outputs_come_back);
	tcase_add_test(tcase, a_signal_is_told_as_a_shell_tells_it);
	tcase_add_test(tcase, words_reach_the_program_unchanged);
	tcase_add_test(tcase, a_program_that_is_not_there_is_told_from_one_that_fails);
	tcase_add_test(tcase, output_beyond_the_buffer_is_an_error_and_never_written_past_it);
	tcase_add_test(tcase, output_that_just_fits_is_whole);
	tcase_add_test(tcase, standard_error_is_cut_without_an_error);
	tcase_add_test(tcase, without_buffers_the_outputs_are_dropped);
	tcase_add_test(tcase, a_program_over_its_time_is_ended_with_its_children);
	tcase_add_test(tcase, a_program_that_ignores_the_first_signal_is_killed);
	tcase_add_test(tcase, a_daemon_that_keeps_the_pipes_is_not_waited_for);
	tcase_add_test(tcase, it_inherits_no_descriptor_and_reads_nothing);
	tcase_add_test(tcase, it_blocks_and_ignores_no_signal);
	tcase_add_test(tcase, it_has_a_process_group_of_its_own);
	tcase_add_test(tcase, its_environment_is_ours_to_say);
	tcase_add_test(tcase, a_process_whose_standard_descriptors_are_closed_runs_programs_too);
	tcase_add_test(tcase, an_ignored_child_signal_is_an_error_and_no_hang);
	tcase_add_test(tcase, programs_are_found_in_absolute_folders_only);
	tcase_add_test(tcase, a_complaint_is_the_first_line_that_is_no_warning);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
