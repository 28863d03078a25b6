#include "virtio/dev/blk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/dev/blk_config.h"
#include "virtio/dev/blk_request.h"
#include "vmm/base/container_of.h"
#include "vmm/base/log.h"

#define QUEUE_MAX_SIZE 256

struct blk {
	struct virtio_device dev; /* first: the transport's handle */
	struct blk_disk disk;
	struct loop *loop;
	struct loop_post refresh; /* from whoever asks to the loop */
	struct virtio_blk_config config;
	struct blk_queue queues[];
};

static struct blk *blk_of(struct virtio_device *dev)
{
	return (struct blk *)dev;
}

struct activation {
	struct blk *blk;
	uint64_t features;
	const struct virtio_queue_setup *queues;
};

static int start_queue(struct blk *blk, unsigned int index, const struct activation *activation)
{
	const struct virtio_queue_setup *setup = &activation->queues[index];
	struct blk_queue *queue = &blk->queues[index];
	int rc;

	queue->disk = &blk->disk;
	/* First, since it checks the size that the driver asked for. The handler does not run before the next turn. */
	rc = virtio_queue_start(&queue->queue, &blk->dev, index, blk->loop, setup, activation->features,
				blk_queue_handle);
	if (rc < 0)
		return rc;
	rc = blk_pool_init(&queue->pool, setup->config.size, blk->disk.hold.ops != NULL);
	if (rc < 0)
		virtio_queue_stop(&queue->queue);
	return rc;
}

static bool none_in_flight(void *arg)
{
	const struct blk *blk = arg;

	for (unsigned int i = 0; i < blk->dev.nr_queues; i++) {
		if (blk->queues[i].queue.vq.in_flight > 0)
			return false;
	}
	return true;
}

/* On the loop. */
static int deactivate(void *arg)
{
	struct blk *blk = arg;

	for (unsigned int i = 0; i < blk->dev.nr_queues; i++)
		virtio_queue_quiesce(&blk->queues[i].queue);
	/* What waits for a healthy disk, or for its turn under a limit, does not go there any more. */
	blk->disk.dropping = true;
	blk_request_drop_held(&blk->disk);
	block_cancel(blk->disk.block);
	if (!none_in_flight(blk))
		loop_drain(blk->loop, none_in_flight, blk);
	blk->disk.dropping = false;
	for (unsigned int i = 0; i < blk->dev.nr_queues; i++) {
		virtio_queue_stop(&blk->queues[i].queue);
		blk_pool_fini(&blk->queues[i].pool);
	}
	blk->disk.features = 0;
	__atomic_store_n(&blk->config.writeback, 1, __ATOMIC_RELAXED);
	return 0;
}

/* On the loop. */
static int activate(void *arg)
{
	const struct activation *activation = arg;
	struct blk *blk = activation->blk;

	blk->disk.features = activation->features;
	/* Without flushes there is no cache to turn on (virtio 1.2, 5.2.5.2). */
	if (!(activation->features & VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH_BIT)))
		__atomic_store_n(&blk->config.writeback, 0, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < blk->dev.nr_queues; i++) {
		int rc = activation->queues[i].enabled ? start_queue(blk, i, activation) : 0;

		if (rc < 0) {
			deactivate(blk);
			return rc;
		}
	}
	return 0;
}

static int blk_activate(struct virtio_device *dev, uint64_t features, const struct virtio_queue_setup *queues)
{
	struct activation activation = { .blk = blk_of(dev), .features = features, .queues = queues };

	return loop_call(blk_of(dev)->loop, activate, &activation);
}

static void blk_reset(struct virtio_device *dev)
{
	loop_call(blk_of(dev)->loop, deactivate, blk_of(dev));
}

/* Only the write cache can be set; it takes effect with the next request. */
static void blk_config_write(struct virtio_device *dev, unsigned int offset, unsigned int size, uint64_t value)
{
	if (offset == offsetof(struct virtio_blk_config, writeback) && size == 1)
		__atomic_store_n(&blk_of(dev)->config.writeback, value != 0, __ATOMIC_RELAXED);
}

