/* What `mote inspect` prints: all that was found, what would be started, and what speaks against it. */
#ifndef FIRMWARE_LOADER_REPORT_H
#define FIRMWARE_LOADER_REPORT_H

#include "firmware/loader/choice.h"
#include "firmware/loader/load.h"
#include "firmware/loader/system.h"

/* Disks, volumes, file systems and entries; `chosen` is marked. */
void report_system(const struct system *system, unsigned int chosen);

/* The entry's kernel, initrds and arguments, with what was found out about them. Takes the room between kernel and
 * initrd. */
void report_entry(const struct system *system, const struct choice *choice, const struct loaded *loaded);

#endif
