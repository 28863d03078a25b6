/* The janitor with harmless things to undo: files in a folder. */
#include "vmm/host/janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/unit/host_support.h"

static struct host_janitor *janitor;
static char complaint[HOST_JANITOR_COMPLAINT_BYTES];

static void setup(void)
{
	host_setup();
	/* Janitors whose owner is gone become ours to wait for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void start(void)
{
	ck_assert_int_eq(host_janitor_start(&janitor), 0);
}

static int make_by_shell(struct host_janitor *by, const char *make, const char *undo)
{
	const char *const make_words[] = { "sh", "-c", make, NULL };
	const char *const undo_words[] = { "sh", "-c", undo, NULL };

	return host_janitor_make(by, make_words, undo_words, complaint);
}

/* Makes the file `name` in the folder, to be removed at the end. */
static int make_file(struct host_janitor *by, const char *name)
{
	char path[HOST_PATH_BYTES];
	const char *const touch[] = { "touch", path, NULL };
	const char *const rm[] = { "rm", "-f", path, NULL };

	host_path(path, name);
	return host_janitor_make(by, touch, rm, complaint);
}

static void pause_ms(unsigned int ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void wait_until_exists(const char *name)
{
	while (!host_exists(name))
		pause_ms(1);
}

/* Forks an owner that starts a janitor, writes the janitor's PID to `*janitor_pid`, and goes on with `live`. */
static pid_t fork_owner(void (*live)(struct host_janitor *by), pid_t *janitor_pid)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct host_janitor *own;
		pid_t its;

		/* Check's own handler would take it for its user's. */
		signal(SIGINT, SIG_DFL);
		setpgid(0, 0);
		if (host_janitor_start(&own) < 0)
			_exit(1);
		its = host_janitor_pid(own);
		(void)!write(ends[1], &its, sizeof(its));
		live(own);
		_exit(0);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], janitor_pid, sizeof(*janitor_pid)), sizeof(*janitor_pid));
	close(ends[0]);
	return pid;
}

static void wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
}

static unsigned int count_files(void)
{
	char command[HOST_PATH_BYTES + 64];
	unsigned int nr = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "find %s -type f | wc -l", host_folder);
	pipe = popen(command, "re");
	ck_assert_int_eq(fscanf(pipe, "%u", &nr), 1);
	pclose(pipe);
	return nr;
}

