/* The options of --disk that have a value: KEY=VALUE. */
#ifndef VMM_CLI_DISK_KEYS_H
#define VMM_CLI_DISK_KEYS_H

#include "vmm/include/mote.h"

struct disk_key {
	const char *name; /* NULL ends the table */
	/* Reads the value, which lives as long as the disk: 0 or a negative errno. */
	int (*set)(struct mote_disk *disk, const char *value);
	const char *possible; /* for the user, after "takes" */
};

extern const struct disk_key disk_keys[];

#endif
