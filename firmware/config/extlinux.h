/* Reads extlinux.conf, which is also syslinux.cfg (Syslinux's doc/syslinux.txt) and what U-Boot's distributions write.
 */
#ifndef FIRMWARE_CONFIG_EXTLINUX_H
#define FIRMWARE_CONFIG_EXTLINUX_H

#include "firmware/config/entry.h"

/* Lists the labels of a file whose kernel is there. 0, also if there are none; FW_ENOENT if there is no such file, or
 * FW_ENOMEM. */
__attribute__((warn_unused_result)) int extlinux_read(struct places *places, struct mounted *where, const char *path,
						      struct entries *out);

#endif