static const struct virtio_device_ops blk_ops = {
	.activate = blk_activate,
	.reset = blk_reset,
	.config_write = blk_config_write,
};

/* On the loop. */
static void refresh(struct loop_post *post)
{
	struct blk *blk = container_of(post, struct blk, refresh);
	const struct block_geometry *geometry = blk->disk.geometry;
	le64 capacity;
	int rc = block_refresh(blk->disk.block);

	if (rc < 0)
		log_warn("%s: cannot look whether it has grown: %s", block_description(blk->disk.block), strerror(-rc));
	if (rc <= 0)
		return;
	log_info("%s has grown to %llu MiB", block_description(blk->disk.block),
		 (unsigned long long)(geometry->size_bytes >> 20));
	capacity = le64_make(geometry->size_bytes / BLOCK_SECTOR_BYTES);
	/* Whole, since a vCPU's thread may show the configuration anew at this moment. */
	__atomic_store(&blk->config.capacity, &capacity, __ATOMIC_RELAXED);
	virtio_notify_config(&blk->dev);
}

void blk_refresh(struct virtio_device *dev)
{
	loop_post(blk_of(dev)->loop, &blk_of(dev)->refresh);
}

struct attachment {
	struct blk *blk;
	const struct blk_config *config;
};

/* On the loop. */
static int attach(void *arg)
{
	const struct attachment *attachment = arg;
	struct blk *blk = attachment->blk;
	int rc = block_attach(blk->disk.block, blk->loop);

	if (rc < 0)
		return rc;
	rc = blk_hold_init(&blk->disk.hold, attachment->config, blk_request_retry);
	if (rc < 0)
		block_detach(blk->disk.block);
	return rc;
}

static int detach(void *arg)
{
	struct blk *blk = arg;

	loop_post_cancel(blk->loop, &blk->refresh);
	blk_hold_fini(&blk->disk.hold);
	block_detach(blk->disk.block);
	return 0;
}

int blk_create(const struct blk_config *config, struct virtio_device **out)
{
	size_t serial_bytes = config->serial ? strlen(config->serial) : 0;
	struct attachment attachment = { .config = config };
	struct blk *blk;
	int rc;

	if (config->nr_queues == 0 || config->nr_queues > VIRTIO_MAX_QUEUES || serial_bytes > BLK_SERIAL_BYTES)
		return -EINVAL;
	blk = calloc(1, sizeof(*blk) + config->nr_queues * sizeof(blk->queues[0]));
	if (!blk)
		return -ENOMEM;
	blk->loop = config->loop;
	blk->refresh.call = refresh;
	blk->disk.block = config->block;
	blk->disk.writeback = &blk->config.writeback;
	if (serial_bytes > 0)
		memcpy(blk->disk.serial, config->serial, serial_bytes);
	/* Before the geometry is looked at: what the disk can do depends on the loop's engine. */
	attachment.blk = blk;
	rc = loop_call(blk->loop, attach, &attachment);
	if (rc < 0) {
		free(blk);
		return rc;
	}
	blk->disk.geometry = block_geometry(config->block);
	blk_config_fill(&blk->config, blk->disk.geometry, config->nr_queues, QUEUE_MAX_SIZE);
	blk->dev = (struct virtio_device){
		.ops = &blk_ops,
		.name = "blk",
		.id = 2,
		.pci_class = 0x010000, /* SCSI storage, as drivers know it from other VMMs */
		.features = blk_config_features(blk->disk.geometry, config->nr_queues),
		.nr_queues = config->nr_queues,
		.queue_max_size = QUEUE_MAX_SIZE,
		.config = &blk->config,
		.config_size = sizeof(blk->config),
	};
	*out = &blk->dev;
	return 0;
}

void blk_destroy(struct virtio_device *dev)
{
	struct blk *blk;

	if (!dev)
		return;
	blk = blk_of(dev);
	blk_reset(dev);
	loop_call(blk->loop, detach, blk);
	free(blk);
}
