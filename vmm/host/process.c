#include "vmm/host/process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/base/fd.h"

int process_each(process_found found, void *arg)
{
	struct dirent *entry;
	DIR *folder;

	folder = opendir("/proc");
	if (!folder)
		return -errno;
	while ((entry = readdir(folder)) != NULL) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && pid > 0)
			found(arg, (pid_t)pid);
	}
	closedir(folder);
	return 0;
}

pid_t process_parent(pid_t pid)
{
	char path[32], text[1024] = "";
	const char *at;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return 0;
	/* proc(5): the name, in brackets, may hold anything; then come the state and the parent. */
	at = strrchr(text, ')');
	if (!at || strlen(at) < 5)
		return 0;
	return (pid_t)strtol(at + 4, NULL, 10);
}

static bool in_our_network(pid_t pid)
{
	struct stat own, its;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%ld/ns/net", (long)pid);
	return stat("/proc/self/ns/net", &own) == 0 && stat(path, &its) == 0 && own.st_dev == its.st_dev &&
	       own.st_ino == its.st_ino;
}

/* Arguments are strings with a NUL after each; `end` is where the last has its own. */
static const char *find_argument(const char *at, const char *end, const char *start)
{
	for (; at < end; at += strlen(at) + 1) {
		if (strncmp(at, start, strlen(start)) == 0)
			return at + strlen(start);
	}
	return NULL;
}

bool process_argument(pid_t pid, const char *program, const char *start, char *rest, size_t size)
{
	char path[32], text[4096] = "";
	const char *name, *found;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return false;
	name = strrchr(text, '/');
	if (strcmp(name ? name + 1 : text, program) != 0)
		return false;
	/* What follows the last argument are the buffer's zeros. */
	found = find_argument(text + strlen(text) + 1, text + sizeof(text), start);
	if (!found || !in_our_network(pid))
		return false;
	snprintf(rest, size, "%s", found);
	return true;
}
