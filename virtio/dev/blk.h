/* virtio-blk: a disk (virtio 1.2, 5.2). */
#ifndef VIRTIO_DEV_BLK_H
#define VIRTIO_DEV_BLK_H

#include "virtio/backend/block.h"
#include "virtio/core/device.h"
#include "vmm/core/loop.h"

#define BLK_SERIAL_BYTES 20

/* A request that the disk failed. */
struct blk_trouble {
	const char *operation; /* "write" */
	uint64_t offset; /* bytes */
	uint64_t length;
	int error; /* a negative errno */
};

/* Told to the owner of a device that holds failed requests and tries them again, every second. On the disk's loop. */
struct blk_trouble_ops {
	void (*began)(void *arg, const struct blk_trouble *trouble); /* the first is held */
	void (*ended)(void *arg); /* none is held any more: all went through, or a reset dropped them */
};

struct blk_config {
	struct block *block; /* opened, not attached; stays the caller's, who closes it after blk_destroy() */
	struct loop *loop; /* all queues of the disk run on it */
	const char *serial; /* NULL or at most BLK_SERIAL_BYTES characters */
	unsigned int nr_queues; /* 1 to VIRTIO_MAX_QUEUES */
	const struct blk_trouble_ops *trouble_ops; /* NULL: what the disk fails is an I/O error for the driver */
	void *trouble_arg;
};

/* Attaches the disk to the loop and makes the device, whose features say what the disk can do there. -EINVAL for a bad
 * number of queues or a serial that is too long, -ENOMEM, or the errno of block_attach(). Control thread. */
__attribute__((warn_unused_result)) int blk_create(const struct blk_config *config, struct virtio_device **out);

/* Looks whether the disk has grown; if so the driver is told, and may use what was added. Any thread. */
void blk_refresh(struct virtio_device *dev);

/* Resets the device, detaches the disk. NULL is fine. Control thread. */
void blk_destroy(struct virtio_device *dev);

#endif
