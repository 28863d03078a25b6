/* What a disk is divided into: partitions, and logical volumes inside them. */
#ifndef FIRMWARE_VOLUME_VOLUME_H
#define FIRMWARE_VOLUME_VOLUME_H

#include <stdbool.h>

#include "firmware/core/arena.h"
#include "firmware/core/source.h"

#define VOLUME_MAX 128 /* found in all; more are left out, and that is said */

enum volume_kind {
	VOLUME_DISK, /* a whole disk, which may hold a file system without a table */
	VOLUME_PARTITION,
	VOLUME_LOGICAL, /* of LVM2 */
};

struct volume {
	struct source *source;
	enum volume_kind kind;
	unsigned int disk; /* 0 is the first */
	unsigned int partition; /* from 1, as Linux and GRUB number it; 0: none */
	char scheme; /* 'g' GPT, 'm' MBR, 0 neither */
	char part_uuid[37]; /* as PARTUUID= of the kernel has it, lower case; "" */
	char lvm_name[129 + 128]; /* "vg/lv"; "" */
	char lvm_uuid[80]; /* GRUB's "VGUUID/LVUUID", with hyphens as LVM prints them; "" */
	bool is_esp; /* EFI system partition, or its MBR type 0xef */
	bool is_xbootldr; /* extended boot loader partition of the Boot Loader Specification */
};

/* Divides `nr_disks` disks. Fills `volumes` in the order whole disks, then partitions by disk and number, then logical
 * volumes by name; their sources lie in the arena. Physical volumes of one group may lie on several disks. What can't
 * be used (a mirror, a thin volume, a missing physical volume, a damaged table) is said with print() and left out.
 * Returns how many there are, or FW_ENOMEM. */
__attribute__((warn_unused_result)) int volume_scan(struct source *const *disks, unsigned int nr_disks,
						    struct arena *arena, struct volume volumes[VOLUME_MAX]);

#endif
