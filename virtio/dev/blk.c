#include "virtio/dev/blk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/dev/blk_request.h"
#include "vmm/base/checked.h"

#define QUEUE_MAX_SIZE 256
/* Header and status take a descriptor each. */
#define SEG_MAX (QUEUE_MAX_SIZE - 2)

struct blk {
	struct virtio_device dev; /* first: the transport's handle */
	struct blk_disk disk;
	struct loop *loop;
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
	rc = blk_pool_init(&queue->pool, setup->config.size);
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
	if (!none_in_flight(blk))
		loop_drain(blk->loop, none_in_flight, blk);
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

static uint64_t offered_features(const struct block_geometry *geometry, unsigned int nr_queues)
{
	uint64_t features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT) |
			    VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT) | VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX_BIT) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE_BIT) | VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY_BIT) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH_BIT) | VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE_BIT);

	if (nr_queues > 1)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_MQ_BIT);
	if (geometry->read_only)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_RO_BIT);
	if (blk_max_discard_sectors(geometry) > 0)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD_BIT);
	if (blk_max_write_zeroes_sectors(geometry) > 0)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES_BIT);
	return features;
}

static void fill_config(struct virtio_blk_config *config, const struct block_geometry *geometry, unsigned int nr_queues)
{
	uint32_t block = geometry->logical_block_bytes;
	uint32_t min_io = geometry->min_io_bytes / block;
	uint32_t discard_align = geometry->discard_granularity_bytes;

	*config = (struct virtio_blk_config){
		.capacity = le64_make(geometry->size_bytes / BLOCK_SECTOR_BYTES),
		.seg_max = le32_make(geometry->max_segments < SEG_MAX ? geometry->max_segments : SEG_MAX),
		.blk_size = le32_make(block),
		.topology = { .min_io_size = le16_make(min_io <= UINT16_MAX ? min_io : 0),
			      .opt_io_size = le32_make(geometry->opt_io_bytes / block) },
		.writeback = 1,
		.num_queues = le16_make(nr_queues),
	};
	for (uint32_t size = block; size < geometry->physical_block_bytes; size *= 2)
		config->topology.physical_block_exp++;
	if (blk_max_discard_sectors(geometry) > 0) {
		config->max_discard_sectors = le32_make(blk_max_discard_sectors(geometry));
		config->max_discard_seg = le32_make(BLK_MAX_RANGES);
		config->discard_sector_alignment =
			le32_make((discard_align > block ? discard_align : block) / BLOCK_SECTOR_BYTES);
	}
	if (blk_max_write_zeroes_sectors(geometry) > 0) {
		config->max_write_zeroes_sectors = le32_make(blk_max_write_zeroes_sectors(geometry));
		config->max_write_zeroes_seg = le32_make(BLK_MAX_RANGES);
		config->write_zeroes_may_unmap = geometry->zeroes_may_unmap;
	}
}

/* On the loop. */
static int attach(void *arg)
{
	struct blk *blk = arg;

	return block_attach(blk->disk.block, blk->loop);
}

static int detach(void *arg)
{
	struct blk *blk = arg;

	block_detach(blk->disk.block);
	return 0;
}

int blk_create(const struct blk_config *config, struct virtio_device **out)
{
	size_t serial_bytes = config->serial ? strlen(config->serial) : 0;
	struct blk *blk;
	int rc;

	if (config->nr_queues == 0 || config->nr_queues > VIRTIO_MAX_QUEUES || serial_bytes > BLK_SERIAL_BYTES)
		return -EINVAL;
	blk = calloc(1, sizeof(*blk) + config->nr_queues * sizeof(blk->queues[0]));
	if (!blk)
		return -ENOMEM;
	blk->loop = config->loop;
	blk->disk.block = config->block;
	blk->disk.writeback = &blk->config.writeback;
	if (serial_bytes > 0)
		memcpy(blk->disk.serial, config->serial, serial_bytes);
	/* Before the geometry is looked at: what the disk can do depends on the loop's engine. */
	rc = loop_call(blk->loop, attach, blk);
	if (rc < 0) {
		free(blk);
		return rc;
	}
	blk->disk.geometry = block_geometry(config->block);
	fill_config(&blk->config, blk->disk.geometry, config->nr_queues);
	blk->dev = (struct virtio_device){
		.ops = &blk_ops,
		.name = "blk",
		.id = 2,
		.pci_class = 0x010000, /* SCSI storage, as drivers know it from other VMMs */
		.features = offered_features(blk->disk.geometry, config->nr_queues),
		.nr_queues = config->nr_queues,
		.queue_max_size = QUEUE_MAX_SIZE,
		.config = &blk->config,
		.config_size = VIRTIO_BLK_CONFIG_BYTES,
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
