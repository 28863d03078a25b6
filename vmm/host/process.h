/* The processes of this host, as /proc shows them. */
#ifndef VMM_HOST_PROCESS_H
#define VMM_HOST_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls `found` for every process. 0, or the negative errno of opening /proc. Any thread. */
typedef void (*process_found)(void *arg, pid_t pid);
__attribute__((warn_unused_result)) int process_each(process_found found, void *arg);

/* The process whose child it is; 0 if there is no such process. */
pid_t process_parent(pid_t pid);

/* Finds the argument that begins with `start` of a process in our network namespace that was started as `program`, by
 * its name or any path. Copies what follows `start`, cut to `size` - 1 bytes, and returns true if there is one. */
bool process_argument(pid_t pid, const char *program, const char *start, char *rest, size_t size);

#endif
