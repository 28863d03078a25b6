/* `mote run`: one VM, in the foreground. */
#ifndef VMM_CLI_RUN_H
#define VMM_CLI_RUN_H

/* argv[0] is "run". Returns the process's exit status (exit_status.h). Main thread. */
int run_command(int argc, char **argv);

#endif
