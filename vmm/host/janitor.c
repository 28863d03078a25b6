/* The VM's side of its janitor. */
#include "vmm/host/janitor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/host/janitor_message.h"

struct host_janitor {
	pid_t pid;
	int socket;
};

int host_janitor_start(struct host_janitor **out)
{
	struct host_janitor *janitor;
	sigset_t all, old;
	int ends[2], rc;

	janitor = calloc(1, sizeof(*janitor));
	if (!janitor)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		rc = -errno;
		goto free_janitor;
	}
	/* The janitor is born deaf: a signal between fork(2) and its first line would be handled by our handlers. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	janitor->pid = fork();
	if (janitor->pid == 0)
		janitor_serve(ends[1]);
	rc = -errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (janitor->pid < 0)
		goto close_ends;
	fd_close(&ends[1]);
	janitor->socket = ends[0];
	*out = janitor;
	return 0;

close_ends:
	fd_close(&ends[0]);
	fd_close(&ends[1]);
free_janitor:
	free(janitor);
	return rc;
}

pid_t host_janitor_pid(const struct host_janitor *janitor)
{
	return janitor->pid;
}

static int ask(struct host_janitor *janitor, const struct janitor_request *request, size_t len)
{
	ssize_t n;

	do
		n = send(janitor->socket, request, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -EPIPE : 0;
}

static int answer(struct host_janitor *janitor, struct janitor_answer *answer)
{
	ssize_t n;

	do
		n = recv(janitor->socket, answer, sizeof(*answer), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*answer))
		return -EPIPE;
	answer->complaint[sizeof(answer->complaint) - 1] = '\0';
	return 0;
}

static int order(struct host_janitor *janitor, const char *const *make, const char *const *undo, char *complaint)
{
	struct janitor_request request;
	struct janitor_answer result = { 0 };
	int rc;

	complaint[0] = '\0';
	rc = janitor_request_fill(&request, make, undo);
	if (rc < 0)
		return rc;
	rc = ask(janitor, &request, (size_t)rc);
	if (rc == 0)
		rc = answer(janitor, &result);
	if (rc < 0)
		return rc;
	memcpy(complaint, result.complaint, sizeof(result.complaint));
	return result.status;
}

int host_janitor_make(struct host_janitor *janitor, const char *const *make, const char *const *undo, char *complaint)
{
	return order(janitor, make, undo, complaint);
}

int host_janitor_launch(struct host_janitor *janitor, const char *const *words, char *complaint)
{
	return order(janitor, words, NULL, complaint);
}

int host_janitor_seal(struct host_janitor *janitor)
{
	const struct janitor_request request = { .kind = JANITOR_SEAL };

	return ask(janitor, &request, offsetof(struct janitor_request, words));
}

static int end(struct host_janitor *janitor)
{
	const struct janitor_request request = { .kind = JANITOR_END };
	struct janitor_answer result;
	int rc, worst = 0;

	rc = ask(janitor, &request, offsetof(struct janitor_request, words));
	while (rc == 0) {
		rc = answer(janitor, &result);
		if (rc == 0 && result.status == 0)
			return worst;
		if (rc == 0) {
			log_error("%s", result.complaint);
			worst = -EIO;
		}
	}
	log_error("the process that cleans up after this VM was killed: see 'mote doctor' for what it left behind");
	return rc;
}

int host_janitor_finish(struct host_janitor *janitor)
{
	int rc;

	if (!janitor)
		return 0;
	rc = end(janitor);
	fd_close(&janitor->socket);
	while (waitpid(janitor->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(janitor);
	return rc;
}
