/* The argument of --disk: PATH[,option]... */
#ifndef VMM_CLI_DISK_OPTION_H
#define VMM_CLI_DISK_OPTION_H

#include "vmm/include/mote.h"

/* One parsed argument. `disk` points into `storage`, which is freed by disk_option_fini(). */
struct disk_option {
	struct mote_disk disk;
	char *storage;
};

/* Splits `text` at commas; two commas in a row stand for one that belongs to the word. On failure says what is wrong
 * and returns -EINVAL, or -ENOMEM, with nothing to free. What a value may be beyond its form is libmote's to check. */
__attribute__((warn_unused_result)) int disk_option_parse(const char *text, struct disk_option *out);

/* Takes a zeroed object. */
void disk_option_fini(struct disk_option *option);

#endif
