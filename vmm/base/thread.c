#include "vmm/base/thread.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* The deepest chain here is a virtqueue request with its iovecs; glibc's default of 8 MiB would only be address space,
 * but a guard against runaway recursion is better hit early. */
#define THREAD_STACK_BYTES (256 * 1024)

struct start {
	char name[16];
	void *(*run)(void *arg);
	void *arg;
};

/* Named from inside: from outside it takes a file under /proc, which costs more than the thread. */
static void *begin(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	prctl(PR_SET_NAME, start.name);
	return start.run(start.arg);
}

int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	struct start *start;
	sigset_t all, old;
	int rc;

	start = calloc(1, sizeof(*start));
	if (!start)
		return -ENOMEM;
	snprintf(start->name, sizeof(start->name), "%s", name);
	start->run = run;
	start->arg = arg;

	rc = pthread_attr_init(&attr);
	if (rc != 0) {
		free(start);
		return -rc;
	}
	sigfillset(&all);
	sigdelset(&all, THREAD_KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	rc = pthread_create(thread, &attr, begin, start);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		free(start);
	return -rc;
}

unsigned int thread_nr_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? UINT_MAX : (unsigned int)CPU_COUNT(&cpus);
}
