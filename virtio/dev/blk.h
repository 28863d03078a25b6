/* virtio-blk: a disk (virtio 1.2, 5.2). */
#ifndef VIRTIO_DEV_BLK_H
#define VIRTIO_DEV_BLK_H

#include "virtio/backend/block.h"
#include "virtio/core/device.h"
#include "vmm/core/loop.h"

#define BLK_SERIAL_BYTES 20

struct blk_config {
	struct block *block; /* opened, not attached; stays the caller's, who closes it after blk_destroy() */
	struct loop *loop; /* all queues of the disk run on it */
	const char *serial; /* NULL or at most BLK_SERIAL_BYTES characters */
	unsigned int nr_queues; /* 1 to VIRTIO_MAX_QUEUES */
};

/* Attaches the disk to the loop and makes the device, whose features say what the disk can do there. -EINVAL for a bad
 * number of queues or a serial that is too long, -ENOMEM, or the errno of block_attach(). Control thread. */
__attribute__((warn_unused_result)) int blk_create(const struct blk_config *config, struct virtio_device **out);

/* Resets the device, detaches the disk. NULL is fine. Control thread. */
void blk_destroy(struct virtio_device *dev);

#endif
