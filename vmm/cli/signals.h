/* What signals mean to a running VM. */
#ifndef VMM_CLI_SIGNALS_H
#define VMM_CLI_SIGNALS_H

#include "vmm/cli/terminal.h"
#include "vmm/include/mote.h"

/* From now on SIGTERM and SIGINT press the power button of `vm`, and end it at once when they come again; SIGQUIT, and
 * SIGHUP of a controlling terminal that is gone, end it at once; any other SIGHUP looks whether disks have grown;
 * SIGTSTP and crashes give the terminal back first. `terminal` may be NULL. One VM at a time, whose lifetime encloses
 * that of the handlers. Main thread. */
void signals_install(struct mote_vm *vm, const struct terminal *terminal);

/* Ignores the same signals: what is left to do is short and must not be cut off. Main thread. */
void signals_remove(void);

#endif
