/* A virtio disk, read only (virtio 1.2, 5.2). One thread, no interrupts: it looks at the used ring until the device is
 * done. Large reads are cut into several requests, which are in flight together and go straight to their place. */
#ifndef FIRMWARE_LOADER_VIRTIO_BLK_H
#define FIRMWARE_LOADER_VIRTIO_BLK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/core/arena.h"
#include "firmware/loader/virtio_pci.h"

#define VIRTIO_BLK_TYPE 2
#define VIRTIO_BLK_SECTOR 512

struct virtio_blk_request;

struct virtio_blk {
	struct virtio_pci dev;
	struct virtio_pci_queue queue;
	struct virtio_blk_request *requests;
	unsigned int nr_requests;
	uint32_t busy; /* a bit for each of them */
	uint16_t next_available;
	uint16_t last_used;
	uint32_t max_bytes; /* of one request */
	uint64_t nr_sectors;
	bool broken; /* it failed to answer, and is not asked again */
	uint64_t bytes_read; /* for the log */
	uint32_t requests_made;
};

/* 0, FW_ENOTSUP, FW_EIO or FW_ENOMEM. */
__attribute__((warn_unused_result)) int virtio_blk_open(struct virtio_blk *blk, const struct pci_function *function,
							struct arena *arena);

/* Reads sectors, which lie inside the disk, to `to`. 0 or FW_EIO. `meanwhile`, if not NULL, is called once while the
 * disk is at work; it may not read. */
__attribute__((warn_unused_result)) int virtio_blk_read(struct virtio_blk *blk, uint64_t sector, size_t nr_sectors,
							void *to, void (*meanwhile)(void));

/* Lets go of the device. */
void virtio_blk_close(struct virtio_blk *blk);

#endif
