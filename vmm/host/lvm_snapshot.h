/* A snapshot of a logical volume that lives as long as one run of a VM. */
#ifndef VMM_HOST_LVM_SNAPSHOT_H
#define VMM_HOST_LVM_SNAPSHOT_H

#include <stdint.h>

#include "vmm/host/janitor.h"
#include "vmm/host/lvm_device.h"
#include "vmm/host/lvm_name.h"

/* The tags that tell mote's snapshots, "mote-VM-XXXXXX", from the user's volumes. */
#define LVM_SNAPSHOT_TAG "mote.snapshot"
#define LVM_OWNER_TAG "mote.owner=" /* the label of the janitor that will remove it (owner.h) */

/* What a classic snapshot gets for the blocks that change, if nothing else was asked for: a fifth of its origin, but
 * at least LVM_SNAPSHOT_MIN_BYTES, and never more than the origin. */
#define LVM_SNAPSHOT_MIN_BYTES (UINT64_C(256) << 20)
uint64_t lvm_snapshot_default_size(uint64_t origin_bytes);

struct lvm_snapshot_request {
	struct lvm_name origin;
	uint64_t size_bytes; /* 0: the default. For classic snapshots only: thin ones share their pool's space */
	const char *vm_name; /* becomes part of the snapshot's name */
	struct host_janitor *janitor; /* makes it and will remove it */
};

/* Makes the snapshot, thin if its origin is, and writes the path of its device. The origin may be in use, mounted too:
 * the snapshot is what a power failure at that moment would have left. Mentions snapshots of the same origin that
 * earlier runs left behind.
 *
 * 0, or after one logged line an error of lvm_open_path(), or -EINVAL (a size for a thin snapshot), -EIO (LVM refused,
 * as for want of space; the line says why), -EPIPE (the janitor is gone). The thread that the janitor serves. */
__attribute__((warn_unused_result)) int lvm_snapshot_make(const struct lvm_snapshot_request *request,
							  char path[LVM_PATH_BYTES]);

/* Writes the words that remove the snapshot `name` if, and only if, it has the tag LVM_OWNER_TAG `label`. `select` and
 * the names keep what `argv` points at. */
#define LVM_SELECT_BYTES 320
#define LVM_REMOVE_WORDS 8
void lvm_snapshot_remove_words(const struct lvm_name *name, const char *label, char select[LVM_SELECT_BYTES],
			       const char *argv[LVM_REMOVE_WORDS]);

#endif
