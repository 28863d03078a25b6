#include "vmm/base/parallel.h"

#include <stdbool.h>

#include "vmm/base/thread.h"

static bool forbidden;

void parallel_forbid(void)
{
	forbidden = true;
}

unsigned int parallel_threads(unsigned int max)
{
	unsigned int nr = max;
	unsigned int nr_cpus;

	if (forbidden)
		return 1;
	nr_cpus = thread_nr_cpus();
	if (nr > nr_cpus)
		nr = nr_cpus;
	if (nr > PARALLEL_MAX)
		nr = PARALLEL_MAX;
	return nr > 0 ? nr : 1;
}

void parallel_run(const char *name, unsigned int nr_threads, void *(*work)(void *arg), void *arg)
{
	pthread_t others[PARALLEL_MAX - 1];
	unsigned int nr_started = 0;

	while (nr_started < PARALLEL_MAX - 1 && nr_started + 1 < nr_threads &&
	       thread_start(&others[nr_started], name, work, arg) == 0)
		nr_started++;
	work(arg);
	while (nr_started > 0)
		pthread_join(others[--nr_started], NULL);
}
