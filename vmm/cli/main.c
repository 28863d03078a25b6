/* mote: finds the subcommand. */
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/doctor.h"
#include "vmm/cli/exit_status.h"
#include "vmm/cli/help.h"
#include "vmm/cli/inspect.h"
#include "vmm/cli/run.h"
#include "vmm/cli/say.h"
#include "vmm/cli/suggest.h"
#include "vmm/include/mote.h"

static int help_command(int argc, char **argv)
{
	const char *topic = argc > 1 ? argv[1] : "mote";

	if (help_print(topic))
		return EXIT_STATUS_OK;
	say("there is no help on '%s': there is on run, inspect and doctor", topic);
	return EXIT_STATUS_FAILED;
}

static int version_command(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("mote %s\n", mote_version());
	return fflush(stdout) == 0 ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", run_command },		{ "inspect", inspect_command },	  { "doctor", doctor_command },
	{ "help", help_command },	{ "--help", help_command },	  { "-h", help_command },
	{ "version", version_command }, { "--version", version_command },
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Standard descriptors that are closed would be handed out again, and the guest's console printed into a disk. */
static bool standard_descriptors_open(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return false;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return true;
}

static int unknown_command(const char *word)
{
	const char *names[NR_COMMANDS];
	const char *near;

	for (size_t i = 0; i < NR_COMMANDS; i++)
		names[i] = commands[i].name;
	near = suggest(word, names, NR_COMMANDS);
	if (near)
		say("unknown command '%s': did you mean 'mote %s'?", word, near);
	else
		say("unknown command '%s': there are run, inspect, doctor and help", word);
	return EXIT_STATUS_FAILED;
}

int main(int argc, char **argv)
{
	/* One heap for all threads: none allocates while the guest runs, and a heap each costs a start some 50 us and
	 * the process 30 KiB. */
	mallopt(M_ARENA_MAX, 1);
	if (!standard_descriptors_open())
		return EXIT_STATUS_FAILED;
	if (argc < 2) {
		help_print("mote");
		return EXIT_STATUS_FAILED;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
