/* What the disks hold, from the disks up to the entries: found once, then only looked at. */
#ifndef FIRMWARE_LOADER_SYSTEM_H
#define FIRMWARE_LOADER_SYSTEM_H

#include "firmware/config/entry.h"
#include "firmware/core/arena.h"
#include "firmware/loader/disk.h"
#include "firmware/loader/foreign.h"
#include "firmware/volume/volume.h"

struct system {
	struct arena arena;
	struct disks disks;
	unsigned int nr_volumes;
	struct volume volumes[VOLUME_MAX];
	/* By volume: its file system, or NULL and what is there instead. */
	const struct mounted *mounted_on[VOLUME_MAX];
	struct foreign foreign[VOLUME_MAX];
	struct mounted mounted[VOLUME_MAX];
	struct places places;
	struct entries entries;
};

/* Divides the disks, which are open, mounts what can be mounted, and finds the entries. 0; FW_ENOENT: there is nothing
 * to start, and system_missing() says what is missing; or FW_ENOMEM. */
__attribute__((warn_unused_result)) int system_find(struct system *system);

/* Why there is no entry: one sentence. */
const char *system_missing(const struct system *system);

/* Whether a volume that can't be read is encrypted. */
bool system_has_encrypted(const struct system *system);

#endif
