/* The janitor's side. It is a copy of a process that may have had threads, so it keeps to what is sound there: no lock
 * of ours, no sink of the log but the standard one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/host/command.h"
#include "vmm/host/janitor_children.h"
#include "vmm/host/janitor_message.h"

#define COMMAND_TIMEOUT_MS 60000
#define UNDO_TRIES_S 20
#define UNDO_PAUSE_MS 100

struct service {
	int socket;
	bool sealed;
	bool orphaned; /* nobody is left to answer */
	unsigned int nr_records;
	/* Requests as they came: checked once, before they are kept. */
	struct janitor_request records[HOST_JANITOR_MAX_RECORDS];
	size_t lens[HOST_JANITOR_MAX_RECORDS];
	struct janitor_children before[HOST_JANITOR_MAX_RECORDS]; /* a JANITOR_LAUNCH */
};

/* Copy-on-write memory of our own, untouched until a record comes. */
static struct service service;

static void reply(int status, const char *complaint)
{
	struct janitor_answer answer = { .status = status };

	snprintf(answer.complaint, sizeof(answer.complaint), "%s", complaint);
	(void)!send(service.socket, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static int run(const char *const *argv, char *complaint)
{
	char err[4096];
	const struct command command = {
		.argv = argv, .timeout_ms = COMMAND_TIMEOUT_MS, .err = err, .err_size = sizeof(err)
	};
	int rc;

	err[0] = '\0';
	rc = command_run(&command);
	snprintf(complaint, HOST_JANITOR_COMPLAINT_BYTES, "%s", rc < 0 ? strerror(-rc) : command_complaint(err));
	return rc;
}

static void make(size_t len)
{
	const char *words[JANITOR_MAX_WORDS + 1], *undo[JANITOR_MAX_WORDS + 1];
	char complaint[HOST_JANITOR_COMPLAINT_BYTES] = "";
	struct janitor_request *request = &service.records[service.nr_records];
	int rc;

	if (service.sealed) {
		rc = -EPERM;
	} else {
		rc = janitor_request_words(request, len, words, undo);
		if (rc == 0) {
			/* Noted first: a command that failed may have got half-way. */
			if (request->kind == JANITOR_LAUNCH)
				janitor_children_look(&service.before[service.nr_records]);
			service.lens[service.nr_records++] = len;
			rc = run(words, complaint);
			if (rc == -ENOENT)
				service.nr_records--;
		}
	}
	reply(rc, complaint);
}

/* Serves until the end is asked for, or comes. */
static void listen_to_owner(void)
{
	struct janitor_request overflow;

	for (;;) {
		bool full = service.nr_records == HOST_JANITOR_MAX_RECORDS;
		struct janitor_request *request = full ? &overflow : &service.records[service.nr_records];
		ssize_t n = recv(service.socket, request, sizeof(*request), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)offsetof(struct janitor_request, words)) {
			service.orphaned = true;
			return;
		}
		if (request->kind == JANITOR_END)
			return;
		if (request->kind == JANITOR_SEAL)
			service.sealed = true;
		else if (request->kind != JANITOR_MAKE && request->kind != JANITOR_LAUNCH)
			reply(-EPROTO, "");
		else if (full)
			reply(-ENOSPC, "");
		else
			make((size_t)n);
	}
}

/* A device is busy for as long as the kernel takes the VM's rings apart, which is some time after its end. */
static int undo_patiently(const char *const *argv, char *complaint)
{
	const struct timespec pause = { .tv_nsec = UNDO_PAUSE_MS * 1000000L };
	struct timespec start, now;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		rc = run(argv, complaint);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (rc == 0 || rc == -ENOENT || now.tv_sec - start.tv_sec >= UNDO_TRIES_S)
			return rc;
		nanosleep(&pause, NULL);
	}
}

static void report_failure(const char *const *argv, const char *complaint)
{
	char line[HOST_JANITOR_COMPLAINT_BYTES];
	size_t len = 0;

	len += (size_t)snprintf(line, sizeof(line), "cannot clean up after this VM: %.200s; by hand:", complaint);
	for (unsigned int i = 0; argv[i] && len < sizeof(line); i++) {
		const char *quote = strpbrk(argv[i], " \"&|") ? "'" : "";

		len += (size_t)snprintf(line + len, sizeof(line) - len, " %s%s%s", quote, argv[i], quote);
	}
	if (service.orphaned)
		log_error("%s", line);
	else
		reply(-EIO, line);
}

static void undo_all(void)
{
	const char *words[JANITOR_MAX_WORDS + 1], *undo[JANITOR_MAX_WORDS + 1];
	char complaint[HOST_JANITOR_COMPLAINT_BYTES];

	while (service.nr_records > 0) {
		const struct janitor_request *record = &service.records[--service.nr_records];

		if (record->kind == JANITOR_LAUNCH)
			janitor_children_end_others(&service.before[service.nr_records]);
		else if (janitor_request_words(record, service.lens[service.nr_records], words, undo) == 0 &&
			 undo_patiently(undo, complaint) != 0)
			report_failure(undo, complaint);
	}
}

/* Descriptors 0 and 1 to /dev/null, 2 as it is, 3 the socket, and nothing else: neither a lock, nor a pipe whose other
 * end waits, nor a descriptor of KVM lives on in the janitor. */
static bool let_go_of_everything(int socket)
{
	int null;

	/* It may be a standard descriptor itself, in a process that had closed its own. */
	socket = fcntl(socket, F_DUPFD_CLOEXEC, 4);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (socket < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return false;
	if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
		return false;
	service.socket = dup3(socket, 3, O_CLOEXEC);
	if (service.socket < 0)
		return false;
	return close_range(4, ~0U, 0) == 0 && chdir("/") == 0;
}

void janitor_serve(int socket)
{
	/* Out of the terminal's session; signals are blocked already, see host_janitor_start(). */
	setsid();
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_NAME, "mote-cleanup");
	/* What a program leaves running becomes our child, whose PID is nobody else's until we have waited for it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	log_set_sink(NULL, NULL);
	if (!let_go_of_everything(socket))
		_exit(1);
	listen_to_owner();
	undo_all();
	if (!service.orphaned)
		reply(0, "");
	_exit(0);
}
