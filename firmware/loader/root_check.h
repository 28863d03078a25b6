/* Whether a kernel's arguments name a root that these disks hold. */
#ifndef FIRMWARE_LOADER_ROOT_CHECK_H
#define FIRMWARE_LOADER_ROOT_CHECK_H

#include "firmware/loader/system.h"

enum root_state {
	ROOT_NOT_NAMED, /* the initrd knows, or the kernel's default counts */
	ROOT_READABLE, /* on a file system that the loader reads too */
	ROOT_ENCRYPTED, /* named, not found, and something on the disks is encrypted */
	ROOT_UNKNOWN, /* named in a way that the loader does not follow, or not there */
};

/* Looks for root= among the arguments, in the forms that Linux and initramfs-tools know. *found is the root if it is
 * readable, else NULL. */
enum root_state root_check(const struct system *system, const char *arguments, const struct mounted **found);

#endif
