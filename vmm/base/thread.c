#include "vmm/base/thread.h"

#include <errno.h>
#include <signal.h>

/* The deepest chain here is a virtqueue request with its iovecs; glibc's default of 8 MiB would only be address space,
 * but a guard against runaway recursion is better hit early. */
#define THREAD_STACK_BYTES (256 * 1024)

int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc != 0)
		return -rc;
	sigfillset(&all);
	sigdelset(&all, THREAD_KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	rc = pthread_create(thread, &attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		return -rc;
	pthread_setname_np(*thread, name);
	return 0;
}
