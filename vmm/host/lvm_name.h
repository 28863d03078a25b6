/* Names of logical volumes, by LVM's rules (lvm(8), VALID NAMES), so that no name that a user gives can be an option,
 * a path or a pattern of LVM's tools. */
#ifndef VMM_HOST_LVM_NAME_H
#define VMM_HOST_LVM_NAME_H

#include <stdbool.h>

#define LVM_NAME_BYTES 128 /* of a volume group's or a logical volume's name, with its NUL */
#define LVM_DM_NAME_BYTES 512 /* of device-mapper's name for it, in which each hyphen is doubled */

#define LVM_SNAPSHOT_NAME_START "mote-" /* how the names of mote's own snapshots begin */

struct lvm_name {
	char vg[LVM_NAME_BYTES];
	char lv[LVM_NAME_BYTES];
};

/* Whether `text` is "VG/LV" with names that LVM permits, those it keeps for itself included. Says nothing. Any thread.
 */
bool lvm_name_is_permitted(const char *text);

/* Splits "VG/LV". On failure logs one line and returns -EINVAL. Any thread. */
__attribute__((warn_unused_result)) int lvm_name_parse(const char *text, struct lvm_name *out);

/* The name of the volume's device-mapper device, "VG-LV" with the hyphens of either doubled. */
void lvm_name_to_dm(const struct lvm_name *name, char dm[LVM_DM_NAME_BYTES]);

#endif
