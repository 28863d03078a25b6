/* Kernels without a boot loader's configuration: the links /vmlinuz and /initrd.img, and what lies in /boot. */
#ifndef FIRMWARE_CONFIG_KERNELS_H
#define FIRMWARE_CONFIG_KERNELS_H

#include "firmware/config/entry.h"

/* Lists what /vmlinuz and /boot/vmlinuz lead to, if they are there, and then the kernels of /boot (or of the file
 * system that is mounted there) with their initrds, newest first. Their arguments name the root file system. 0, also if
 * there are none, or FW_ENOMEM. */
__attribute__((warn_unused_result)) int kernels_read(struct places *places, struct entries *out);

#endif
