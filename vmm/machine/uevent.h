/* The kernel's messages about its devices (NETLINK_KOBJECT_UEVENT): "change@/devices/...", and then NAME=VALUE strings.
 */
#ifndef VMM_MACHINE_UEVENT_H
#define VMM_MACHINE_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether the message, `len` bytes of NUL-ended strings, says that a block device has changed, and which. Any bytes may
 * come. */
bool uevent_is_disk_change(const char *message, size_t len, dev_t *device);

/* Opens a socket that receives them, non-blocking. The descriptor or a negative errno: containers may have none. */
__attribute__((warn_unused_result)) int uevent_open(void);

/* Takes the next message. Its length; 0: not one of the kernel's; -EAGAIN: there is none; -ENOBUFS: some were lost; or
 * another negative errno. */
__attribute__((warn_unused_result)) ssize_t uevent_receive(int fd, char *message, size_t size);

#endif
