#include "vmm/cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Written before the handlers are installed, read by them; all on the main thread, since the other threads of a VM
 * block every signal that has a handler here. */
static struct {
	struct mote_vm *vm;
	const struct terminal *terminal;
	volatile sig_atomic_t asked;
	bool may_hang_up; /* there was a controlling terminal, and nohup(1) did not say to go on without it */
} target;

static bool has_controlling_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void tell(const char *line)
{
	(void)!write(STDERR_FILENO, line, strlen(line));
	/* A raw terminal goes down one line only. */
	if (target.terminal)
		(void)!write(STDERR_FILENO, "\r", 1);
}

static void on_shutdown_request(int signal)
{
	int saved = errno;

	(void)signal;
	if (target.asked) {
		mote_vm_stop(target.vm);
	} else {
		target.asked = 1;
		mote_vm_power_button(target.vm);
		tell("mote: the power button is pressed; the same signal again ends the VM at once\n");
	}
	errno = saved;
}

static void on_stop_request(int signal)
{
	int saved = errno;

	(void)signal;
	mote_vm_stop(target.vm);
	errno = saved;
}

/* From a terminal that is gone, or, as to a service, to look at things anew. */
static void on_hangup(int signal)
{
	int saved = errno;

	(void)signal;
	if (target.may_hang_up && !has_controlling_terminal())
		mote_vm_stop(target.vm);
	else
		mote_vm_refresh(target.vm);
	errno = saved;
}

static void on_suspend(int signal)
{
	int saved = errno;

	(void)signal;
	if (target.terminal)
		terminal_suspend(target.terminal);
	kill(getpid(), SIGSTOP);
	errno = saved;
}

static void on_continue(int signal)
{
	(void)signal;
	if (target.terminal)
		terminal_resume(target.terminal);
}

static void on_crash(int signal)
{
	if (target.terminal)
		terminal_suspend(target.terminal);
	/* SA_RESETHAND: this time it does what it says. */
	raise(signal);
}

static const struct {
	int signal;
	void (*handler)(int signal);
	int flags;
	bool ignored_after; /* may come while the VM is taken down */
} table[] = {
	{ SIGTERM, on_shutdown_request, SA_RESTART, true },
	{ SIGINT, on_shutdown_request, SA_RESTART, true },
	{ SIGHUP, on_hangup, SA_RESTART, true },
	{ SIGQUIT, on_stop_request, SA_RESTART, true },
	{ SIGTSTP, on_suspend, SA_RESTART, true },
	{ SIGCONT, on_continue, SA_RESTART, true },
	{ SIGSEGV, on_crash, SA_RESETHAND, false },
	{ SIGBUS, on_crash, SA_RESETHAND, false },
	{ SIGILL, on_crash, SA_RESETHAND, false },
	{ SIGFPE, on_crash, SA_RESETHAND, false },
	{ SIGABRT, on_crash, SA_RESETHAND, false },
	{ SIGTRAP, on_crash, SA_RESETHAND, false },
	{ SIGSYS, on_crash, SA_RESETHAND, false },
};
#define NR_SIGNALS (sizeof(table) / sizeof(table[0]))

void signals_install(struct mote_vm *vm, const struct terminal *terminal)
{
	struct sigaction hangup;

	target.vm = vm;
	target.terminal = terminal;
	target.asked = 0;
	sigaction(SIGHUP, NULL, &hangup);
	target.may_hang_up = hangup.sa_handler != SIG_IGN && has_controlling_terminal();
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		struct sigaction action = { .sa_handler = table[i].handler, .sa_flags = table[i].flags };

		sigfillset(&action.sa_mask);
		sigaction(table[i].signal, &action, NULL);
	}
}

void signals_remove(void)
{
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		struct sigaction action = { .sa_handler = table[i].ignored_after ? SIG_IGN : SIG_DFL };

		sigaction(table[i].signal, &action, NULL);
	}
}
