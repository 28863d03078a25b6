/* Taps: virtual Ethernet interfaces whose other end is a descriptor (Linux, Documentation/networking/tuntap.rst). */
#ifndef VMM_HOST_TAP_H
#define VMM_HOST_TAP_H

#include <net/if.h>

/* Opens `nr` queues of the tap `name`, each with IFF_NO_PI and IFF_VNET_HDR. If there is no such interface it is made,
 * and is gone with its last descriptor; a "%d" in the name then becomes the lowest number that is free. `actual` gets
 * the name.
 *
 * 0 with the descriptors in fds[], or a negative errno with nothing opened:
 *   -ENOENT, -ENODEV, -EACCES  of /dev/net/tun
 *   -EPERM       the tap is somebody else's, or making one takes CAP_NET_ADMIN
 *   -EBUSY       somebody else has it open
 *   -EINVAL      it is no tap
 *   -E2BIG       it has one queue only, and more are asked for
 * Logs nothing. Any thread. */
__attribute__((warn_unused_result)) int tap_open(const char *name, int *fds, unsigned int nr, char actual[IFNAMSIZ]);

/* The name of the interface of a tap's or macvtap's descriptor. 0, or -EINVAL if it is no such descriptor or was not
 * opened with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR. */
__attribute__((warn_unused_result)) int tap_examine(int fd, char name[IFNAMSIZ]);

/* tap_open() with one line for each way to fail, which calls the NIC `what` ("--net bridge=br0"). */
__attribute__((warn_unused_result)) int tap_open_or_explain(const char *what, const char *name, int *fds,
							    unsigned int nr, char actual[IFNAMSIZ]);

#endif
