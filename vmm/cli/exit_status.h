/* What mote's exit status says. A contract with scripts: mote-run(1) lists the same values. */
#ifndef VMM_CLI_EXIT_STATUS_H
#define VMM_CLI_EXIT_STATUS_H

enum exit_status {
	EXIT_STATUS_OK = 0, /* the guest powered off or rebooted */
	EXIT_STATUS_PANIC = 123, /* the guest's kernel panicked */
	EXIT_STATUS_FAILED = 125, /* mote could not do what was asked */
	EXIT_STATUS_STOPPED = 130, /* the VM was ended from outside: escape key or signal */
};

#endif
