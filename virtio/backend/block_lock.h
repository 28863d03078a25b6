/* One writer or many readers: the lock on a disk's file. */
#ifndef VIRTIO_BACKEND_BLOCK_LOCK_H
#define VIRTIO_BACKEND_BLOCK_LOCK_H

#include <stdbool.h>

/* Locks the whole file until `fd` is closed: an open file description lock (fcntl(2), F_OFD_SETLK), so it also excludes
 * QEMU, which locks bytes of its images the same way. 0; -EBUSY if another process holds it; 0 after a warning that
 * names `path` where the file system knows no locks. Control thread. */
__attribute__((warn_unused_result)) int block_lock(int fd, const char *path, bool exclusive);
/* Gives the lock back before the file is closed. Control thread. */
void block_unlock(int fd);

/* Sleeps 10 ms and is true, if after `tries` times a busy disk deserves another look; false after a second. The kernel
 * takes a killed VMM's ring apart after the process is gone, and until then the ring holds the file, and with it the
 * lock and the claim on a device. Control thread. */
bool block_busy_wait(unsigned int tries);

#endif
