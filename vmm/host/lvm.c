#include "vmm/host/lvm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/host/command.h"

#define LIST_BYTES 240
#define LVM_STATUS_FAILED 5 /* what LVM's tools exit with when they could not do it */

/* Appends ", NAME" to a list for a message, or ", ..." where there is no more room. */
static void list_append(char list[LIST_BYTES], const char *name)
{
	size_t len = strlen(list);

	if (len >= 3 && strcmp(list + len - 3, "...") == 0)
		return;
	if (len + 2 + strlen(name) + 5 >= LIST_BYTES)
		name = "...";
	snprintf(list + len, LIST_BYTES - len, "%s%s", len > 0 ? ", " : "", name);
}

static int explain_failure(const struct lvm_name *name, const char *purpose, int rc, const char *complaint)
{
	if (rc == -ENOENT) {
		log_error("cannot %s 'lvm:%s/%s': LVM's tools are not installed: apt-get install lvm2", purpose,
			  name->vg, name->lv);
		return -ENOENT;
	}
	log_error("cannot %s 'lvm:%s/%s': LVM does not answer: %s", purpose, name->vg, name->lv,
		  complaint[0] != '\0' ? complaint
		  : rc < 0	       ? strerror(-rc)
				       : "it does not say why; try 'lvs'");
	return -EIO;
}

static void explain_missing_group(const struct lvm_name *name, const char *purpose)
{
	static const char *const argv[] = { "vgs", "--noheadings", "--reportformat", "basic", "--options", "vg_name",
					    NULL };
	char names[4096] = "", list[LIST_BYTES] = "", *rest = names, *line;
	const struct command vgs = { .argv = argv, .timeout_ms = 60000, .out = names, .out_size = sizeof(names) };

	/* More groups than fit are no reason to list none. */
	(void)!command_run(&vgs);
	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " ");
		line[strcspn(line, " ")] = '\0';
		if (line[0] != '\0')
			list_append(list, line);
	}
	if (list[0] != '\0')
		log_error("cannot %s 'lvm:%s/%s': there is no volume group '%s'; there is: %s", purpose, name->vg,
			  name->lv, name->vg, list);
	else
		log_error("cannot %s 'lvm:%s/%s': this host has no volume group; 'pvs' lists its physical volumes",
			  purpose, name->vg, name->lv);
}

static int explain_missing_volume(const struct lvm_name *name, const char *purpose, const struct lvm_report *report)
{
	char list[LIST_BYTES] = "";

	for (unsigned int i = 0; i < report->nr_volumes; i++) {
		if (!report->volumes[i].hidden && strcmp(report->volumes[i].vg, name->vg) == 0)
			list_append(list, report->volumes[i].name);
	}
	log_error("cannot %s 'lvm:%s/%s': the volume group has no volume '%s'; there is: %s", purpose, name->vg,
		  name->lv, name->lv, list[0] != '\0' ? list : "none");
	return -ENOENT;
}

int lvm_look_up(const struct lvm_name *name, const char *purpose, struct lvm_report *report,
		const struct lvm_volume **volume)
{
	char complaint[LVM_COMPLAINT_BYTES];
	int rc;

	if (geteuid() != 0) {
		log_error("cannot %s 'lvm:%s/%s': LVM answers to root only; run as root", purpose, name->vg, name->lv);
		return -EPERM;
	}
	rc = lvm_report_read(name->vg, report, complaint);
	if (rc == LVM_STATUS_FAILED && strstr(complaint, "not found")) {
		explain_missing_group(name, purpose);
		return -ENOENT;
	}
	if (rc != 0)
		return explain_failure(name, purpose, rc, complaint);
	*volume = lvm_report_find(report, name->vg, name->lv);
	if (*volume)
		return 0;
	rc = explain_missing_volume(name, purpose, report);
	lvm_report_free(report);
	return rc;
}

int lvm_check_kind(const struct lvm_volume *volume, const char *purpose)
{
	const char *vg = volume->vg, *lv = volume->name;

	if (strchr("td", volume->attr[LVM_ATTR_TYPE])) {
		log_error("cannot %s 'lvm:%s/%s': it is a %s pool; name a volume in it, or make one (lvcreate -V)",
			  purpose, vg, lv, volume->attr[LVM_ATTR_TYPE] == 't' ? "thin" : "VDO");
		return -ENOTSUP;
	}
	if (volume->hidden) {
		log_error("cannot %s 'lvm:%s/%s': it is a part of another volume; name that one", purpose, vg, lv);
		return -ENOTSUP;
	}
	switch (volume->attr[LVM_ATTR_STATE]) {
	case '-':
	case 'a':
	case 'h':
		return 0;
	case 's':
		log_error("cannot %s 'lvm:%s/%s': it is suspended; resume it: lvchange --refresh %s/%s", purpose, vg,
			  lv, vg, lv);
		return -EBUSY;
	case 'I':
	case 'S':
		log_error("cannot %s 'lvm:%s/%s': it is a snapshot that ran full and is lost; remove it: lvremove "
			  "%s/%s",
			  purpose, vg, lv, vg, lv);
		return -EIO;
	default:
		log_error("cannot %s 'lvm:%s/%s': LVM reports it as '%s', not as active; see: lvs -a -o "
			  "+lv_health_status %s/%s",
			  purpose, vg, lv, volume->attr, vg, lv);
		return -EIO;
	}
}

/* Why an existing volume has no device that can be opened. */
static int explain_no_device(const struct lvm_volume *volume)
{
	int rc = lvm_check_kind(volume, "open disk");

	if (rc < 0)
		return rc;
	if (volume->attr[LVM_ATTR_STATE] == 'a')
		log_error("cannot open disk 'lvm:%s/%s': it is active, but has no device node: vgscan --mknodes (in a "
			  "container, pass its device in)",
			  volume->vg, volume->name);
	else
		log_error("cannot open disk 'lvm:%s/%s': it is not active; activate it: lvchange -ay %s/%s", volume->vg,
			  volume->name, volume->vg, volume->name);
	return -ENXIO;
}

int lvm_open_path(const struct lvm_name *name, char path[LVM_PATH_BYTES])
{
	const struct lvm_volume *volume = NULL;
	struct lvm_report report;
	int rc;

	rc = lvm_device_find(name, path);
	if (rc == 0)
		return 0;
	if (rc == -EBUSY) {
		log_error("cannot open disk 'lvm:%s/%s': it is suspended; resume it: lvchange --refresh %s/%s",
			  name->vg, name->lv, name->vg, name->lv);
		return rc;
	}
	if (geteuid() != 0) {
		log_error(
			"cannot open disk 'lvm:%s/%s': it has no device /dev/%s/%s, and LVM answers to root only; run "
			"as root, or have it made active",
			name->vg, name->lv, name->vg, name->lv);
		return -EPERM;
	}
	rc = lvm_look_up(name, "open disk", &report, &volume);
	if (rc < 0)
		return rc;
	rc = explain_no_device(volume);
	lvm_report_free(&report);
	return rc;
}
