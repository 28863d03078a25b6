/* One writer or many readers: the lock on a disk's file. */
#ifndef VIRTIO_BACKEND_BLOCK_LOCK_H
#define VIRTIO_BACKEND_BLOCK_LOCK_H

#include <stdbool.h>

/* Locks the whole file until `fd` is closed: an open file description lock (fcntl(2), F_OFD_SETLK), so it also excludes
 * QEMU, which locks bytes of its images the same way. 0; -EBUSY if another process holds it; 0 after a warning that
 * names `path` where the file system knows no locks. Control thread. */
__attribute__((warn_unused_result)) int block_lock(int fd, const char *path, bool exclusive);

#endif
