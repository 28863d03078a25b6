/* A file system on a disk made by hand, for the tests of the readers: each puts its own bytes on the disk. */
#ifndef TEST_UNIT_FIRMWARE_FS_SUPPORT_H
#define TEST_UNIT_FIRMWARE_FS_SUPPORT_H

#include "firmware/fs/fs.h"
#include "test/unit/firmware_disk.h"

extern struct disk disk;
extern struct fs fs; /* as mounted last */

/* As fs_mount(). */
int mount_disk(void);

/* Mounts anew and reads a file whole: as fs_ops->read, FW_ENOENT if there is no file system. */
int64_t read_file(const char *path, uint8_t *buf, size_t len);

/* Lists a directory of what is mounted, and counts its entries. */
int list_node(const struct fs_node *directory, unsigned int *nr);

/* Mounts anew, which must succeed, opens the root, which must too, and lists it. */
int list_root(unsigned int *nr);

/* Of a fixture: lets go of the disk. */
void teardown(void);

#endif
