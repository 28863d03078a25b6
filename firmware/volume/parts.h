/* How volumes are collected: what the readers of each kind of table share. */
#ifndef FIRMWARE_VOLUME_PARTS_H
#define FIRMWARE_VOLUME_PARTS_H

#include "firmware/volume/volume.h"

#define SECTOR_BYTES 512u

/* The volumes that were found so far. */
struct scan {
	struct arena *arena;
	struct volume *volumes;
	unsigned int nr;
	bool is_full; /* and that was said */
};

/* Adds one that reads from `source`, with its kind, and the disk that it lies on; its other fields are zeroes, for the
 * caller to fill. NULL if there is no room: that has been said. */
struct volume *scan_add(struct scan *scan, struct source *source, enum volume_kind kind, unsigned int disk);

/* Adds a partition: `len` bytes at `offset` of a disk, cut off at its end. A range that begins behind it, or an empty
 * one, is said and left out: *out is NULL then. 0 or FW_ENOMEM. */
__attribute__((warn_unused_result)) int scan_add_partition(struct scan *scan, const struct volume *disk,
							   unsigned int number, uint64_t offset, uint64_t len,
							   struct volume **out);

/* Read a disk's table and add its partitions. 1 if there is such a table, 0, or an error; damage is said. Sectors of
 * 4 KiB are tried too. */
__attribute__((warn_unused_result)) int gpt_scan(struct scan *scan, const struct volume *disk);
__attribute__((warn_unused_result)) int mbr_scan(struct scan *scan, const struct volume *disk);

/* Whether the disk has an MBR with the entry that guards a GPT (UEFI 2.10, 5.2.3). */
bool mbr_guards_gpt(const struct volume *disk);

/* Adds the logical volumes whose physical volumes are among those found, sorted by name. 0 or FW_ENOMEM. */
__attribute__((warn_unused_result)) int lvm_scan(struct scan *scan);

#endif
