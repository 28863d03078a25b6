#include "vmm/cli/terminal.h"

#include <errno.h>
#include <unistd.h>

/* A terminal that is not the process's controlling one knows no background. */
static bool in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

bool terminal_usable(int fd)
{
	return isatty(fd) && in_foreground(fd);
}

int terminal_open(struct terminal *terminal, int fd)
{
	*terminal = (struct terminal){ .fd = fd };
	if (tcgetattr(fd, &terminal->saved) < 0)
		return -errno;
	terminal->raw = terminal->saved;
	cfmakeraw(&terminal->raw);
	return janitor_start(&terminal->janitor, fd, &terminal->saved, &terminal->raw);
}

int terminal_set_raw(struct terminal *terminal)
{
	terminal->is_raw = true;
	/* TCSANOW throughout: draining could wait for ever behind a Ctrl-S, flushing would lose what was typed ahead.
	 */
	if (tcsetattr(terminal->fd, TCSANOW, &terminal->raw) < 0)
		return -errno;
	return 0;
}

static void set_modes(const struct terminal *terminal, const struct termios *modes)
{
	int saved = errno;

	if (terminal->is_raw && in_foreground(terminal->fd))
		tcsetattr(terminal->fd, TCSANOW, modes);
	errno = saved;
}

void terminal_suspend(const struct terminal *terminal)
{
	set_modes(terminal, &terminal->saved);
}

void terminal_resume(const struct terminal *terminal)
{
	set_modes(terminal, &terminal->raw);
}

void terminal_close(struct terminal *terminal)
{
	terminal_suspend(terminal);
	terminal->is_raw = false;
	janitor_dismiss(&terminal->janitor);
}
