#include "virtio/backend/block_busy.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vmm/base/fd.h"

/* Whether the description of `pid`'s descriptor says that it holds a lock (proc(5), fdinfo). */
static bool fdinfo_has_lock(const char *pid, const char *fd)
{
	char path[64];
	char line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, fd);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strncmp(line, "lock:", 5) == 0;
	fclose(file);
	return found;
}

static bool process_has_lock(const char *pid, const struct stat *wanted)
{
	char path[64];
	bool found = false;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		struct stat st;

		if (!isdigit((unsigned char)entry->d_name[0]) || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0)
			continue;
		found = st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino &&
			fdinfo_has_lock(pid, entry->d_name);
	}
	closedir(dir);
	return found;
}

/* The kernel doesn't say who holds an open file description lock, since many processes can share one: look for them. */
static bool describe_locker(const struct stat *wanted, char *out, size_t size)
{
	bool found = false;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (proc == NULL)
		return false;
	while (!found && (entry = readdir(proc)) != NULL) {
		char path[64];
		char command[32];

		if (!isdigit((unsigned char)entry->d_name[0]) || !process_has_lock(entry->d_name, wanted))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		if (fd_read_line(path, command, sizeof(command)) < 0)
			strcpy(command, "?");
		snprintf(out, size, "locked by %s (PID %.16s)", command, entry->d_name);
		found = true;
	}
	closedir(proc);
	return found;
}

/* Field 3 of a line of /proc/self/mountinfo is the device, field 5 the mount point. */
static bool describe_mount(dev_t device, char *out, size_t size)
{
	char wanted[32];
	char line[4096];
	bool found = false;
	FILE *file = fopen("/proc/self/mountinfo", "re");

	if (file == NULL)
		return false;
	snprintf(wanted, sizeof(wanted), "%u:%u", major(device), minor(device));
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		const char *fields[5];
		char *rest = line;
		unsigned int nr = 0;

		while (nr < 5 && (fields[nr] = strsep(&rest, " ")) != NULL)
			nr++;
		found = nr == 5 && strcmp(fields[2], wanted) == 0;
		if (found)
			snprintf(out, size, "mounted on %s", fields[4]);
	}
	fclose(file);
	return found;
}

/* Device-mapper's name for "dm-7". */
static bool read_dm_name(const char *device, char *name, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/block/%.64s/dm/name", device);
	return fd_read_line(path, name, size) == 0;
}

/* The first word of each line of /proc/swaps but the first is a file or a device that is swapped to. */
static bool describe_swap(const struct stat *wanted, char *out, size_t size)
{
	char line[4096];
	bool found = false;
	FILE *file = fopen("/proc/swaps", "re");

	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		struct stat st;

		line[strcspn(line, " \t\n")] = '\0';
		if (line[0] != '/' || stat(line, &st) < 0)
			continue;
		found = S_ISBLK(st.st_mode) ? st.st_rdev == wanted->st_rdev
					    : st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino;
	}
	fclose(file);
	if (found)
		snprintf(out, size, "used as swap space (swapoff)");
	return found;
}

/* Devices that are built on this one, such as a volume group's or a RAID's. */
static bool describe_holder(dev_t device, char *out, size_t size)
{
	char path[64];
	bool found = false;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(device), minor(device));
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		char name[160];

		if (entry->d_name[0] == '.')
			continue;
		if (read_dm_name(entry->d_name, name, sizeof(name)))
			snprintf(out, size, "part of the device /dev/mapper/%.128s", name);
		else
			snprintf(out, size, "part of the device /dev/%.64s", entry->d_name);
		found = true;
	}
	closedir(dir);
	return found;
}

void block_busy_describe(const struct stat *st, char *out, size_t size)
{
	if (S_ISBLK(st->st_mode) && (describe_mount(st->st_rdev, out, size) || describe_holder(st->st_rdev, out, size)))
		return;
	if (describe_swap(st, out, size) || describe_locker(st, out, size))
		return;
	if (S_ISBLK(st->st_mode))
		snprintf(out, size, "in use by the system (a RAID, or a mounted partition of it)");
	else
		snprintf(out, size, "locked by another process");
}
