/* The built-in help; the man pages say more. */
#ifndef VMM_CLI_HELP_H
#define VMM_CLI_HELP_H

#include <stdbool.h>

/* Prints a subcommand's help, or for "mote" the overview, on stdout; false if there is no help of that name, or if
 * stdout does not take it. */
bool help_print(const char *topic);

#endif
