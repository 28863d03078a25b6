/* Logical volumes as disks: from a name to a device, or to the reason why not. */
#ifndef VMM_HOST_LVM_H
#define VMM_HOST_LVM_H

#include "vmm/host/lvm_device.h"
#include "vmm/host/lvm_name.h"
#include "vmm/host/lvm_report.h"

/* Writes the path of the volume's device. An active volume costs no program run. A volume that is not active is not
 * activated, since on shared storage that may be another host's to do: the line that is logged says how.
 *
 * 0, or after one logged line -ENOENT (no such group or volume, LVM's tools are not there), -EPERM (LVM answers to root
 * only), -ENXIO (not active), -ENOTSUP (a pool, or a part of another volume), -EBUSY (suspended), -EIO (a snapshot that
 * ran full, a volume with missing parts, or LVM failed). Any thread. */
__attribute__((warn_unused_result)) int lvm_open_path(const struct lvm_name *name, char path[LVM_PATH_BYTES]);

/* Reads the report on the group `name->vg`, and finds the volume in it. `purpose` begins the line that is logged on
 * failure: "open disk". Errors as lvm_open_path(). The report is the caller's on success. */
__attribute__((warn_unused_result)) int lvm_look_up(const struct lvm_name *name, const char *purpose,
						    struct lvm_report *report, const struct lvm_volume **volume);

/* Whether a volume can be a disk or a snapshot's origin at all: 0 or, after one logged line, an error as
 * lvm_open_path(). It may be inactive. */
__attribute__((warn_unused_result)) int lvm_check_kind(const struct lvm_volume *volume, const char *purpose);

#endif
