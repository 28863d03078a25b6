#include "virtio/backend/net_tap_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "virtio/backend/net.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* Since Linux 6.2; both or none. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* What to probe, each with those above it. */
static const struct {
	unsigned int offload;
	unsigned int flag;
} flags[] = {
	{ NET_OFFLOAD_CSUM, TUN_F_CSUM }, { NET_OFFLOAD_TSO4, TUN_F_TSO4 },
	{ NET_OFFLOAD_TSO6, TUN_F_TSO6 }, { NET_OFFLOAD_ECN, TUN_F_TSO_ECN },
	{ NET_OFFLOAD_UFO, TUN_F_UFO },	  { NET_OFFLOAD_USO4 | NET_OFFLOAD_USO6, TUN_F_USO4 | TUN_F_USO6 },
};
#define NR_FLAGS (sizeof(flags) / sizeof(flags[0]))

int tap_set_offloads(int fd, unsigned int offloads)
{
	unsigned long mask = 0;

	/* The kernel refuses the others without checksums, and one of the two for UDP segments without the other. */
	if (!(offloads & NET_OFFLOAD_CSUM))
		offloads = 0;
	for (unsigned int i = 0; i < NR_FLAGS; i++)
		if ((offloads & flags[i].offload) == flags[i].offload)
			mask |= flags[i].flag;
	return ioctl(fd, TUNSETOFFLOAD, mask) < 0 ? -errno : 0;
}

unsigned int tap_probe_offloads(int fd)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < NR_FLAGS; i++)
		if (tap_set_offloads(fd, found | flags[i].offload) == 0)
			found |= flags[i].offload;
	(void)!tap_set_offloads(fd, 0);
	return found;
}

int tap_set_attached(int fd, bool attached)
{
	struct ifreq request = { .ifr_flags = attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

	return ioctl(fd, TUNSETQUEUE, &request) < 0 ? -errno : 0;
}

/* Finds the interface in our network namespace: one of that name may be another, which has another address. */
static void find(int fd, struct tap_identity *identity)
{
	struct ifreq named = { 0 }, held = { 0 };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	identity->ifindex = 0;
	identity->up = true;
	if (sock < 0)
		return;
	memcpy(named.ifr_name, identity->name, IFNAMSIZ);
	if (ioctl(fd, SIOCGIFHWADDR, &held) == 0 && ioctl(sock, SIOCGIFHWADDR, &named) == 0 &&
	    memcmp(held.ifr_hwaddr.sa_data, named.ifr_hwaddr.sa_data, IFHWADDRLEN) == 0 &&
	    ioctl(sock, SIOCGIFINDEX, &named) == 0) {
		identity->ifindex = named.ifr_ifindex;
		identity->up = ioctl(sock, SIOCGIFFLAGS, &named) == 0 && (named.ifr_flags & IFF_UP);
	}
	fd_close(&sock);
}

int tap_prepare(int fd, bool is_one_of_many, struct tap_identity *identity)
{
	const int header_bytes = NET_HEADER_BYTES;
	struct ifreq request = { 0 };
	int status = fcntl(fd, F_GETFL);

	if (status < 0 || ioctl(fd, TUNGETIFF, &request) < 0) {
		log_error("descriptor %d is not one of a tap interface: %s", fd, strerror(errno));
		return -EINVAL;
	}
	if (!(request.ifr_flags & IFF_TAP) || !(request.ifr_flags & IFF_NO_PI) || !(request.ifr_flags & IFF_VNET_HDR)) {
		log_error("%s: descriptor %d was not opened with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR", request.ifr_name,
			  fd);
		return -EINVAL;
	}
	if (is_one_of_many && !(request.ifr_flags & IFF_MULTI_QUEUE)) {
		log_error("%s: descriptor %d was opened without IFF_MULTI_QUEUE, so there can be no others",
			  request.ifr_name, fd);
		return -EINVAL;
	}
	if (identity->name[0] != '\0' && strncmp(identity->name, request.ifr_name, IFNAMSIZ) != 0) {
		log_error("descriptor %d is one of %s, the one before it of %s", fd, request.ifr_name, identity->name);
		return -EINVAL;
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &header_bytes) < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0) {
		int rc = -errno;

		log_error("%s: cannot set the size of its header: %s", request.ifr_name, strerror(-rc));
		return rc;
	}
	memcpy(identity->name, request.ifr_name, IFNAMSIZ);
	identity->name[IFNAMSIZ - 1] = '\0';
	find(fd, identity);
	return 0;
}
