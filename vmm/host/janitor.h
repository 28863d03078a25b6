/* A small process that makes what must not outlive a VM, and unmakes it however the VM ends, SIGKILL included.
 *
 * It is forked before the VM has threads or descriptors, and holds one end of a socket whose other end only the VM's
 * process has. What is to be made and how it is undone reach it in one message, and it is the janitor that runs both:
 * so a command that makes something can't still be running, or not yet, when it is undone. The end of the socket, by a
 * request or because the VM's process is gone, makes it undo everything, the last first. Ctrl-C and the signals of a
 * service manager's stop do not reach it.
 *
 * A VM that gives up its privileges seals its janitor first: from then on it makes nothing more. */
#ifndef VMM_HOST_JANITOR_H
#define VMM_HOST_JANITOR_H

#include <stddef.h>
#include <sys/types.h>

#define HOST_JANITOR_MAX_RECORDS 64
#define HOST_JANITOR_COMPLAINT_BYTES 512

struct host_janitor;

/* Forks the janitor. 0 or a negative errno. The thread that creates the VM, before there are others of the VM. */
__attribute__((warn_unused_result)) int host_janitor_start(struct host_janitor **out);

/* Its process ID. */
pid_t host_janitor_pid(const struct host_janitor *janitor);

/* Runs the program `make` (words, ended by NULL; see command.h), after noting that the program `undo` is to be run at
 * the end, whatever becomes of `make`, unless it isn't there. Running `undo` when there is nothing to undo must
 * succeed.
 *
 * Returns the exit status of `make`, with the first line of its complaint in `complaint` (a string of
 * HOST_JANITOR_COMPLAINT_BYTES); a negative errno of command_run(); -E2BIG if the words are too many or too long,
 * -ENOSPC if there are too many records, -EPERM after host_janitor_seal(), -EPIPE if the janitor is gone. Logs nothing.
 * One thread at a time. */
__attribute__((warn_unused_result)) int host_janitor_make(struct host_janitor *janitor, const char *const *make,
							  const char *const *undo, char *complaint);

/* Runs the program `words`, which goes to the background when it is ready for its work. What it leaves running is ended
 * when everything is undone: by SIGTERM, and by SIGKILL if that does not help. Returns as host_janitor_make() does. */
__attribute__((warn_unused_result)) int host_janitor_launch(struct host_janitor *janitor, const char *const *words,
							    char *complaint);

/* From now on it makes nothing more. 0 or -EPIPE. */
__attribute__((warn_unused_result)) int host_janitor_seal(struct host_janitor *janitor);

/* Has everything undone, waits for that and for the janitor's end, and frees it. What can't be undone yet, since the
 * kernel is still taking the VM apart, is tried again for some seconds; then one line is logged for each. 0, -EIO if
 * something was not undone, or -EPIPE, logged, if the janitor was killed. NULL is no janitor: 0. */
int host_janitor_finish(struct host_janitor *janitor);

#endif