START_TEST(what_was_made_is_undone_at_the_end)
{
	start();
	ck_assert_int_eq(make_file(janitor, "one"), 0);
	ck_assert(host_exists("one"));
	ck_assert_int_eq(make_file(janitor, "two"), 0);
	ck_assert(host_exists("two"));
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert_uint_eq(count_files(), 0);
	ck_assert_uint_eq(host_nr_lines, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(nothing_made_is_nothing_undone)
{
	start();
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert_int_eq(host_janitor_finish(NULL), 0);
}
END_TEST

START_TEST(the_last_is_undone_first)
{
	char first[256], second[256], text[8] = "", log[HOST_PATH_BYTES];
	int fd;

	host_path(log, "log");
	snprintf(first, sizeof(first), "printf 1 >>%s", log);
	snprintf(second, sizeof(second), "printf 2 >>%s", log);
	start();
	ck_assert_int_eq(make_by_shell(janitor, "true", first), 0);
	ck_assert_int_eq(make_by_shell(janitor, "true", second), 0);
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	fd = open(log, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 2);
	ck_assert_str_eq(text, "21");
	close(fd);
}
END_TEST

START_TEST(a_command_that_fails_is_undone_too_and_its_complaint_comes_back)
{
	char make[256], undo[256], path[HOST_PATH_BYTES];

	host_path(path, "half");
	snprintf(make, sizeof(make), "touch %s; echo ' no space ' >&2; exit 5", path);
	snprintf(undo, sizeof(undo), "rm %s", path);
	start();
	ck_assert_int_eq(make_by_shell(janitor, make, undo), 5);
	ck_assert_str_eq(complaint, "no space");
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert(!host_exists("half"));
}
END_TEST

START_TEST(a_program_that_is_not_there_leaves_nothing_to_undo)
{
	const char *const missing[] = { "mote-no-such-program", NULL };

	start();
	ck_assert_int_eq(host_janitor_make(janitor, missing, missing, complaint), -ENOENT);
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
}
END_TEST

START_TEST(what_is_busy_is_tried_again)
{
	char path[HOST_PATH_BYTES], inside[HOST_PATH_BYTES], make[512], undo[256];
	pid_t user;

	host_path(path, "busy");
	host_path(inside, "busy/file");
	snprintf(make, sizeof(make), "mkdir %s && touch %s", path, inside);
	snprintf(undo, sizeof(undo), "rmdir %s", path);
	start();
	ck_assert_int_eq(make_by_shell(janitor, make, undo), 0);
	user = fork();
	if (user == 0) {
		pause_ms(300);
		unlink(inside);
		_exit(0);
	}
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert(!host_exists("busy"));
	wait_for(user);
}
END_TEST

START_TEST(what_can_not_be_undone_is_an_error_with_a_line_and_the_rest_is_undone)
{
	const char *const make[] = { "true", NULL };
	const char *const undo[] = { "/nowhere/remove", "a b", NULL };

	start();
	ck_assert_int_eq(make_file(janitor, "one"), 0);
	ck_assert_int_eq(host_janitor_make(janitor, make, undo, complaint), 0);
	ck_assert_int_eq(host_janitor_finish(janitor), -EIO);
	host_expect_line("by hand: /nowhere/remove 'a b'");
	ck_assert(!host_exists("one"));
}
END_TEST

START_TEST(a_sealed_janitor_makes_nothing_more_and_still_undoes)
{
	start();
	ck_assert_int_eq(make_file(janitor, "one"), 0);
	ck_assert_int_eq(host_janitor_seal(janitor), 0);
	ck_assert_int_eq(make_file(janitor, "two"), -EPERM);
	ck_assert(!host_exists("two"));
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert(!host_exists("one"));
}
END_TEST

START_TEST(records_are_bounded)
{
	const char *const nothing[] = { "true", NULL };

	start();
	for (unsigned int i = 0; i < HOST_JANITOR_MAX_RECORDS; i++)
		ck_assert_int_eq(host_janitor_make(janitor, nothing, nothing, complaint), 0);
	ck_assert_int_eq(host_janitor_make(janitor, nothing, nothing, complaint), -ENOSPC);
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
}
END_TEST

START_TEST(a_janitor_that_was_killed_is_noticed)
{
	start();
	ck_assert_int_eq(make_file(janitor, "one"), 0);
	kill(host_janitor_pid(janitor), SIGKILL);
	ck_assert_int_eq(make_file(janitor, "two"), -EPIPE);
	ck_assert_int_eq(host_janitor_finish(janitor), -EPIPE);
	host_expect_line("was killed");
}
END_TEST

static void make_one_and_wait(struct host_janitor *by)
{
	if (make_file(by, "one") == 0 && make_file(by, "ready") == 0)
		pause();
}

START_TEST(the_end_of_a_killed_owner_is_undone)
{
	pid_t janitor_pid, owner = fork_owner(make_one_and_wait, &janitor_pid);

	wait_until_exists("ready");
	kill(owner, SIGKILL);
	wait_for(owner);
	wait_for(janitor_pid);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

static void make_slowly(struct host_janitor *by)
{
	char make[512], undo[512], begun[HOST_PATH_BYTES], made[HOST_PATH_BYTES];

	host_path(begun, "begun");
	host_path(made, "made");
	snprintf(make, sizeof(make), "touch %s; sleep 0.5; touch %s", begun, made);
	snprintf(undo, sizeof(undo), "rm -f %s %s", begun, made);
	(void)!make_by_shell(by, make, undo);
	pause();
}

START_TEST(what_is_being_made_when_the_owner_is_killed_is_finished_and_then_undone)
{
	pid_t janitor_pid, owner = fork_owner(make_slowly, &janitor_pid);

	wait_until_exists("begun");
	kill(owner, SIGKILL);
	wait_for(owner);
	wait_for(janitor_pid);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

static void make_many(struct host_janitor *by)
{
	for (unsigned int i = 0; i < HOST_JANITOR_MAX_RECORDS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file%u", i);
		if (make_file(by, name) != 0)
			break;
	}
	pause();
}

START_TEST(an_owner_killed_at_any_moment_leaves_nothing)
{
	for (unsigned int round = 0; round < 25; round++) {
		pid_t janitor_pid, owner = fork_owner(make_many, &janitor_pid);

		pause_ms(round * 3);
		kill(owner, SIGKILL);
		wait_for(owner);
		wait_for(janitor_pid);
		ck_assert_uint_eq(count_files(), 0);
	}
}
END_TEST

START_TEST(signals_to_the_owners_group_and_to_the_janitor_do_not_stop_it)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE, SIGUSR1 };
	pid_t janitor_pid, owner = fork_owner(make_one_and_wait, &janitor_pid);

	wait_until_exists("ready");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		kill(janitor_pid, signals[i]);
	ck_assert_int_ne(getpgid(janitor_pid), getpgid(owner));
	ck_assert_int_ne(getsid(janitor_pid), getsid(owner));
	ck_assert(host_exists("one"));
	/* As Ctrl-C does. */
	kill(-owner, SIGINT);
	wait_for(owner);
	wait_for(janitor_pid);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(no_descriptor_of_the_owner_lives_on_in_the_janitor)
{
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	start();
	/* An answer shows that it serves. */
	ck_assert_int_eq(make_file(janitor, "one"), 0);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
}
END_TEST

START_TEST(two_janitors_do_not_keep_each_other)
{
	struct host_janitor *first, *second;

	ck_assert_int_eq(host_janitor_start(&first), 0);
	ck_assert_int_eq(host_janitor_start(&second), 0);
	ck_assert_int_eq(make_file(first, "one"), 0);
	ck_assert_int_eq(make_file(second, "two"), 0);
	ck_assert_int_eq(host_janitor_finish(first), 0);
	ck_assert(!host_exists("one"));
	ck_assert(host_exists("two"));
	ck_assert_int_eq(host_janitor_finish(second), 0);
	ck_assert(!host_exists("two"));
}
END_TEST

START_TEST(an_owner_without_standard_descriptors_or_child_signals_is_served)
{
	pid_t owner = fork();
	int status;

	if (owner == 0) {
		struct host_janitor *own;

		signal(SIGCHLD, SIG_IGN);
		close_range(0, ~0U, 0);
		_exit(host_janitor_start(&own) == 0 && make_file(own, "one") == 0 && host_exists("one") &&
				      host_janitor_finish(own) == 0 && !host_exists("one")
			      ? 0
			      : 1);
	}
	ck_assert_int_eq(waitpid(owner, &status, 0), owner);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The file appears in the folder with the program's PID, as soon as it has gone to the background. */
static const char *daemon_text(const char *name)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "(trap 'echo >%s/%s.ended; exit' TERM; echo $$ >%s/%s; while :; do sleep 0.01; done) &", host_folder,
		 name, host_folder, name);
	return text;
}

static int launch_by_shell(const char *text)
{
	const char *const words[] = { "sh", "-c", text, NULL };

	return host_janitor_launch(janitor, words, complaint);
}

START_TEST(what_was_launched_runs_until_the_end)
{
	char undo[512], path[HOST_PATH_BYTES];

	start();
	/* The undo of what was made before comes after the end of what was launched then. */
	host_path(path, "made");
	snprintf(undo, sizeof(undo), "test -e %s/daemon.ended && rm -f %s", host_folder, path);
	ck_assert_int_eq(make_by_shell(janitor, "true", undo), 0);
	ck_assert_int_eq(launch_by_shell(daemon_text("daemon")), 0);
	wait_until_exists("daemon");
	ck_assert(!host_exists("daemon.ended"));
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert(host_exists("daemon.ended"));
	ck_assert_uint_eq(host_nr_lines, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(what_was_launched_and_does_not_hear_is_killed)
{
	start();
	ck_assert_int_eq(launch_by_shell("(trap '' TERM; while :; do sleep 0.1; done) & sleep 0.1"), 0);
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(what_a_command_that_makes_something_leaves_running_goes_on)
{
	pid_t pid;

	start();
	ck_assert_int_eq(make_by_shell(janitor, "sleep 60 & echo $! >&2; exit 1", "true"), 1);
	pid = (pid_t)strtol(complaint, NULL, 10);
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(launch_by_shell("true"), 0);
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
	ck_assert_int_eq(kill(pid, 0), 0);
	kill(pid, SIGKILL);
	wait_for(pid);
}
END_TEST

START_TEST(a_launch_that_fails_says_why)
{
	start();
	ck_assert_int_eq(launch_by_shell("echo the port is in use >&2; exit 2"), 2);
	ck_assert_str_eq(complaint, "the port is in use");
	ck_assert_int_eq(host_janitor_finish(janitor), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/janitor");
	TCase *tcase = tcase_create("janitor");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, host_teardown);
	tcase_add_test(tcase, what_was_made_is_undone_at_the_end);
	tcase_add_test(tcase, nothing_made_is_nothing_undone);
	tcase_add_test(tcase, the_last_is_undone_first);
	tcase_add_test(tcase, a_command_that_fails_is_undone_too_and_its_complaint_comes_back);
	tcase_add_test(tcase, a_program_that_is_not_there_leaves_nothing_to_undo);
	tcase_add_test(tcase, what_is_busy_is_tried_again);
	tcase_add_test(tcase, what_can_not_be_undone_is_an_error_with_a_line_and_the_rest_is_undone);
	tcase_add_test(tcase, a_sealed_janitor_makes_nothing_more_and_still_undoes);
	tcase_add_test(tcase, records_are_bounded);
	tcase_add_test(tcase, a_janitor_that_was_killed_is_noticed);
	tcase_add_test(tcase, the_end_of_a_killed_owner_is_undone);
	tcase_add_test(tcase, what_is_being_made_when_the_owner_is_killed_is_finished_and_then_undone);
	tcase_add_test(tcase, an_owner_killed_at_any_moment_leaves_nothing);
	tcase_add_test(tcase, signals_to_the_owners_group_and_to_the_janitor_do_not_stop_it);
	tcase_add_test(tcase, no_descriptor_of_the_owner_lives_on_in_the_janitor);
	tcase_add_test(tcase, two_janitors_do_not_keep_each_other);
	tcase_add_test(tcase, an_owner_without_standard_descriptors_or_child_signals_is_served);
	tcase_add_test(tcase, what_was_launched_runs_until_the_end);
	tcase_add_test(tcase, what_was_launched_and_does_not_hear_is_killed);
	tcase_add_test(tcase, what_a_command_that_makes_something_leaves_running_goes_on);
	tcase_add_test(tcase, a_launch_that_fails_says_why);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
