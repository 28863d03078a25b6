#include "vmm/cli/run_options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "vmm/cli/say.h"
#include "vmm/cli/size.h"
#include "vmm/cli/suggest.h"

enum option_id {
	OPTION_KERNEL = 256, /* above every character */
	OPTION_INITRD,
	OPTION_APPEND,
	OPTION_BOOT_ENTRY,
	OPTION_BOOT_MENU,
	OPTION_DISK,
	OPTION_NET,
	OPTION_MEMORY,
	OPTION_CPUS,
	OPTION_NAME,
	OPTION_CONSOLE,
	OPTION_NO_KASLR,
	OPTION_NO_CACHE,
	OPTION_VERBOSE,
	OPTION_HELP,
};

static const struct option table[] = {
	{ "kernel", required_argument, NULL, OPTION_KERNEL },
	{ "initrd", required_argument, NULL, OPTION_INITRD },
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "boot-entry", required_argument, NULL, OPTION_BOOT_ENTRY },
	{ "boot-menu", no_argument, NULL, OPTION_BOOT_MENU },
	{ "disk", required_argument, NULL, OPTION_DISK },
	{ "net", required_argument, NULL, OPTION_NET },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "console", required_argument, NULL, OPTION_CONSOLE },
	{ "no-kaslr", no_argument, NULL, OPTION_NO_KASLR },
	{ "no-cache", no_argument, NULL, OPTION_NO_CACHE },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};
#define NR_OPTIONS (sizeof(table) / sizeof(table[0]) - 1)

static int set_disk(struct run_options *options, const char *text)
{
	unsigned int index = options->config.nr_disks;
	int rc;

	if (index == MOTE_MAX_DISKS) {
		say("--disk %s is one too many: at most %d disks are possible", text, MOTE_MAX_DISKS);
		return -EINVAL;
	}
	rc = disk_option_parse(text, &options->disks[index]);
	if (rc < 0)
		return rc;
	options->config.disks[index] = options->disks[index].disk;
	options->config.nr_disks = index + 1;
	return 0;
}

static int set_net(struct run_options *options, const char *text)
{
	unsigned int index = options->config.nr_nets;
	int rc;

	if (index == MOTE_MAX_NETS) {
		say("--net %s is one too many: at most %d network interfaces are possible", text, MOTE_MAX_NETS);
		return -EINVAL;
	}
	rc = net_option_parse(text, &options->nets[index]);
	if (rc < 0)
		return rc;
	options->config.nets[index] = options->nets[index].net;
	options->config.nr_nets = index + 1;
	return 0;
}

static int set_memory(struct run_options *options, const char *text)
{
	int rc = size_parse(text, &options->config.memory_bytes);

	if (rc == -ERANGE)
		say("--memory %s is too much: at most 1T is possible", text);
	else if (rc < 0)
		say("--memory %s is not a size: write a number with K, M or G, as in 512M", text);
	return rc < 0 ? -EINVAL : 0;
}

static int set_cpus(struct run_options *options, const char *text)
{
	int rc = count_parse(text, &options->config.cpus);

	if (rc < 0) {
		say("--cpus %s is not possible: ask for a number from 1 to %d", text, MOTE_MAX_CPUS);
		return -EINVAL;
	}
	return 0;
}

static int set_console(struct run_options *options, const char *text)
{
	if (strcmp(text, "serial") == 0)
		options->config.console = MOTE_CONSOLE_SERIAL;
	else if (strcmp(text, "hvc") == 0)
		options->config.console = MOTE_CONSOLE_HVC;
	else if (strcmp(text, "none") == 0)
		options->config.console = MOTE_CONSOLE_NONE;
	else {
		say("--console %s does not exist: choose serial, hvc or none", text);
		return -EINVAL;
	}
	return 0;
}

