/* Snapshots that nobody will remove any more: mote and its janitor were both killed, or the host went down. */
#ifndef VMM_HOST_LVM_LEFTOVERS_H
#define VMM_HOST_LVM_LEFTOVERS_H

#include <stdbool.h>

#include "vmm/host/lvm_name.h"
#include "vmm/host/lvm_report.h"

/* Whether a volume was made by mote for one run, is open nowhere, and the process that was to remove it is gone. */
bool lvm_is_leftover(const struct lvm_volume *volume);

/* Calls `found` for every leftover of this host. 0, or the errors of lvm_report_read(), with no line logged: -ENOENT
 * where LVM is not installed. Root only: -EPERM. Any thread. */
typedef void (*lvm_leftover_found)(void *arg, const struct lvm_volume *volume);
__attribute__((warn_unused_result)) int lvm_leftovers_each(lvm_leftover_found found, void *arg);

/* Removes a leftover. 0, or a negative errno with the reason, one line, in `complaint` (LVM_COMPLAINT_BYTES). */
__attribute__((warn_unused_result)) int lvm_leftover_remove(const struct lvm_volume *volume, char *complaint);

/* Logs a warning for each leftover of `origin` in a report on its group. */
void lvm_leftovers_mention(const struct lvm_report *report, const struct lvm_name *origin);

/* The same without a report: LVM is asked only if its group has an active snapshot of mote's. */
void lvm_leftovers_look(const struct lvm_name *origin);

#endif
