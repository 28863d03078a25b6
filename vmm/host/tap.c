#include "vmm/host/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/host/link.h"

#define DEVICE "/dev/net/tun"
#define FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)

/* One queue. The descriptor or a negative errno. */
static int open_queue(const char *name, int flags, char actual[IFNAMSIZ])
{
	struct ifreq request = { .ifr_flags = (short)flags };
	int fd, rc;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		rc = -errno;
		fd_close(&fd);
		return rc;
	}
	memcpy(actual, request.ifr_name, IFNAMSIZ);
	actual[IFNAMSIZ - 1] = '\0';
	return fd;
}

/* A tap that exists has several queues or one, as it was made, and is opened as what it is. */
static int open_first(const char *name, unsigned int nr, char actual[IFNAMSIZ])
{
	struct link link;
	int fd = open_queue(name, nr > 1 ? FLAGS | IFF_MULTI_QUEUE : FLAGS, actual);

	if (fd != -EINVAL)
		return fd;
	if (nr == 1)
		return open_queue(name, FLAGS | IFF_MULTI_QUEUE, actual);
	return link_find(name, &link) == 0 && strcmp(link.kind, "tun") == 0 ? -E2BIG : -EINVAL;
}

int tap_open(const char *name, int *fds, unsigned int nr, char actual[IFNAMSIZ])
{
	unsigned int opened = 1;
	char again[IFNAMSIZ];
	int rc;

	rc = open_first(name, nr, actual);
	if (rc < 0)
		return rc;
	fds[0] = rc;
	for (; opened < nr; opened++) {
		rc = open_queue(actual, FLAGS | IFF_MULTI_QUEUE, again);
		if (rc < 0)
			goto close_queues;
		fds[opened] = rc;
	}
	return 0;

close_queues:
	while (opened > 0)
		fd_close(&fds[--opened]);
	return rc;
}

int tap_examine(int fd, char name[IFNAMSIZ])
{
	struct ifreq request = { 0 };

	/* Of a macvtap's descriptor too. */
	if (ioctl(fd, TUNGETIFF, &request) < 0 || (request.ifr_flags & FLAGS) != FLAGS)
		return -EINVAL;
	memcpy(name, request.ifr_name, IFNAMSIZ);
	name[IFNAMSIZ - 1] = '\0';
	return 0;
}

static void explain(const char *what, const char *name, unsigned int nr, int rc)
{
	struct link link;

	switch (rc) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		log_error("net %s: there is no " DEVICE
			  ": load its module (modprobe tun), or pass the device into this "
			  "container",
			  what);
		return;
	case -EACCES:
		log_error("net %s: no permission to open " DEVICE ": chmod 0666 " DEVICE
			  ", which gives nobody more than "
			  "the taps that are theirs",
			  what);
		return;
	case -EPERM:
		if (link_find(name, &link) == 0)
			log_error("net %s: the tap %s belongs to somebody else: as root, ip link del %s; ip tuntap add "
				  "%s mode tap user USER",
				  what, name, name, name);
		else
			log_error("net %s: making a tap takes root (CAP_NET_ADMIN): have one made for you, ip tuntap "
				  "add NAME mode tap user USER, and use tap=NAME, or use user",
				  what);
		return;
	case -EBUSY:
		log_error("net %s: the tap %s is in use: another VM has it; name another", what, name);
		return;
	case -E2BIG:
		log_error(
			"net %s: the tap %s has one queue only: use queues=1, or make it anew with several, ip tuntap "
			"add %s mode tap multi_queue",
			what, name, name);
		return;
	case -EINVAL:
		log_error("net %s: the interface %s is no tap, and can't be one: name another", what, name);
		return;
	default:
		log_error("net %s: cannot open %u queue%s of the tap %s: %s", what, nr, nr == 1 ? "" : "s", name,
			  strerror(-rc));
	}
}

int tap_open_or_explain(const char *what, const char *name, int *fds, unsigned int nr, char actual[IFNAMSIZ])
{
	int rc = tap_open(name, fds, nr, actual);

	if (rc < 0)
		explain(what, name, nr, rc);
	return rc;
}
