/* `mote inspect`. */
#ifndef VMM_CLI_INSPECT_H
#define VMM_CLI_INSPECT_H

/* argv[0] is "inspect". Reports on stdout what `mote run` would boot from a disk; returns the exit status. */
int inspect_command(int argc, char **argv);

#endif
