/* What lies on a volume that the loader can't read, by name: so that a message need not say "nothing". */
#ifndef FIRMWARE_LOADER_FOREIGN_H
#define FIRMWARE_LOADER_FOREIGN_H

#include <stdbool.h>

#include "firmware/core/source.h"

struct foreign {
	const char *name; /* "LUKS, encrypted", "NTFS"; NULL: unknown */
	bool is_encrypted;
};

/* Looks at the first 68 KiB. */
struct foreign foreign_recognise(struct source *source);

#endif
