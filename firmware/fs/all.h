/* The kinds of file system that the loader reads. */
#ifndef FIRMWARE_FS_ALL_H
#define FIRMWARE_FS_ALL_H

#include "firmware/fs/fs.h"

extern const struct fs_ops btrfs_ops;
extern const struct fs_ops erofs_ops;
extern const struct fs_ops ext_ops;
extern const struct fs_ops fat_ops;
extern const struct fs_ops squashfs_ops;
extern const struct fs_ops xfs_ops;

#endif
