/* Tells a process from every other, past and future: its PID, when it started, and in which PID namespace and since
 * which boot of the host. What outlives a process can carry this as a label. */
#ifndef VMM_HOST_OWNER_H
#define VMM_HOST_OWNER_H

#include <sys/types.h>

#define OWNER_BYTES 96

enum owner_state {
	OWNER_ALIVE,
	OWNER_GONE,
	OWNER_UNKNOWN, /* of another PID namespace, or no label of ours */
};

/* Writes the label of process `pid`: letters, digits and ':' only. 0 or a negative errno. Any thread. */
__attribute__((warn_unused_result)) int owner_describe(pid_t pid, char label[OWNER_BYTES]);

/* Whether the process that `label` was made for still runs; `label` may be any string. A zombie is gone. Any thread. */
enum owner_state owner_state(const char *label);

#endif
