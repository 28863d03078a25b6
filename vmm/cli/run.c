#include "vmm/cli/run.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/exit_status.h"
#include "vmm/cli/help.h"
#include "vmm/cli/run_options.h"
#include "vmm/cli/say.h"
#include "vmm/cli/signals.h"
#include "vmm/cli/terminal.h"
#include "vmm/cli/trim.h"
#include "vmm/include/mote.h"

#define ESCAPE_KEY 0x1d /* Ctrl-] */

static int status_of(enum mote_outcome outcome)
{
	switch (outcome) {
	case MOTE_POWERED_OFF:
	case MOTE_REBOOTED:
		return EXIT_STATUS_OK;
	case MOTE_PANICKED:
		return EXIT_STATUS_PANIC;
	case MOTE_STOPPED:
		return EXIT_STATUS_STOPPED;
	case MOTE_FAILED:
		break;
	}
	return EXIT_STATUS_FAILED;
}

/* With the terminal raw from the first guest instruction to the last. */
static int run_vm(struct mote_vm *vm, struct terminal *terminal)
{
	enum mote_outcome outcome;
	int rc;

	signals_install(vm, terminal);
	if (terminal) {
		if (isatty(STDERR_FILENO))
			say("Ctrl-] is the escape key: then q ends the VM, p presses its power button, ? lists the "
			    "keys");
		rc = terminal_set_raw(terminal);
		if (rc < 0) {
			say("the terminal can't be made raw: %s", strerror(-rc));
			return EXIT_STATUS_FAILED;
		}
	}
	trim_program();
	rc = mote_vm_run(vm, &outcome);
	return rc < 0 ? EXIT_STATUS_FAILED : status_of(outcome);
}

static int run_with_terminal(const struct mote_config *config, struct terminal *terminal)
{
	struct mote_vm *vm;
	int status;

	if (mote_vm_create(config, &vm) < 0)
		return EXIT_STATUS_FAILED;
	status = run_vm(vm, terminal);
	if (terminal)
		terminal_suspend(terminal);
	/* The user has the terminal back while the VM is taken down. */
	signals_remove();
	/* A guest's own failure says more than what it leaves behind. */
	if (mote_vm_destroy(vm) < 0 && status == EXIT_STATUS_OK)
		status = EXIT_STATUS_FAILED;
	return status;
}

static void connect_console(struct mote_config *config)
{
	if (config->console == MOTE_CONSOLE_NONE)
		return;
	config->console_out_fd = STDOUT_FILENO;
	if (!isatty(STDIN_FILENO)) {
		config->console_in_fd = STDIN_FILENO;
	} else if (terminal_usable(STDIN_FILENO)) {
		config->console_in_fd = STDIN_FILENO;
		config->console_escape = ESCAPE_KEY;
	} else {
		say("running in the background of this terminal: the console takes no input");
	}
}

static int run(struct mote_config *config)
{
	struct terminal terminal;
	int rc, status;

	connect_console(config);
	/* A reader of the console that goes away is no reason to end the VM. */
	signal(SIGPIPE, SIG_IGN);
	if (config->console_escape == 0)
		return run_with_terminal(config, NULL);
	rc = terminal_open(&terminal, STDIN_FILENO);
	if (rc < 0) {
		say("the terminal's modes can't be kept safe: %s; without a terminal use </dev/null", strerror(-rc));
		return EXIT_STATUS_FAILED;
	}
	status = run_with_terminal(config, &terminal);
	terminal_close(&terminal);
	return status;
}

int run_command(int argc, char **argv)
{
	struct run_options options;
	int status;

	if (run_options_parse(argc, argv, &options) < 0)
		return EXIT_STATUS_FAILED;
	if (options.help) {
		status = help_print("run") ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
	} else {
		mote_set_log(NULL, NULL, options.log_level);
		status = run(&options.config);
	}
	run_options_fini(&options);
	return status;
}
