#include "vmm/machine/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The kernel's own messages; udev sends others, with a header, to group 2. */
#define KERNEL_GROUP 1

/* The value of `name`, which ends with '=', or NULL. `message` ends with NUL. */
static const char *value_of(const char *message, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (const char *at = message; at < message + len; at += strlen(at) + 1) {
		if (strncmp(at, name, name_len) == 0)
			return at + name_len;
	}
	return NULL;
}

static bool parse_number(const char *text, unsigned int *number)
{
	unsigned long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || value > 0xffffffff)
		return false;
	*number = (unsigned int)value;
	return true;
}

bool uevent_is_disk_change(const char *message, size_t len, dev_t *device)
{
	const char *action, *subsystem;
	unsigned int major_number, minor_number;

	if (len == 0 || message[len - 1] != '\0')
		return false;
	action = value_of(message, len, "ACTION=");
	subsystem = value_of(message, len, "SUBSYSTEM=");
	if (!action || strcmp(action, "change") != 0 || !subsystem || strcmp(subsystem, "block") != 0)
		return false;
	if (!parse_number(value_of(message, len, "MAJOR="), &major_number) ||
	    !parse_number(value_of(message, len, "MINOR="), &minor_number))
		return false;
	*device = makedev(major_number, minor_number);
	return true;
}

int uevent_open(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int rc;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

ssize_t uevent_receive(int fd, char *message, size_t size)
{
	struct sockaddr_nl sender = { 0 };
	socklen_t sender_len = sizeof(sender);
	ssize_t n = recvfrom(fd, message, size, 0, (struct sockaddr *)&sender, &sender_len);

	if (n < 0)
		return -errno;
	/* Other processes can send here too; the kernel's port is 0. */
	return sender_len == sizeof(sender) && sender.nl_pid == 0 && sender.nl_groups == KERNEL_GROUP ? n : 0;
}
