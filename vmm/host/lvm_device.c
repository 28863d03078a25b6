#include "vmm/host/lvm_device.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vmm/base/fd.h"

#define UUID_START "LVM-"
#define UUID_CHARACTERS 64 /* the group's and the volume's, 32 each */

bool lvm_uuid_is_volume(const char *uuid)
{
	size_t nr = 0;

	if (strncmp(uuid, UUID_START, strlen(UUID_START)) != 0)
		return false;
	for (uuid += strlen(UUID_START); isalnum((unsigned char)*uuid); uuid++)
		nr++;
	return nr == UUID_CHARACTERS && *uuid == '\0';
}

/* The one line of an attribute of a device-mapper device. */
static bool read_attribute(dev_t device, const char *attribute, char *out, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/dm/%s", major(device), minor(device), attribute);
	return fd_read_line(path, out, size) == 0;
}

/* The node may be a stale one: it is the device behind it that counts. */
static bool is_volume(const char *path, const char *dm_name, dev_t *device)
{
	char name[LVM_DM_NAME_BYTES], uuid[160];
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return false;
	*device = st.st_rdev;
	return read_attribute(st.st_rdev, "name", name, sizeof(name)) && strcmp(name, dm_name) == 0 &&
	       read_attribute(st.st_rdev, "uuid", uuid, sizeof(uuid)) && lvm_uuid_is_volume(uuid);
}

int lvm_device_find(const struct lvm_name *name, char path[LVM_PATH_BYTES])
{
	char dm_name[LVM_DM_NAME_BYTES], suspended[8];
	dev_t device;

	lvm_name_to_dm(name, dm_name);
	snprintf(path, LVM_PATH_BYTES, "/dev/%s/%s", name->vg, name->lv);
	if (!is_volume(path, dm_name, &device)) {
		snprintf(path, LVM_PATH_BYTES, "/dev/mapper/%s", dm_name);
		if (!is_volume(path, dm_name, &device))
			return -ENOENT;
	}
	if (read_attribute(device, "suspended", suspended, sizeof(suspended)) && strcmp(suspended, "1") == 0)
		return -EBUSY;
	return 0;
}

bool lvm_device_any_snapshot(const char *vg)
{
	struct lvm_name prefix = { .lv = LVM_SNAPSHOT_NAME_START };
	char dm_name[LVM_DM_NAME_BYTES];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(prefix.vg, sizeof(prefix.vg), "%s", vg);
	lvm_name_to_dm(&prefix, dm_name);
	dir = opendir("/dev/mapper");
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)) != NULL)
		found = strncmp(entry->d_name, dm_name, strlen(dm_name)) == 0;
	closedir(dir);
	return found;
}
