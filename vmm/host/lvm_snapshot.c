#include "vmm/host/lvm_snapshot.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "vmm/base/log.h"
#include "vmm/host/lvm.h"
#include "vmm/host/lvm_leftovers.h"
#include "vmm/host/owner.h"

#define VM_NAME_CHARACTERS 24
#define NODE_TRIES 200
#define NODE_PAUSE_MS 10

uint64_t lvm_snapshot_default_size(uint64_t origin_bytes)
{
	uint64_t size = origin_bytes / 5;

	if (size < LVM_SNAPSHOT_MIN_BYTES)
		size = LVM_SNAPSHOT_MIN_BYTES;
	return size < origin_bytes ? size : origin_bytes;
}

void lvm_snapshot_remove_words(const struct lvm_name *name, const char *label, char select[LVM_SELECT_BYTES],
			       const char *argv[LVM_REMOVE_WORDS])
{
	unsigned int nr = 0;

	/* By name and by tag: should the name be somebody else's by then, nothing is removed, and that is no error. */
	snprintf(select, LVM_SELECT_BYTES, "lv_name=\"%s\" && lv_tags={\"" LVM_OWNER_TAG "%s\"}", name->lv, label);
	argv[nr++] = "lvremove";
	argv[nr++] = "--quiet";
	argv[nr++] = "--yes";
	argv[nr++] = "--select";
	argv[nr++] = select;
	argv[nr++] = name->vg;
	argv[nr] = NULL;
}

/* A name that nobody has: characters of a VM's name that could make it one of LVM's reserved names become hyphens. */
static int choose_name(const struct lvm_snapshot_request *request, struct lvm_name *name)
{
	const char *vm_name = request->vm_name;
	unsigned char random[3];
	char vm[VM_NAME_CHARACTERS + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	/* The default of a VM's name begins like the snapshot's. */
	if (strncmp(vm_name, LVM_SNAPSHOT_NAME_START, strlen(LVM_SNAPSHOT_NAME_START)) == 0)
		vm_name += strlen(LVM_SNAPSHOT_NAME_START);
	snprintf(vm, sizeof(vm), "%s", vm_name);
	for (char *at = vm; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at) && *at != '.')
			*at = '-';
	}
	memcpy(name->vg, request->origin.vg, sizeof(name->vg));
	snprintf(name->lv, sizeof(name->lv), LVM_SNAPSHOT_NAME_START "%s-%02x%02x%02x", vm, random[0], random[1],
		 random[2]);
	return 0;
}

static int check_origin(const struct lvm_snapshot_request *request, const struct lvm_volume *origin, bool thin)
{
	int rc = lvm_check_kind(origin, "make a snapshot of");

	if (rc < 0)
		return rc;
	if (tolower((unsigned char)origin->attr[LVM_ATTR_TYPE]) == 's') {
		log_error(
			"cannot make a snapshot of 'lvm:%s/%s': it is a snapshot itself, and not a thin one; name its "
			"origin, lvm:%s/%s",
			origin->vg, origin->name, origin->vg, origin->origin);
		return -ENOTSUP;
	}
	if (thin && request->size_bytes > 0) {
		log_error(
			"cannot make a snapshot of 'lvm:%s/%s': it is thin, so its snapshot takes space from the pool "
			"'%s' as it needs it; leave snapshot-size out",
			origin->vg, origin->name, origin->pool);
		return -EINVAL;
	}
	return 0;
}

static int explain_no_janitor(const struct lvm_volume *origin)
{
	log_error("cannot make a snapshot of 'lvm:%s/%s': the process that is to remove it again is gone", origin->vg,
		  origin->name);
	return -EPIPE;
}

static int create(const struct lvm_snapshot_request *request, const struct lvm_volume *origin, bool thin,
		  const struct lvm_name *name)
{
	char label[OWNER_BYTES], tag[sizeof(LVM_OWNER_TAG) + OWNER_BYTES], size[32], path[2 * LVM_NAME_BYTES];
	char select[LVM_SELECT_BYTES], complaint[HOST_JANITOR_COMPLAINT_BYTES];
	const char *undo[LVM_REMOVE_WORDS];
	/* A thin snapshot is made not to be activated unless told so. */
	const char *const make[] = { "lvcreate",
				     "--quiet",
				     "--yes",
				     "--snapshot",
				     "--name",
				     name->lv,
				     "--addtag",
				     LVM_SNAPSHOT_TAG,
				     "--addtag",
				     tag,
				     thin ? "--setactivationskip" : "--size",
				     thin ? "n" : size,
				     "--activate",
				     "y",
				     path,
				     NULL };
	uint64_t bytes = request->size_bytes > 0 ? request->size_bytes : lvm_snapshot_default_size(origin->size_bytes);
	int rc;

	rc = owner_describe(host_janitor_pid(request->janitor), label);
	if (rc < 0)
		return explain_no_janitor(origin);
	snprintf(tag, sizeof(tag), LVM_OWNER_TAG "%s", label);
	snprintf(path, sizeof(path), "%s/%s", origin->vg, origin->name);
	snprintf(size, sizeof(size), "%llub", (unsigned long long)bytes);
	lvm_snapshot_remove_words(name, label, select, undo);
	rc = host_janitor_make(request->janitor, make, undo, complaint);
	if (rc == -EPIPE)
		return explain_no_janitor(origin);
	if (rc < 0 || (rc > 0 && complaint[0] == '\0'))
		snprintf(complaint, sizeof(complaint), "%s", rc < 0 ? strerror(-rc) : "lvcreate does not say why");
	if (rc != 0)
		log_error("cannot make a snapshot of 'lvm:%s/%s': %s", origin->vg, origin->name, complaint);
	return rc > 0 ? -EIO : rc;
}

/* The node is made by udev, which LVM usually waits for. */
static int wait_for_device(const struct lvm_name *name, char path[LVM_PATH_BYTES])
{
	const struct timespec pause = { .tv_nsec = NODE_PAUSE_MS * 1000000L };
	int rc = lvm_device_find(name, path);

	for (unsigned int tries = 0; rc < 0 && tries < NODE_TRIES; tries++) {
		nanosleep(&pause, NULL);
		rc = lvm_device_find(name, path);
	}
	if (rc < 0)
		log_error("the snapshot %s/%s was made, but has no device node: is udev running?", name->vg, name->lv);
	return rc;
}

int lvm_snapshot_make(const struct lvm_snapshot_request *request, char path[LVM_PATH_BYTES])
{
	const struct lvm_volume *origin;
	struct lvm_report report;
	struct lvm_name name;
	bool thin;
	int rc;

	rc = lvm_look_up(&request->origin, "make a snapshot of", &report, &origin);
	if (rc < 0)
		return rc;
	lvm_leftovers_mention(&report, &request->origin);
	thin = origin->attr[LVM_ATTR_TYPE] == 'V';
	rc = check_origin(request, origin, thin);
	if (rc == 0)
		rc = choose_name(request, &name);
	if (rc == 0)
		rc = create(request, origin, thin, &name);
	if (rc == 0)
		rc = wait_for_device(&name, path);
	if (rc == 0)
		log_info("%s snapshot %s/%s of %s/%s is made for this run", thin ? "thin" : "classic", name.vg, name.lv,
			 origin->vg, origin->name);
	lvm_report_free(&report);
	return rc;
}
