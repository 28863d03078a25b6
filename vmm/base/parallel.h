/* The same work on several threads at once, for what takes long enough to be worth starting them. */
#ifndef VMM_BASE_PARALLEL_H
#define VMM_BASE_PARALLEL_H

/* How many threads can really run at once: the CPUs that this process may use, at most `max`, at least 1. */
unsigned int parallel_threads(unsigned int max);

/* From now on parallel_threads() is 1 in this process, which may be one that must not start threads. */
void parallel_forbid(void);

/* Runs `work(arg)` on this thread and on up to `nr_threads` - 1 others called `name`, and returns when all have ended.
 * A thread that can't be started is done without: `work` takes its share of the whole itself, under its own lock, and
 * ends when there is none left. At most PARALLEL_MAX threads. */
#define PARALLEL_MAX 4
void parallel_run(const char *name, unsigned int nr_threads, void *(*work)(void *arg), void *arg);

#endif
