/* The options of --disk after the path; their target is a struct mote_disk. */
#ifndef VMM_CLI_DISK_KEYS_H
#define VMM_CLI_DISK_KEYS_H

#include "vmm/cli/option_words.h"
#include "vmm/include/mote.h"

extern const struct option_key disk_keys[];

#endif
