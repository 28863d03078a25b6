/* LVM2: what the parts of its reader share. */
#ifndef FIRMWARE_VOLUME_LVM_H
#define FIRMWARE_VOLUME_LVM_H

#include "firmware/volume/lvm_text.h"
#include "firmware/volume/parts.h"

#define LVM_MAX_PVS 64 /* in all groups together */
#define LVM_MAX_STRIPES 64
#define LVM_UUID_BYTES 32 /* without the hyphens */

/* A physical volume that was found. */
struct lvm_pv {
	struct source *source;
	char uuid[LVM_UUID_BYTES];
	struct lvm_text metadata; /* of its group; empty: it has no copy */
	struct lvm_text group; /* the group's id; empty: none is told */
	uint64_t seqno; /* of that copy: the highest is the newest */
};

struct lvm_pvs {
	struct lvm_pv list[LVM_MAX_PVS];
	unsigned int nr;
};

/* Adds the logical volumes of the group that this metadata describes. FW_ENOMEM or 0; all else is said. */
__attribute__((warn_unused_result)) int lvm_add_group(struct scan *scan, const struct lvm_pvs *pvs,
						      struct lvm_text metadata);

/* Where a stripe begins, in bytes of a physical volume. */
struct lvm_stripe {
	struct source *source;
	uint64_t offset;
};

/* A stretch of a logical volume, dealt out to its stripes in chunks. */
struct lvm_segment {
	uint64_t offset; /* bytes from the logical volume's beginning */
	uint64_t len;
	uint64_t chunk; /* bytes; not 0 */
	unsigned int nr_stripes; /* not 0 */
	struct lvm_stripe *stripes;
};

/* Puts a logical volume together: its segments, which the arena holds, follow each other without a gap. NULL: the
 * arena is full. */
__attribute__((warn_unused_result)) struct source *lvm_logical(struct arena *arena, const struct lvm_segment *segments,
							       unsigned int nr_segments, const char *name);

#endif
