/* mote's own words: lines on stderr, so that stdout is the guest's alone. */
#ifndef VMM_CLI_SAY_H
#define VMM_CLI_SAY_H

/* Prints "mote: ..." and a newline on stderr. Before the VM runs, or after; main thread. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
