/* Whether a kernel will find its disks: its virtio drivers are built in, or in the initrd. */
#ifndef FIRMWARE_LOADER_DRIVERS_CHECK_H
#define FIRMWARE_LOADER_DRIVERS_CHECK_H

#include "firmware/loader/load.h"
#include "firmware/loader/system.h"

enum drivers {
	DRIVERS_THERE,
	DRIVERS_MISSING,
	DRIVERS_UNKNOWN, /* the initrd can't be looked through, or nothing says what is built in */
};

/* Takes a moment, as it unpacks the initrd into the room between kernel and initrd. */
enum drivers drivers_check(const struct system *system, const struct loaded *loaded);

#endif
