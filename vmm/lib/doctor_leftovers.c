/* What VMs left on this host that were killed together with their janitor: snapshots of logical volumes, and what
 * networks were made of. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/host/lvm_leftovers.h"
#include "vmm/host/net_leftovers.h"
#include "vmm/lib/doctor.h"

static const char subject[] = "leftovers";

struct search {
	struct doctor *doctor;
	unsigned int nr_found;
};

/* What to do with each kind. */
struct finders {
	lvm_leftover_found volume;
	net_leftover_found net;
	enum mote_verdict without_root;
};

static void look(struct doctor *doctor, const struct finders *finders)
{
	struct search search = { .doctor = doctor };
	int volumes = lvm_leftovers_each(finders->volume, &search);
	int net = net_leftovers_each(finders->net, &search);

	if (volumes == -EPERM || net == -EPERM)
		doctor_find(doctor, finders->without_root, subject,
			    finders->without_root == MOTE_OK ? NULL : "run this as root",
			    "not looked for: LVM and nftables answer to root only");
	else if (search.nr_found == 0 && volumes < 0)
		doctor_find(doctor, MOTE_OK, subject, NULL, "none: there is no LVM here that answers");
	else if (search.nr_found == 0)
		doctor_find(doctor, MOTE_OK, subject, NULL, "none");
}

static void show_volume(void *arg, const struct lvm_volume *volume)
{
	struct search *search = arg;
	char remedy[512];

	search->nr_found++;
	snprintf(remedy, sizeof(remedy), "remove it: lvremove -y %s/%s (or all: mote doctor --remove-leftovers)",
		 volume->vg, volume->name);
	doctor_find(search->doctor, MOTE_DEGRADED, subject, remedy,
		    "%s/%s is a snapshot of %s, made for a VM that is gone", volume->vg, volume->name, volume->origin);
}

static void show_net(void *arg, const struct net_leftover *leftover)
{
	struct search *search = arg;
	char text[NET_LEFTOVER_TEXT_BYTES];

	search->nr_found++;
	net_leftover_print(leftover, text);
	doctor_find(search->doctor, MOTE_DEGRADED, subject, "remove it: mote doctor --remove-leftovers",
		    "%s was set up for a VM that is gone", text);
}

void doctor_check_leftovers(struct doctor *doctor)
{
	static const struct finders finders = { show_volume, show_net, MOTE_OK };

	look(doctor, &finders);
}

static void remove_volume(void *arg, const struct lvm_volume *volume)
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

static void remove_net(void *arg, const struct net_leftover *leftover)
{
	struct search *search = arg;
	char text[NET_LEFTOVER_TEXT_BYTES];
	int rc = net_leftover_remove(leftover);

	search->nr_found++;
	net_leftover_print(leftover, text);
	if (rc == 0)
		doctor_find(search->doctor, MOTE_OK, subject, NULL, "removed %s", text);
	else
		doctor_find(search->doctor, MOTE_DEGRADED, subject,
			    "remove it by hand: kill, nft delete table, or ip link del", "%s can't be removed: %s",
			    text, strerror(-rc));
}

enum mote_verdict mote_remove_leftovers(void (*report)(void *arg, const struct mote_finding *finding), void *arg)
{
	static const struct finders finders = { remove_volume, remove_net, MOTE_DEGRADED };
	struct doctor doctor = { .report = report, .arg = arg, .worst = MOTE_OK };

	look(&doctor, &finders);
	return doctor.worst;
}
