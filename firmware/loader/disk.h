/* Disks as sources of bytes, with a small cache for what file systems read in little pieces.
 *
 * What is read piecemeal is read in pieces of the cache, with what follows it, since each read takes far longer than
 * the bytes do; what is large goes past it, straight to its place. Pieces are small enough that all the metadata on the
 * way to a kernel stays little beside the kernel. */
#ifndef FIRMWARE_LOADER_DISK_H
#define FIRMWARE_LOADER_DISK_H

#include "firmware/core/arena.h"
#include "firmware/core/source.h"
#include "firmware/loader/virtio_blk.h"

#define DISK_MAX 32

/* At least so much is read at once while the loader does something else: what takes a disk some milliseconds. */
#define DISK_MEANWHILE_BYTES (1u << 20)

struct disk_cache;
struct disks;

struct disk {
	struct source source;
	struct virtio_blk blk;
	struct disks *all;
	unsigned int index;
};

struct disks {
	struct disk *list[DISK_MAX];
	unsigned int nr;
	struct disk_cache *cache;
	/* Work for the next time that a disk reads DISK_MEANWHILE_BYTES or more, which is called then, once: it is set
	 * back to NULL first. It may not read. */
	void (*meanwhile)(void);
};

/* Opens every virtio disk, in the order of the bus, which is the order in which they were given to the VMM; the names
 * are those that Linux gives them. A disk that can't be used is said with print() and keeps its name. 0 or
 * FW_ENOMEM. */
__attribute__((warn_unused_result)) int disks_open(struct disks *disks, const struct pci_host *host,
						   struct arena *arena);

/* Lets go of all. */
void disks_close(struct disks *disks);

#endif
