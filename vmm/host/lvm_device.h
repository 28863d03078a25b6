/* The device of an active logical volume, found without running a program: what device-mapper says of it in sysfs. */
#ifndef VMM_HOST_LVM_DEVICE_H
#define VMM_HOST_LVM_DEVICE_H

#include <stdbool.h>

#include "vmm/host/lvm_name.h"

#define LVM_PATH_BYTES (LVM_DM_NAME_BYTES + 16)

/* Writes the path of the volume's device, /dev/VG/LV or /dev/mapper/NAME, once device-mapper has confirmed that it is
 * that volume and no hidden part of one. 0; -ENOENT if it has no such device, so is not active or not there; -EBUSY if
 * it is suspended. Logs nothing. Any thread. */
__attribute__((warn_unused_result)) int lvm_device_find(const struct lvm_name *name, char path[LVM_PATH_BYTES]);

/* Whether a device-mapper UUID is that of a volume which LVM shows: "LVM-" and the UUIDs of group and volume. Hidden
 * parts, and what LVM keeps others from using, have a suffix. */
bool lvm_uuid_is_volume(const char *uuid);

/* Whether any device of the group `vg` has a name that mote gives to snapshots. */
bool lvm_device_any_snapshot(const char *vg);

#endif
