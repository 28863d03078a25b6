/* The kind of a file, as Unix file systems write it down. */
#ifndef FIRMWARE_FS_MODE_H
#define FIRMWARE_FS_MODE_H

#include <stdint.h>

#include "firmware/fs/fs.h"

/* From an inode's mode. */
enum fs_kind fs_kind_of_mode(uint16_t mode);

/* From the byte that directories have, the same in ext4, XFS and btrfs. FS_OTHER if it says nothing. */
enum fs_kind fs_kind_of_type(uint8_t type);

#endif
