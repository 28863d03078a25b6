#include "vmm/cli/doctor.h"

#include <stdio.h>
#include <string.h>

#include "vmm/cli/exit_status.h"
#include "vmm/cli/help.h"
#include "vmm/cli/say.h"
#include "vmm/include/mote.h"

static const char *const verdict_word[] = {
	[MOTE_OK] = "ok",
	[MOTE_DEGRADED] = "degraded",
	[MOTE_MISSING] = "missing",
};

static void print_finding(void *arg, const struct mote_finding *finding)
{
	(void)arg;
	printf("%-9s %-16s %s\n", verdict_word[finding->verdict], finding->subject, finding->found);
	if (finding->remedy)
		printf("%-9s %-16s -> %s\n", "", "", finding->remedy);
	/* The next check may take its time. */
	fflush(stdout);
}

static int remove_leftovers(void)
{
	enum mote_verdict worst = mote_remove_leftovers(print_finding, NULL);

	return fflush(stdout) == 0 && worst == MOTE_OK ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

int doctor_command(int argc, char **argv)
{
	enum mote_verdict worst;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return help_print("doctor") ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
	if (argc == 2 && strcmp(argv[1], "--remove-leftovers") == 0)
		return remove_leftovers();
	if (argc > 1) {
		say("doctor takes nothing but --remove-leftovers, and '%s' was given", argv[argc - 1]);
		return EXIT_STATUS_FAILED;
	}
	worst = mote_doctor(print_finding, NULL);
	switch (worst) {
	case MOTE_OK:
		puts("\nThis host is ready.");
		break;
	case MOTE_DEGRADED:
		puts("\nThis host can run VMs, but see above.");
		break;
	case MOTE_MISSING:
		puts("\nThis host can't run VMs: see above.");
		break;
	}
	if (fflush(stdout) != 0)
		return EXIT_STATUS_FAILED;
	return worst == MOTE_MISSING ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
