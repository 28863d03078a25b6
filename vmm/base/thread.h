/* Threads with a name and no signals: signals are the main thread's business. */
#ifndef VMM_BASE_THREAD_H
#define VMM_BASE_THREAD_H

#include <pthread.h>

/* Starts `run(arg)` on a new thread called `name` (at most 15 bytes count), with every signal blocked but
 * THREAD_KICK_SIGNAL, and a small stack. 0 or a negative errno. */
__attribute__((warn_unused_result)) int thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
						     void *arg);

/* How many CPUs the calling thread may run on; UINT_MAX if the kernel doesn't say, as where there are more than a
 * cpu_set_t has room for (sched_getaffinity(2)): those are enough. */
unsigned int thread_nr_cpus(void);

/* The signal that does nothing but break a blocking system call (KVM_RUN). */
#define THREAD_KICK_SIGNAL SIGUSR1

#endif
