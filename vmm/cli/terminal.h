/* The user's terminal as the guest's: raw while the VM runs, as it was before when mote ends, however it ends. */
#ifndef VMM_CLI_TERMINAL_H
#define VMM_CLI_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include "vmm/cli/janitor.h"

/* Caller's storage; lives until terminal_close(). The main thread's, signal handlers included. */
struct terminal {
	int fd;
	struct termios saved;
	struct termios raw;
	struct janitor janitor;
	volatile bool is_raw;
};

/* Whether `fd` is a terminal that this process may read: not one it is in the background of. */
bool terminal_usable(int fd);

/* Notes the modes of terminal `fd` and starts its janitor. Changes nothing yet. 0 or a negative errno. */
__attribute__((warn_unused_result)) int terminal_open(struct terminal *terminal, int fd);

/* Raw: every key goes to the guest, Ctrl-C included. 0 or a negative errno. */
__attribute__((warn_unused_result)) int terminal_set_raw(struct terminal *terminal);

/* Back to the modes before, and to raw again, around a stop by SIGTSTP; and the former before a crash. Do nothing
 * unless terminal_set_raw() was called, or while the process is in the background. Async-signal-safe. */
void terminal_suspend(const struct terminal *terminal);
void terminal_resume(const struct terminal *terminal);

/* Back to the modes before; the janitor goes home. */
void terminal_close(struct terminal *terminal);

#endif
