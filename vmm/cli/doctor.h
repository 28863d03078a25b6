/* `mote doctor`: libmote's findings as lines. */
#ifndef VMM_CLI_DOCTOR_H
#define VMM_CLI_DOCTOR_H

/* argv[0] is "doctor". Returns the process's exit status. Main thread. */
int doctor_command(int argc, char **argv);

#endif
