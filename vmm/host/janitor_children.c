#include "vmm/host/janitor_children.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/host/process.h"

#define GRACE_MS 2000
#define PAUSE_MS 5
#define MAX_GENERATIONS 8

static void take_child(void *arg, pid_t pid)
{
	struct janitor_children *children = arg;

	if (children->nr < JANITOR_MAX_CHILDREN && process_parent(pid) == getpid())
		children->pids[children->nr++] = pid;
}

void janitor_children_look(struct janitor_children *children)
{
	children->nr = 0;
	if (process_each(take_child, children) < 0)
		children->nr = 0;
}

static bool has(const struct janitor_children *children, pid_t pid)
{
	for (unsigned int i = 0; i < children->nr; i++) {
		if (children->pids[i] == pid)
			return true;
	}
	return false;
}

static void end(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	kill(pid, SIGTERM);
	for (unsigned int ms = 0; ms < GRACE_MS; ms += PAUSE_MS) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void janitor_children_end_others(const struct janitor_children *spared)
{
	struct janitor_children now;
	bool any = true;

	for (unsigned int round = 0; any && round < MAX_GENERATIONS; round++) {
		any = false;
		janitor_children_look(&now);
		for (unsigned int i = 0; i < now.nr; i++) {
			if (has(spared, now.pids[i]))
				continue;
			end(now.pids[i]);
			any = true;
		}
	}
}
