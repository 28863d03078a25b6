#include "firmware/fs/all.h"

/* FAT last: it has the weakest mark. */
const struct fs_ops *const fs_all[] = { &ext_ops, &xfs_ops, &btrfs_ops, &erofs_ops, &squashfs_ops, &fat_ops, NULL };
