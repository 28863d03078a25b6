/* What VMs left on this host that were killed together with their janitor: snapshots of logical volumes. */
#include <errno.h>
#include <stdio.h>

#include "vmm/host/lvm_leftovers.h"
#include "vmm/lib/doctor.h"

static const char subject[] = "leftovers";

struct search {
	struct doctor *doctor;
	unsigned int nr_found;
};

/* Says why nothing was looked at, or that there was nothing. */
static void conclude(const struct search *search, int rc, enum mote_verdict without_root)
{
	if (rc == -EPERM)
		doctor_find(search->doctor, without_root, subject, without_root == MOTE_OK ? NULL : "run this as root",
			    "not looked for: LVM answers to root only");
	else if (rc < 0)
		doctor_find(search->doctor, MOTE_OK, subject, NULL, "none: there is no LVM here that answers");
	else if (search->nr_found == 0)
		doctor_find(search->doctor, MOTE_OK, subject, NULL, "none");
}

static void show(void *arg, const struct lvm_volume *volume)
{
	struct search *search = arg;
	char remedy[512];

	search->nr_found++;
	snprintf(remedy, sizeof(remedy), "remove it: lvremove -y %s/%s (or all: mote doctor --remove-leftovers)",
		 volume->vg, volume->name);
	doctor_find(search->doctor, MOTE_DEGRADED, subject, remedy,
		    "%s/%s is a snapshot of %s, made for a VM that is gone", volume->vg, volume->name, volume->origin);
}

void doctor_check_leftovers(struct doctor *doctor)
{
	struct search search = { .doctor = doctor };

	conclude(&search, lvm_leftovers_each(show, &search), MOTE_OK);
}

static void remove_one(void *arg, const struct lvm_volume *volume)
{
	struct search *search = arg;
	char complaint[LVM_COMPLAINT_BYTES], remedy[512];

	search->nr_found++;
	if (lvm_leftover_remove(volume, complaint) == 0) {
		doctor_find(search->doctor, MOTE_OK, subject, NULL, "removed %s/%s, a snapshot of %s", volume->vg,
			    volume->name, volume->origin);
		return;
	}
	snprintf(remedy, sizeof(remedy), "see what holds it: lvs -o +lv_device_open %s/%s", volume->vg, volume->name);
	doctor_find(search->doctor, MOTE_DEGRADED, subject, remedy, "%s/%s can't be removed: %s", volume->vg,
		    volume->name, complaint);
}

enum mote_verdict mote_remove_leftovers(void (*report)(void *arg, const struct mote_finding *finding), void *arg)
{
	struct doctor doctor = { .report = report, .arg = arg, .worst = MOTE_OK };
	struct search search = { .doctor = &doctor };

	conclude(&search, lvm_leftovers_each(remove_one, &search), MOTE_DEGRADED);
	return doctor.worst;
}