static int apply(struct run_options *options, int id, const char *value)
{
	switch (id) {
	case OPTION_KERNEL:
		options->config.kernel = value;
		return 0;
	case OPTION_INITRD:
		options->config.initrd = value;
		return 0;
	case OPTION_APPEND:
		options->config.command_line = value;
		return 0;
	case OPTION_BOOT_ENTRY:
		options->config.boot_entry = value;
		return 0;
	case OPTION_BOOT_MENU:
		options->config.boot_menu = true;
		return 0;
	case OPTION_DISK:
		return set_disk(options, value);
	case OPTION_NET:
		return set_net(options, value);
	case OPTION_MEMORY:
		return set_memory(options, value);
	case OPTION_CPUS:
		return set_cpus(options, value);
	case OPTION_NAME:
		options->config.name = value;
		return 0;
	case OPTION_CONSOLE:
		return set_console(options, value);
	case OPTION_NO_KASLR:
		options->config.no_kaslr = true;
		return 0;
	case OPTION_NO_CACHE:
		options->config.no_cache = true;
		return 0;
	case OPTION_VERBOSE:
		options->log_level = options->log_level < MOTE_LOG_INFO ? MOTE_LOG_INFO : MOTE_LOG_DEBUG;
		return 0;
	default:
		return -EINVAL;
	}
}

static void say_unknown(const char *word)
{
	const char *names[NR_OPTIONS];
	const char *near = NULL;
	char name[40];
	size_t len;

	for (size_t i = 0; i < NR_OPTIONS; i++)
		names[i] = table[i].name;
	len = strcspn(word, "=");
	if (strncmp(word, "--", 2) == 0 && len - 2 < sizeof(name)) {
		memcpy(name, word + 2, len - 2);
		name[len - 2] = '\0';
		near = suggest(name, names, NR_OPTIONS);
	}
	if (near)
		say("unknown option '%.*s': did you mean '--%s'? ('mote run --help' lists all)", (int)len, word, near);
	else
		say("unknown option '%s': 'mote run --help' lists those there are", word);
}

/* getopt_long(3) also takes beginnings of names. A script that used one would break when an option is added. */
static bool is_abbreviated(const char *word, const struct option *option)
{
	size_t len = strcspn(word, "=");

	return strlen(option->name) + 2 != len;
}

static int parse_all(int argc, char **argv, struct run_options *options)
{
	opterr = 0;
	optind = 0; /* glibc: start over, also when it has been used before */
	for (;;) {
		int index = -1, rc, word, id;

		/* "+": stop at the first word that is no option. ":": tell a missing value from an unknown option. */
		word = optind > 0 ? optind : 1;
		id = getopt_long(argc, argv, "+:h", table, &index);
		if (id == -1)
			break;
		if (id == ':') {
			say("%s needs a value: see 'mote run --help'", argv[word]);
			return -EINVAL;
		}
		if (id == 'h' || id == OPTION_HELP) {
			options->help = true;
			return 0;
		}
		if (id == '?' && optopt >= OPTION_KERNEL) {
			say("'%s' is not possible: this option takes no value", argv[word]);
			return -EINVAL;
		}
		if (id == '?' || is_abbreviated(argv[word], &table[index])) {
			say_unknown(argv[word]);
			return -EINVAL;
		}
		rc = apply(options, id, optarg);
		if (rc < 0)
			return rc;
	}
	if (optind < argc) {
		say("unexpected word '%s': disks are named with --disk, a kernel with --kernel", argv[optind]);
		return -EINVAL;
	}
	if (!options->config.kernel && options->config.nr_disks == 0) {
		say("no disk and no kernel is given: add --disk PATH, which holds a system, or --kernel FILE, such as "
		    "/vmlinuz ('mote run --help' has examples)");
		return -EINVAL;
	}
	return 0;
}

int run_options_parse(int argc, char **argv, struct run_options *out)
{
	int rc;

	*out = (struct run_options){ .log_level = MOTE_LOG_WARN };
	mote_config_init(&out->config);
	rc = parse_all(argc, argv, out);
	if (rc < 0)
		run_options_fini(out);
	return rc;
}

void run_options_fini(struct run_options *options)
{
	for (unsigned int i = 0; i < MOTE_MAX_DISKS; i++)
		disk_option_fini(&options->disks[i]);
	for (unsigned int i = 0; i < MOTE_MAX_NETS; i++)
		net_option_fini(&options->nets[i]);
	options->config.nr_disks = options->config.nr_nets = 0;
}
