/* The janitor's children: what programs that it ran have left running. */
#ifndef VMM_HOST_JANITOR_CHILDREN_H
#define VMM_HOST_JANITOR_CHILDREN_H

#include <sys/types.h>

#define JANITOR_MAX_CHILDREN 16

struct janitor_children {
	unsigned int nr;
	pid_t pids[JANITOR_MAX_CHILDREN];
};

/* Lists the children of this process, of which there are seldom any. */
void janitor_children_look(struct janitor_children *children);

/* Ends the children that are not in the list, and waits for them: by SIGTERM, and two seconds later by SIGKILL. Their
 * children, which become ours, are next. */
void janitor_children_end_others(const struct janitor_children *spared);

#endif
