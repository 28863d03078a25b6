#include "vmm/host/owner.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/fd.h"

#define BOOT_ID_DIGITS 32

/* The boot's UUID without its hyphens. */
static int read_boot_id(char id[BOOT_ID_DIGITS + 1])
{
	char text[64] = "";
	unsigned int nr = 0;
	int rc = fd_read_text("/proc/sys/kernel/random/boot_id", text, sizeof(text));

	if (rc < 0)
		return rc;
	for (const char *at = text; *at != '\0' && nr < BOOT_ID_DIGITS; at++) {
		if (isxdigit((unsigned char)*at))
			id[nr++] = *at;
	}
	id[nr] = '\0';
	return nr == BOOT_ID_DIGITS ? 0 : -ENODATA;
}

/* Takes `before` and the decimal number after it off the text. */
static bool take_number(const char **at, const char *before, unsigned long long *number)
{
	size_t len = strlen(before);
	char *end;

	if (strncmp(*at, before, len) != 0 || !isdigit((unsigned char)(*at)[len]))
		return false;
	errno = 0;
	*number = strtoull(*at + len, &end, 10);
	*at = end;
	return errno == 0;
}

/* The inode number in the link's text, "pid:[4026531836]". */
static int read_pid_namespace(unsigned long long *inode)
{
	char text[64];
	const char *at = text;
	ssize_t n = readlink("/proc/self/ns/pid", text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return take_number(&at, "pid:[", inode) ? 0 : -ENODATA;
}

#define STAT_START_FIELD 22

/* Fields 3 (state) and 22 (start time in clock ticks since boot) of proc(5)'s stat. Field 2, the name, is in brackets
 * and may hold anything, brackets included. */
static int read_start(pid_t pid, char *state, unsigned long long *start)
{
	char path[32], text[1024] = "";
	const char *at;
	int rc;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	rc = fd_read_text(path, text, sizeof(text));
	if (rc < 0)
		return rc;
	at = strrchr(text, ')');
	if (!at || at[1] != ' ' || at[2] == '\0')
		return -ENODATA;
	*state = at[2];
	for (unsigned int field = 2; at && field < STAT_START_FIELD - 1; field++)
		at = strchr(at + 1, ' ');
	return at && take_number(&at, " ", start) ? 0 : -ENODATA;
}

int owner_describe(pid_t pid, char label[OWNER_BYTES])
{
	unsigned long long namespace = 0, start = 0;
	char boot[BOOT_ID_DIGITS + 1], state;
	int rc;

	rc = read_boot_id(boot);
	if (rc == 0)
		rc = read_pid_namespace(&namespace);
	if (rc == 0)
		rc = read_start(pid, &state, &start);
	if (rc == 0)
		snprintf(label, OWNER_BYTES, "%s:%llu:%ld:%llu", boot, namespace, (long)pid, start);
	return rc;
}

enum owner_state owner_state(const char *label)
{
	unsigned long long namespace, pid, start, own_namespace = 0, start_now = 0;
	const char *at = label + BOOT_ID_DIGITS;
	char own_boot[BOOT_ID_DIGITS + 1], state = 'X';
	int rc;

	if (strspn(label, "0123456789abcdef") != BOOT_ID_DIGITS || !take_number(&at, ":", &namespace) ||
	    !take_number(&at, ":", &pid) || !take_number(&at, ":", &start) || *at != '\0' || pid == 0 ||
	    pid > INT_MAX || read_boot_id(own_boot) < 0)
		return OWNER_UNKNOWN;
	if (memcmp(label, own_boot, BOOT_ID_DIGITS) != 0)
		return OWNER_GONE;
	if (read_pid_namespace(&own_namespace) < 0 || namespace != own_namespace)
		return OWNER_UNKNOWN;
	rc = read_start((pid_t)pid, &state, &start_now);
	if (rc == -ENOENT || rc == -ESRCH)
		return OWNER_GONE;
	if (rc < 0)
		return OWNER_UNKNOWN;
	return start_now == start && state != 'Z' && state != 'X' ? OWNER_ALIVE : OWNER_GONE;
}
