/* The command line of `mote run`, as a struct mote_config. */
#ifndef VMM_CLI_RUN_OPTIONS_H
#define VMM_CLI_RUN_OPTIONS_H

#include <stdbool.h>

#include "vmm/cli/disk_option.h"
#include "vmm/cli/net_option.h"
#include "vmm/include/mote.h"

/* The strings of `config` are argv's or belong to `disks` and `nets`. The console's descriptors are left at -1. */
struct run_options {
	struct mote_config config;
	enum mote_log_level log_level;
	bool help; /* --help was given: nothing else was checked */
	struct disk_option disks[MOTE_MAX_DISKS];
	struct net_option nets[MOTE_MAX_NETS];
};

/* argv[0] is "run". An option given twice counts as given last, but for --disk and --net. On failure says what is wrong
 * and returns -EINVAL or -ENOMEM, with nothing to free. */
__attribute__((warn_unused_result)) int run_options_parse(int argc, char **argv, struct run_options *out);

/* Takes a zeroed object. */
void run_options_fini(struct run_options *options);

#endif
