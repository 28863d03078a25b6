/* A tap by its name, or by descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/link.h"
#include "vmm/host/neighbours.h"
#include "vmm/host/nic_kinds.h"
#include "vmm/host/tap.h"

#define WHAT_BYTES 64

static int set_mtu(const struct nic_request *request, const char *what, const struct link *link)
{
	const struct link_change change = { .mtu = request->mtu };
	int rc;

	if (request->mtu == 0 || request->mtu == link->mtu)
		return 0;
	rc = link_set(link->index, &change);
	if (rc < 0)
		log_error("net %s: cannot set the MTU of %s to %u: %s%s", what, link->name, request->mtu, strerror(-rc),
			  rc == -EPERM ? "; have root set it, and leave mtu= out" : "");
	return rc;
}

int nic_tap_open(const struct nic_request *request, struct nic *nic)
{
	const struct link_change up = { .up = true };
	struct link link, before;
	char what[WHAT_BYTES];
	bool existed;
	int rc;

	snprintf(what, sizeof(what), "tap=%s", request->name);
	existed = link_find(request->name, &before) == 0;
	rc = tap_open_or_explain(what, request->name, nic->fds, request->nr_pairs, nic->interface);
	if (rc < 0)
		return rc;
	nic->nr_fds = request->nr_pairs;
	rc = link_find(nic->interface, &link);
	if (rc < 0) {
		log_error("net %s: cannot look at the interface: %s", what, strerror(-rc));
		return rc;
	}
	rc = set_mtu(request, what, &link);
	if (rc < 0)
		return rc;
	nic->mtu = request->mtu > 0 ? request->mtu : link.mtu;
	if (!link.up && link_set(link.index, &up) < 0)
		log_warn("net %s: the interface is down, so the guest sees no link: as root, ip link set %s up", what,
			 link.name);
	if (existed)
		neighbours_warn_of_duplicate(&link, request->mac);
	else
		log_info("net %s: the tap did not exist, and is made for this run", what);
	return 0;
}

int nic_tap_fds_open(const struct nic_request *request, struct nic *nic)
{
	struct link link;
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < request->nr_pairs; i++) {
		int fd = request->fds[i];

		if (fcntl(fd, F_GETFD) < 0) {
			log_error("net tap=fd: descriptor %d is not open: pass one on, as with 'exec %d<>/dev/tap...'",
				  fd, fd);
			return -EBADF;
		}
		if (tap_examine(fd, name) < 0) {
			log_error("net tap=fd: descriptor %d is no tap with IFF_NO_PI and IFF_VNET_HDR", fd);
			return -EINVAL;
		}
		if (i > 0 && strcmp(name, nic->interface) != 0) {
			log_error("net tap=fd: descriptor %d is of %s, and %d of %s: the queues of one NIC are of one "
				  "interface",
				  request->fds[0], nic->interface, fd, name);
			return -EINVAL;
		}
		memcpy(nic->interface, name, sizeof(name));
	}
	/* It may be in another network namespace, and then nothing is known of it. */
	if (request->mtu > 0)
		nic->mtu = request->mtu;
	else if (link_find(nic->interface, &link) == 0)
		nic->mtu = link.mtu;
	for (; nic->nr_fds < request->nr_pairs; nic->nr_fds++) {
		int fd = fcntl(request->fds[nic->nr_fds], F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			int rc = -errno;

			log_error("net tap=fd: cannot copy descriptor %d: %s", request->fds[nic->nr_fds],
				  strerror(-rc));
			return rc;
		}
		nic->fds[nic->nr_fds] = fd;
	}
	return 0;
}
