#include "vmm/host/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/fd.h"

int setting_path(const char *family, const char *interface, const char *name, char path[SETTING_PATH_BYTES])
{
	int n = snprintf(path, SETTING_PATH_BYTES, "/proc/sys/net/%s/conf/%s/%s", family, interface, name);

	return n < SETTING_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int setting_write(const char *path, const char *value)
{
	int fd, rc;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fd_write_full(fd, value, strlen(value));
	fd_close(&fd);
	return rc;
}

long setting_read(const char *path, long missing)
{
	char text[32];

	return fd_read_text(path, text, sizeof(text)) < 0 ? missing : strtol(text, NULL, 10);
}
