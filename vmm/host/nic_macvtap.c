/* A macvtap interface: a station of its own on an interface of the host, whose frames pass through /dev/tapINDEX. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/host/janitor.h"
#include "vmm/host/link.h"
#include "vmm/host/net_leftovers.h"
#include "vmm/host/nic_kinds.h"
#include "vmm/host/owner.h"

#define NODE_TRIES 200
#define NODE_PAUSE_MS 10

static const char remove_link[] = "[ ! -e \"/proc/sys/net/ipv4/conf/$0\" ] || ip link del \"$0\"";

static int explain_make(const struct nic_request *request, int rc, const char *complaint)
{
	if (rc == -ENOENT)
		log_error("net macvtap=%s: ip is not installed: apt-get install iproute2", request->name);
	else if (rc < 0)
		log_error("net macvtap=%s: cannot make a macvtap interface: %s", request->name, strerror(-rc));
	else
		log_error("net macvtap=%s: cannot make a macvtap interface on it: %.300s", request->name, complaint);
	return rc < 0 ? rc : -EIO;
}

/* Makes an interface of our own on the lower one, which the janitor removes. */
static int make(const struct nic_request *request, struct link *link)
{
	char name[IFNAMSIZ], mac[MAC_TEXT_BYTES], label[OWNER_BYTES], complaint[HOST_JANITOR_COMPLAINT_BYTES];
	const char *const add[] = { "ip",      "link", "add",  "link",	  request->name, "name",   name,
				    "address", mac,    "type", "macvtap", "mode",	 "bridge", NULL };
	const char *const undo[] = { "sh", "-c", remove_link, name, NULL };
	struct link_change change = { .alias = label };
	int rc;

	if (geteuid() != 0) {
		log_error("net macvtap=%s: making a macvtap interface takes root: have one made, ip link add link %s "
			  "name "
			  "NAME type macvtap, and use macvtap=NAME",
			  request->name, request->name);
		return -EPERM;
	}
	net_leftovers_clear();
	/* Nobody else has our PID; in another PID namespace somebody may, and then this fails. */
	snprintf(name, sizeof(name), "mote-%ld.%u", (long)getpid() % 10000000, request->index);
	mac_print(request->mac, mac);
	rc = link_find(name, link) == 0 ? -EEXIST : owner_describe(host_janitor_pid(request->janitor), label);
	complaint[0] = '\0';
	if (rc == 0)
		rc = host_janitor_make(request->janitor, add, undo, complaint);
	if (rc != 0)
		return explain_make(request, rc, complaint);
	rc = link_find(name, link);
	if (rc == 0)
		rc = link_set(link->index, &change);
	if (rc < 0)
		return explain_make(request, rc, "");
	log_info("net macvtap=%s: the interface %s is made for this run", request->name, name);
	return 0;
}

/* The one that the user made, or one of our own. */
static int find_or_make(const struct nic_request *request, struct nic *nic, struct link *link)
{
	const struct link_change change = { .mac = request->mac };
	int rc = link_find(request->name, link);

	if (rc == -ENODEV) {
		log_error("net macvtap=%s: there is no such interface: name one of 'ip link'", request->name);
		return rc;
	}
	if (rc == 0 && strcmp(link->kind, "macvtap") != 0)
		return make(request, link);
	if (rc == 0 && request->mac_is_derived)
		memcpy(nic->mac, link->mac, MAC_BYTES);
	else if (rc == 0 && !mac_equal(link->mac, request->mac))
		rc = link_set(link->index, &change);
	if (rc < 0)
		log_error(
			"net macvtap=%s: cannot give it the guest's MAC address: %s; set it as root, or leave mac= out",
			request->name, strerror(-rc));
	return rc;
}

/* udev gives the node its owner, which may take a while. The kernel would let several VMs have it, each some of the
 * packets; the first queue's lock keeps out other VMs. */
static int open_node(const char *path, unsigned int tries)
{
	const struct timespec pause = { .tv_nsec = NODE_PAUSE_MS * 1000000L };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	while (fd < 0 && errno == ENOENT && tries-- > 0) {
		nanosleep(&pause, NULL);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

static int claim_node(const struct nic_request *request, int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	log_error("net macvtap=%s: it is in use, by another VM: name another", request->name);
	return -EBUSY;
}

static int open_queues(const struct nic_request *request, const struct link *link, struct nic *nic)
{
	int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (request->nr_pairs > 1 ? IFF_MULTI_QUEUE : 0);
	char path[32];

	snprintf(path, sizeof(path), "/dev/tap%d", link->index);
	for (; nic->nr_fds < request->nr_pairs; nic->nr_fds++) {
		struct ifreq settings = { .ifr_flags = (short)flags };
		int rc = open_node(path, NODE_TRIES);

		if (rc == -EACCES || rc == -EPERM) {
			log_error("net macvtap=%s: no permission to open %s: chown USER %s", request->name, path, path);
			return rc;
		}
		if (rc < 0) {
			log_error("net macvtap=%s: cannot open %s: %s%s", request->name, path, strerror(-rc),
				  rc == -ENOENT ? "; is udev running here?" : "");
			return rc;
		}
		nic->fds[nic->nr_fds] = rc;
		if (ioctl(rc, TUNSETIFF, &settings) < 0) {
			rc = -errno;
			log_error("net macvtap=%s: %s does not take the settings for a guest: %s", request->name, path,
				  strerror(-rc));
		} else {
			rc = nic->nr_fds == 0 ? claim_node(request, rc) : 0;
		}
		if (rc < 0) {
			nic->nr_fds++;
			return rc;
		}
	}
	return 0;
}

int nic_macvtap_open(const struct nic_request *request, struct nic *nic)
{
	struct link_change change = { .mtu = request->mtu };
	struct link link;
	int rc;

	rc = find_or_make(request, nic, &link);
	if (rc < 0)
		return rc;
	memcpy(nic->interface, link.name, sizeof(nic->interface));
	nic->mtu = request->mtu > 0 ? request->mtu : link.mtu;
	change.up = !link.up;
	if (change.up || nic->mtu != link.mtu)
		rc = link_set(link.index, &change);
	if (rc < 0) {
		log_error("net macvtap=%s: cannot switch %s on, with an MTU of %u: %s", request->name, link.name,
			  nic->mtu, strerror(-rc));
		return rc;
	}
	return open_queues(request, &link, nic);
}
