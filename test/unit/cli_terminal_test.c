/* The terminal is as it was, however mote ends: on a pseudo terminal, with a child in mote's place. */
#include "vmm/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "vmm/cli/signals.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define PATIENCE_MS 20000

/* The library's VM is not needed here: its calls from signal handlers say so on a pipe. */
static int vm_said[2];

void mote_vm_power_button(struct mote_vm *vm)
{
	(void)vm;
	(void)!write(vm_said[1], "p", 1);
}

void mote_vm_stop(struct mote_vm *vm)
{
	(void)vm;
	(void)!write(vm_said[1], "s", 1);
}

void mote_vm_refresh(struct mote_vm *vm)
{
	(void)vm;
	(void)!write(vm_said[1], "r", 1);
}

static int master, tty;
static struct termios before;

static void setup(void)
{
	struct rlimit no_core = { 0 };

	ck_assert_int_eq(openpty(&master, &tty, NULL, NULL, NULL), 0);
	ck_assert_int_eq(tcgetattr(tty, &before), 0);
	ck_assert_int_eq(pipe2(vm_said, O_CLOEXEC), 0);
	/* Janitors that outlive their mote become children of the test, which can wait for them. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	setrlimit(RLIMIT_CORE, &no_core);
}

static bool is_raw(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(tty, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

static void assert_as_before(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(tty, &now), 0);
	ck_assert_uint_eq(now.c_iflag, before.c_iflag);
	ck_assert_uint_eq(now.c_oflag, before.c_oflag);
	ck_assert_uint_eq(now.c_cflag, before.c_cflag);
	ck_assert_uint_eq(now.c_lflag, before.c_lflag);
	ck_assert_mem_eq(now.c_cc, before.c_cc, sizeof(now.c_cc));
}

static const int deadly[] = { SIGKILL, SIGSEGV, SIGABRT, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP,   SIGSYS,
			      SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGPIPE, SIGVTALRM, SIGPROF };

/* A child with the terminal raw and the signals installed, that then runs `end` (or waits for ever). */
static pid_t start_mote(void (*end)(struct terminal *terminal))
{
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct terminal terminal;

		/* Check has handlers of its own, which mote does not. */
		for (int i = 0; i < LENGTH(deadly); i++)
			signal(deadly[i], SIG_DFL);
		if (terminal_open(&terminal, tty) < 0)
			_exit(99);
		signals_install(NULL, &terminal);
		if (terminal_set_raw(&terminal) < 0)
			_exit(98);
		(void)!write(ready[1], "r", 1);
		if (end)
			end(&terminal);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* Every child has gone, the janitor too. */
static void wait_for_janitor(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(a_signal_that_kills_leaves_the_terminal_as_it_was)
{
	pid_t pid = start_mote(NULL);
	int status;

	ck_assert(is_raw());
	ck_assert_int_eq(kill(pid, deadly[_i]), 0);
	status = wait_for(pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), deadly[_i]);
	wait_for_janitor();
	assert_as_before();
}
END_TEST

static void close_and_exit(struct terminal *terminal)
{
	terminal_close(terminal);
	/* The janitor has gone: there is no child left to wait for. */
	_exit(waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? 0 : 1);
}

START_TEST(a_normal_end_restores_and_dismisses_the_janitor)
{
	int status = wait_for(start_mote(close_and_exit));

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	assert_as_before();
}
END_TEST

static void just_exit(struct terminal *terminal)
{
	(void)terminal;
	_exit(7);
}

START_TEST(an_exit_that_forgot_the_terminal_is_cleaned_up)
{
	int status = wait_for(start_mote(just_exit));

	ck_assert_int_eq(WEXITSTATUS(status), 7);
	wait_for_janitor();
	assert_as_before();
}
END_TEST

START_TEST(the_group_of_mote_can_be_killed_at_once)
{
	pid_t pid = start_mote(NULL);

	/* The terminal's own process group: what a shell would kill. Give the child one, as a shell does. */
	ck_assert_int_eq(setpgid(pid, pid), 0);
	ck_assert_int_eq(kill(-pid, SIGKILL), 0);
	wait_for(pid);
	wait_for_janitor();
	assert_as_before();
}
END_TEST

START_TEST(modes_that_somebody_else_has_set_are_left_alone)
{
	struct termios others = before, now;
	pid_t pid = start_mote(NULL);

	others.c_lflag &= (tcflag_t) ~(ECHO);
	ck_assert_int_eq(tcsetattr(tty, TCSANOW, &others), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for(pid);
	wait_for_janitor();
	ck_assert_int_eq(tcgetattr(tty, &now), 0);
	ck_assert_uint_eq(now.c_lflag, others.c_lflag);
}
END_TEST

START_TEST(opening_alone_changes_nothing)
{
	struct terminal terminal;

	ck_assert_int_eq(terminal_open(&terminal, tty), 0);
	assert_as_before();
	terminal_close(&terminal);
	assert_as_before();
	wait_for_janitor();
}
END_TEST

START_TEST(what_is_no_terminal_is_refused)
{
	struct terminal terminal;

	ck_assert(!terminal_usable(vm_said[0]));
	ck_assert_int_eq(terminal_open(&terminal, vm_said[0]), -ENOTTY);
	ck_assert_int_eq(terminal_open(&terminal, -1), -EBADF);
	ck_assert(terminal_usable(tty));
}
END_TEST

START_TEST(a_stop_gives_the_terminal_back_and_a_continue_takes_it)
{
	pid_t pid = start_mote(NULL);
	int status;

	ck_assert_int_eq(kill(pid, SIGTSTP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	assert_as_before();
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	for (int waited_ms = 0; !is_raw() && waited_ms < PATIENCE_MS; waited_ms += 5)
		poll(NULL, 0, 5);
	ck_assert(is_raw());
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for(pid);
	wait_for_janitor();
	assert_as_before();
}
END_TEST

static char next_said(void)
{
	struct pollfd said = { .fd = vm_said[0], .events = POLLIN };
	char byte;

	ck_assert_int_eq(poll(&said, 1, PATIENCE_MS), 1);
	ck_assert_int_eq(read(vm_said[0], &byte, 1), 1);
	return byte;
}

static const int requests[] = { SIGTERM, SIGINT };

START_TEST(the_first_request_presses_the_power_button_and_the_second_stops)
{
	pid_t pid = start_mote(NULL);

	ck_assert_int_eq(kill(pid, requests[_i]), 0);
	ck_assert_int_eq(next_said(), 'p');
	ck_assert(is_raw());
	ck_assert_int_eq(kill(pid, requests[1 - _i]), 0);
	ck_assert_int_eq(next_said(), 's');
	kill(pid, SIGKILL);
	wait_for(pid);
	wait_for_janitor();
}
END_TEST

static const struct {
	int signal;
	char says;
} calls[] = { { SIGQUIT, 's' }, { SIGHUP, 'r' } };

START_TEST(quit_stops_at_once_and_a_hangup_that_is_none_looks_at_the_disks)
{
	pid_t pid = start_mote(NULL);

	ck_assert_int_eq(kill(pid, calls[_i].signal), 0);
	ck_assert_int_eq(next_said(), calls[_i].says);
	kill(pid, SIGKILL);
	wait_for(pid);
	wait_for_janitor();
}
END_TEST

/* With the terminal as its own: the kernel sends the signal. `_i`: as under nohup(1). */
START_TEST(a_hangup_of_the_terminal_stops_unless_it_was_to_be_ignored)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(master);
		signal(SIGHUP, _i ? SIG_IGN : SIG_DFL);
		setsid();
		if (ioctl(tty, TIOCSCTTY, 0) < 0)
			_exit(99);
		signals_install(NULL, NULL);
		(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	ck_assert_int_eq(next_said(), 'r');
	close(master);
	ck_assert_int_eq(next_said(), _i ? 'r' : 's');
	kill(pid, SIGKILL);
	wait_for(pid);
}
END_TEST

START_TEST(the_janitor_keeps_no_descriptor_of_mote)
{
	struct terminal terminal;
	int output[2];
	char byte;

	ck_assert_int_eq(pipe(output), 0);
	ck_assert_int_eq(terminal_open(&terminal, tty), 0);
	close(output[1]);
	/* End of file, since the janitor closed its copy: a reader of mote's output does not wait for it. */
	ck_assert_int_eq(read(output[0], &byte, 1), 0);
	terminal_close(&terminal);
}
END_TEST

START_TEST(a_background_process_does_not_touch_its_terminal)
{
	pid_t shell = fork();
	int status;

	ck_assert_int_ge(shell, 0);
	if (shell == 0) {
		struct terminal terminal;
		pid_t job;

		setsid();
		if (ioctl(tty, TIOCSCTTY, 0) < 0)
			_exit(10);
		job = fork();
		if (job == 0) {
			setpgid(0, 0);
			_exit(terminal_usable(tty) ? 11 : 0);
		}
		waitpid(job, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			_exit(12);
		/* The shell itself is in the foreground. */
		if (!terminal_usable(tty) || terminal_open(&terminal, tty) < 0)
			_exit(13);
		terminal_close(&terminal);
		_exit(0);
	}
	status = wait_for(shell);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/terminal");
	TCase *tcase = tcase_create("terminal");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_signal_that_kills_leaves_the_terminal_as_it_was, 0, LENGTH(deadly));
	tcase_add_test(tcase, a_normal_end_restores_and_dismisses_the_janitor);
	tcase_add_test(tcase, an_exit_that_forgot_the_terminal_is_cleaned_up);
	tcase_add_test(tcase, the_group_of_mote_can_be_killed_at_once);
	tcase_add_test(tcase, modes_that_somebody_else_has_set_are_left_alone);
	tcase_add_test(tcase, opening_alone_changes_nothing);
	tcase_add_test(tcase, what_is_no_terminal_is_refused);
	tcase_add_test(tcase, a_stop_gives_the_terminal_back_and_a_continue_takes_it);
	tcase_add_loop_test(tcase, the_first_request_presses_the_power_button_and_the_second_stops, 0,
			    LENGTH(requests));
	tcase_add_loop_test(tcase, quit_stops_at_once_and_a_hangup_that_is_none_looks_at_the_disks, 0, LENGTH(calls));
	tcase_add_loop_test(tcase, a_hangup_of_the_terminal_stops_unless_it_was_to_be_ignored, 0, 2);
	tcase_add_test(tcase, the_janitor_keeps_no_descriptor_of_mote);
	tcase_add_test(tcase, a_background_process_does_not_touch_its_terminal);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
