/* Runs a program of the host, such as one of LVM's tools, to its end and keeps what it said. */
#ifndef VMM_HOST_COMMAND_H
#define VMM_HOST_COMMAND_H

#include <stddef.h>

struct command {
	const char *const *argv; /* ends with NULL; argv[0] is a program's name or path. No shell sees any of it */
	unsigned int timeout_ms;
	char *out; /* receives its standard output as a string; NULL: dropped */
	size_t out_size;
	char *err; /* receives its standard error as a string, as much as fits; NULL: dropped */
	size_t err_size;
	int passed_fd; /* becomes its descriptor 3; 0: none */
};

/* Runs it with nothing of ours but the words of `argv`: an environment of its own (LC_ALL=C, PATH, and what configures
 * LVM), standard input from /dev/null, no other descriptor but the passed one, no blocked or ignored signal, and a
 * process group of its own, which a Ctrl-C at our terminal does not reach.
 *
 * Returns its exit status, 128 + N if signal N ended it, or
 *   -ENOENT     the program is not installed
 *   -ETIMEDOUT  it took longer than timeout_ms; it was sent SIGTERM, and SIGKILL if that did not help
 *   -EOVERFLOW  its standard output did not fit
 *   -ECHILD     somebody else in this process waited for it, or SIGCHLD is ignored
 * or another negative errno if it could not be started. Logs nothing. Any thread. */
__attribute__((warn_unused_result)) int command_run(const struct command *command);

/* Finds the executable `program` (a name without '/') in the absolute folders of PATH and in those where root's
 * programs are, and writes its path. 0, -ENOENT, or -ENAMETOOLONG. */
__attribute__((warn_unused_result)) int command_find(const char *program, char *path, size_t size);

/* The first line of what a program wrote to its standard error, for a message: without blanks around it. Changes
 * `text`, and points into it; "" if there is none. LVM's warnings are passed over if an error follows. */
const char *command_complaint(char *text);

#endif
