#include "vmm/host/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/fd.h"

#define GRACE_MS 2000 /* from SIGTERM to SIGKILL, and from there until it is given up */
#define NOT_ENDED (-EAGAIN)

extern char **environ;

/* Root's programs are often not in a user's PATH. */
static const char root_folders[] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";

/* One of its outputs: the pipe's end that we read, and where the bytes go. */
struct output {
	int fd;
	char *buf;
	size_t size;
	size_t len;
	bool overflowed;
};

struct child {
	pid_t pid;
	int pidfd;
	struct output out, err;
};

static bool find_in(const char *folders, const char *program, char *path, size_t size)
{
	while (*folders != '\0') {
		size_t len = strcspn(folders, ":");
		int n = snprintf(path, size, "%.*s/%s", (int)len, folders, program);
		struct stat st;

		if (folders[0] == '/' && n > 0 && (size_t)n < size && access(path, X_OK) == 0 && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			return true;
		folders += len;
		folders += *folders == ':';
	}
	return false;
}

int command_find(const char *program, char *path, size_t size)
{
	const char *own = getenv("PATH");

	if (strlen(program) + sizeof(root_folders) > size)
		return -ENAMETOOLONG;
	if (own && find_in(own, program, path, size))
		return 0;
	return find_in(root_folders, program, path, size) ? 0 : -ENOENT;
}

const char *command_complaint(char *text)
{
	const char *warning = "";
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t\r");
		for (size_t len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]); len--)
			line[len - 1] = '\0';
		if (line[0] == '\0')
			continue;
		if (strncmp(line, "WARNING:", strlen("WARNING:")) != 0)
			return line;
		if (warning[0] == '\0')
			warning = line;
	}
	return warning;
}

#define MAX_VARIABLES 32

/* What configures LVM and device-mapper is passed on; nothing else may change what a program does or says. */
static void fill_environment(char *variables[MAX_VARIABLES], char *path, size_t path_size)
{
	static char language[] = "LC_ALL=C";
	const char *own = getenv("PATH");
	unsigned int nr = 0;

	snprintf(path, path_size, "PATH=%s%s%s", own ? own : "", own ? ":" : "", root_folders);
	variables[nr++] = language;
	variables[nr++] = path;
	for (char **variable = environ; variable && *variable && nr < MAX_VARIABLES - 1; variable++) {
		if (strncmp(*variable, "LVM_", 4) == 0 || strncmp(*variable, "DM_", 3) == 0)
			variables[nr++] = *variable;
	}
	variables[nr] = NULL;
}

static int spawn(const char *path, const struct command *command, int out_fd, int err_fd, pid_t *pid)
{
	char path_variable[4096], *environment[MAX_VARIABLES];
	int first_closed = STDERR_FILENO + 1;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int rc;

	fill_environment(environment, path_variable, sizeof(path_variable));
	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_init(&attributes);
	if (rc != 0)
		return -rc;
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		goto destroy_attributes;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	if (rc == 0 && command->passed_fd > 0)
		rc = posix_spawn_file_actions_adddup2(&actions, command->passed_fd, first_closed++);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&actions, first_closed);
	if (rc == 0)
		rc = posix_spawn(pid, path, &actions, &attributes, (char *const *)command->argv, environment);
	posix_spawn_file_actions_destroy(&actions);
destroy_attributes:
	posix_spawnattr_destroy(&attributes);
	return -rc;
}

/* A pipe whose ends lie above the standard descriptors, which the spawned program's are copied onto. */
static int make_pipe(int ends[2])
{
	int low[2], rc = 0;

	if (pipe2(low, O_CLOEXEC) < 0)
		return -errno;
	for (unsigned int i = 0; i < 2; i++) {
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (ends[i] < 0)
			rc = -errno;
		close(low[i]);
	}
	if (rc == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		rc = -errno;
	if (rc < 0) {
		fd_close(&ends[0]);
		fd_close(&ends[1]);
	}
	return rc;
}

static int child_start(struct child *child, const char *path, const struct command *command)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc;

	child->pid = -1;
	rc = make_pipe(out);
	if (rc < 0)
		return rc;
	rc = make_pipe(err);
	if (rc < 0)
		goto close_pipes;
	rc = spawn(path, command, out[1], err[1], &child->pid);
	if (rc < 0)
		goto close_pipes;
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd < 0) {
		rc = errno == ESRCH ? -ECHILD : -errno;
		kill(-child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		goto close_pipes;
	}
	fd_close(&out[1]);
	fd_close(&err[1]);
	child->out = (struct output){ .fd = out[0], .buf = command->out, .size = command->out_size };
	child->err = (struct output){ .fd = err[0], .buf = command->err, .size = command->err_size };
	return 0;

close_pipes:
	fd_close(&out[0]);
	fd_close(&out[1]);
	fd_close(&err[0]);
	fd_close(&err[1]);
	return rc;
}

/* Takes what is in the pipe now. Closes it at its end. */
static void output_drain(struct output *output)
{
	char spill[4096];

	while (output->fd >= 0) {
		size_t room = output->buf ? output->size - 1 - output->len : 0;
		ssize_t n =
			read(output->fd, room > 0 ? output->buf + output->len : spill, room > 0 ? room : sizeof(spill));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			fd_close(&output->fd);
		else if (room > 0)
			output->len += (size_t)n;
		else
			output->overflowed = true;
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads along for `limit_ms`. The exit status, NOT_ENDED, or a negative errno. That it ended counts, not that its
 * pipes did: a daemon that it left behind may hold those. */
static int child_wait(struct child *child, unsigned int limit_ms)
{
	int64_t end = now_ms() + limit_ms;
	int64_t left = limit_ms;

	for (; left >= 0; left = end - now_ms()) {
		struct pollfd fds[] = {
			{ .fd = child->pidfd, .events = POLLIN },
			{ .fd = child->out.fd, .events = POLLIN },
			{ .fd = child->err.fd, .events = POLLIN },
		};
		bool ended = poll(fds, 3, (int)left) > 0 && fds[0].revents != 0;
		int status;

		output_drain(&child->out);
		output_drain(&child->err);
		if (!ended)
			continue;
		if (waitpid(child->pid, &status, 0) < 0)
			return -errno;
		return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return NOT_ENDED;
}

static void child_close(struct child *child)
{
	fd_close(&child->pidfd);
	fd_close(&child->out.fd);
	fd_close(&child->err.fd);
	if (child->out.buf)
		child->out.buf[child->out.len] = '\0';
	if (child->err.buf)
		child->err.buf[child->err.len] = '\0';
}

int command_run(const struct command *command)
{
	struct child child;
	char found[4096];
	const char *path = command->argv[0];
	int rc;

	if (!strchr(path, '/')) {
		rc = command_find(path, found, sizeof(found));
		if (rc < 0)
			return rc;
		path = found;
	}
	rc = child_start(&child, path, command);
	if (rc < 0)
		return rc;
	rc = child_wait(&child, command->timeout_ms);
	if (rc == NOT_ENDED) {
		kill(-child.pid, SIGTERM);
		if (child_wait(&child, GRACE_MS) == NOT_ENDED) {
			kill(-child.pid, SIGKILL);
			/* One that waits for a device that does not answer can't be killed, nor waited for. */
			(void)!child_wait(&child, GRACE_MS);
		}
		rc = -ETIMEDOUT;
	} else if (rc >= 0 && child.out.buf && child.out.overflowed) {
		rc = -EOVERFLOW;
	}
	child_close(&child);
	return rc;
}
