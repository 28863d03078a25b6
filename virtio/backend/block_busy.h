/* Who keeps a disk from us, for messages. */
#ifndef VIRTIO_BACKEND_BLOCK_BUSY_H
#define VIRTIO_BACKEND_BLOCK_BUSY_H

#include <stddef.h>
#include <sys/stat.h>

/* Writes into `out` who uses the file or device, as the middle of a sentence: "mounted on /srv", "locked by mote
 * (PID 4711)". What can't be found out is said in general terms. Control thread. */
void block_busy_describe(const struct stat *st, char *out, size_t size);

#endif
