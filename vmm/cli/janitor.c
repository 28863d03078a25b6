#include "vmm/cli/janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool same_modes(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag;
}

__attribute__((noreturn)) static void watch(int pipe_fd, int tty_fd, const struct termios *saved,
					    const struct termios *raw)
{
	struct termios now;
	sigset_t all;
	ssize_t n;
	char byte;

	/* Out of the terminal's session and deaf: what ends mote's process group must not end its janitor, and a
	 * process of another session may set the modes from the background. */
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "mote-janitor");
	/* Nothing else stays open: a pipe's reader must not wait for the janitor to go. */
	tty_fd = fcntl(tty_fd, F_DUPFD, 3);
	pipe_fd = fcntl(pipe_fd, F_DUPFD, 3);
	if (tty_fd < 0 || pipe_fd < 0 || dup2(pipe_fd, 0) < 0 || dup2(tty_fd, 1) < 0)
		_exit(1);
	close_range(2, ~0U, 0);
	do
		n = read(0, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0 && tcgetattr(1, &now) == 0 && same_modes(&now, raw))
		tcsetattr(1, TCSANOW, saved);
	_exit(0);
}

int janitor_start(struct janitor *janitor, int fd, const struct termios *saved, const struct termios *raw)
{
	int ends[2], rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		rc = -errno;
		close(ends[0]);
		close(ends[1]);
		return rc;
	}
	if (pid == 0) {
		close(ends[1]);
		watch(ends[0], fd, saved, raw);
	}
	close(ends[0]);
	janitor->pid = pid;
	janitor->pipe_fd = ends[1];
	return 0;
}

void janitor_dismiss(struct janitor *janitor)
{
	(void)!write(janitor->pipe_fd, "", 1);
	close(janitor->pipe_fd);
	janitor->pipe_fd = -1;
	while (waitpid(janitor->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
