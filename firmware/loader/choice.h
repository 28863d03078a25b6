/* Which entry is started, and with which arguments. */
#ifndef FIRMWARE_LOADER_CHOICE_H
#define FIRMWARE_LOADER_CHOICE_H

#include <stddef.h>

#include "firmware/config/entry.h"

#define CHOICE_ARGUMENTS_BYTES 4096 /* with the NUL; what Linux takes is less */

/* What the user adds to the arguments; not a string. */
struct choice_append {
	const char *text;
	size_t len;
};

struct choice {
	unsigned int index;
	char arguments[CHOICE_ARGUMENTS_BYTES];
};

/* Makes entry `index` the choice: its arguments and what is added. What has no room is left out. */
void choice_set(struct choice *choice, const struct entries *entries, unsigned int index,
		const struct choice_append *append);

#endif
