#include "vmm/cli/inspect.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#include "vmm/cli/disk_option.h"
#include "vmm/cli/exit_status.h"
#include "vmm/cli/help.h"
#include "vmm/cli/say.h"
#include "vmm/include/mote.h"

static const struct option table[] = {
	{ "boot-entry", required_argument, NULL, 'e' },
	{ "append", required_argument, NULL, 'a' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct inspect_options {
	struct mote_config config;
	enum mote_log_level log_level;
	bool help;
	struct disk_option disks[MOTE_MAX_DISKS];
};

static int add_disk(struct inspect_options *options, const char *text)
{
	unsigned int index = options->config.nr_disks;
	int rc;

	if (index == MOTE_MAX_DISKS) {
		say("%s is one disk too many: at most %d are possible", text, MOTE_MAX_DISKS);
		return -EINVAL;
	}
	rc = disk_option_parse(text, &options->disks[index]);
	if (rc < 0)
		return rc;
	options->config.disks[index] = options->disks[index].disk;
	/* An overlay takes what would be written; the loader writes nothing anyway. */
	if (options->config.disks[index].overlay == MOTE_OVERLAY_NONE)
		options->config.disks[index].read_only = true;
	options->config.nr_disks = index + 1;
	return 0;
}

static int parse(int argc, char **argv, struct inspect_options *options)
{
	int id, rc = 0;

	opterr = 0;
	optind = 0;
	while ((id = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		switch (id) {
		case 'e':
			options->config.boot_entry = optarg;
			break;
		case 'a':
			options->config.command_line = optarg;
			break;
		case 'v':
			options->log_level = MOTE_LOG_INFO;
			break;
		case 'h':
			options->help = true;
			return 0;
		default:
			say("'%s' is no option that inspect knows, or has no value: see 'mote help inspect'",
			    argv[optind - 1]);
			return -EINVAL;
		}
	}
	for (; optind < argc && rc == 0; optind++)
		rc = add_disk(options, argv[optind]);
	if (rc == 0 && options->config.nr_disks == 0) {
		say("no disk is given: 'mote inspect DISK' tells what it would boot");
		rc = -EINVAL;
	}
	return rc;
}

static int inspect(struct mote_config *config)
{
	enum mote_outcome outcome = MOTE_FAILED;
	struct mote_vm *vm;

	config->inspect = true;
	config->console_out_fd = STDOUT_FILENO;
	signal(SIGPIPE, SIG_IGN);
	if (mote_vm_create(config, &vm) < 0)
		return EXIT_STATUS_FAILED;
	if (mote_vm_run(vm, &outcome) < 0)
		outcome = MOTE_FAILED;
	if (mote_vm_destroy(vm) < 0)
		outcome = MOTE_FAILED;
	return outcome == MOTE_POWERED_OFF ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

int inspect_command(int argc, char **argv)
{
	struct inspect_options options = { .log_level = MOTE_LOG_WARN };
	int status = EXIT_STATUS_FAILED;

	mote_config_init(&options.config);
	if (parse(argc, argv, &options) < 0)
		goto fini;
	if (options.help) {
		status = help_print("inspect") ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
	} else {
		mote_set_log(NULL, NULL, options.log_level);
		status = inspect(&options.config);
	}
fini:
	for (unsigned int i = 0; i < MOTE_MAX_DISKS; i++)
		disk_option_fini(&options.disks[i]);
	return status;
}
