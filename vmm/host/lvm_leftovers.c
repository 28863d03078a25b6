#include "vmm/host/lvm_leftovers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/host/command.h"
#include "vmm/host/lvm_device.h"
#include "vmm/host/lvm_snapshot.h"
#include "vmm/host/owner.h"

#define REMOVE_TIMEOUT_MS 60000

bool lvm_is_leftover(const struct lvm_volume *volume)
{
	char label[OWNER_BYTES];

	return !volume->hidden && volume->attr[LVM_ATTR_OPEN] != 'o' &&
	       lvm_volume_has_tag(volume, LVM_SNAPSHOT_TAG, NULL, 0) &&
	       lvm_volume_has_tag(volume, LVM_OWNER_TAG, label, sizeof(label)) && owner_state(label) == OWNER_GONE;
}

int lvm_leftovers_each(lvm_leftover_found found, void *arg)
{
	char complaint[LVM_COMPLAINT_BYTES];
	struct lvm_report report;
	int rc;

	if (geteuid() != 0)
		return -EPERM;
	rc = lvm_report_read(NULL, &report, complaint);
	if (rc != 0)
		return rc < 0 ? rc : -EIO;
	for (unsigned int i = 0; i < report.nr_volumes; i++) {
		if (lvm_is_leftover(&report.volumes[i]))
			found(arg, &report.volumes[i]);
	}
	lvm_report_free(&report);
	return 0;
}

int lvm_leftover_remove(const struct lvm_volume *volume, char *complaint)
{
	char label[OWNER_BYTES] = "", select[LVM_SELECT_BYTES], err[4096] = "";
	const char *argv[LVM_REMOVE_WORDS];
	const struct command lvremove = {
		.argv = argv, .timeout_ms = REMOVE_TIMEOUT_MS, .err = err, .err_size = sizeof(err)
	};
	struct lvm_name name;
	int rc;

	snprintf(name.vg, sizeof(name.vg), "%s", volume->vg);
	snprintf(name.lv, sizeof(name.lv), "%s", volume->name);
	lvm_volume_has_tag(volume, LVM_OWNER_TAG, label, sizeof(label));
	lvm_snapshot_remove_words(&name, label, select, argv);
	rc = command_run(&lvremove);
	if (rc == 0)
		return 0;
	snprintf(complaint, LVM_COMPLAINT_BYTES, "%s", rc < 0 ? strerror(-rc) : command_complaint(err));
	return rc < 0 ? rc : -EIO;
}

void lvm_leftovers_mention(const struct lvm_report *report, const struct lvm_name *origin)
{
	for (unsigned int i = 0; i < report->nr_volumes; i++) {
		const struct lvm_volume *volume = &report->volumes[i];

		if (strcmp(volume->vg, origin->vg) == 0 && strcmp(volume->origin, origin->lv) == 0 &&
		    lvm_is_leftover(volume))
			log_warn("%s/%s is a snapshot of %s that a run of mote left behind; remove it: mote doctor "
				 "--remove-leftovers",
				 volume->vg, volume->name, origin->lv);
	}
}

void lvm_leftovers_look(const struct lvm_name *origin)
{
	char complaint[LVM_COMPLAINT_BYTES];
	struct lvm_report report;

	if (!lvm_device_any_snapshot(origin->vg) || geteuid() != 0 ||
	    lvm_report_read(origin->vg, &report, complaint) != 0)
		return;
	lvm_leftovers_mention(&report, origin);
	lvm_report_free(&report);
}
