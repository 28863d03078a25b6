#include "virtio/dev/blk_config.h"

#include "virtio/core/device.h"
#include "virtio/dev/blk_request.h"
#include "vmm/base/checked.h"

static uint32_t in_sectors(uint64_t bytes, const struct block_geometry *geometry)
{
	uint64_t limit = align_down(UINT32_MAX, geometry->logical_block_bytes / BLOCK_SECTOR_BYTES);
	uint64_t sectors = align_down(bytes, geometry->logical_block_bytes) / BLOCK_SECTOR_BYTES;

	return (uint32_t)(sectors < limit ? sectors : limit);
}

uint32_t blk_max_discard_sectors(const struct block_geometry *geometry)
{
	return geometry->can_discard && !geometry->read_only ? in_sectors(geometry->max_discard_bytes, geometry) : 0;
}

uint32_t blk_max_write_zeroes_sectors(const struct block_geometry *geometry)
{
	return geometry->can_write_zeroes && !geometry->read_only
		       ? in_sectors(geometry->max_write_zeroes_bytes, geometry)
		       : 0;
}

uint32_t blk_max_secure_erase_sectors(const struct block_geometry *geometry)
{
	return geometry->can_secure_erase && !geometry->read_only
		       ? in_sectors(geometry->max_secure_erase_bytes, geometry)
		       : 0;
}

uint64_t blk_config_features(const struct block_geometry *geometry, unsigned int nr_queues)
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
	if (blk_max_secure_erase_sectors(geometry) > 0)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_SECURE_ERASE_BIT);
	return features;
}

void blk_config_fill(struct virtio_blk_config *config, const struct block_geometry *geometry, unsigned int nr_queues,
		     unsigned int queue_max_size)
{
	uint32_t block = geometry->logical_block_bytes;
	uint32_t min_io = geometry->min_io_bytes / block;
	uint32_t granularity =
		geometry->discard_granularity_bytes > block ? geometry->discard_granularity_bytes : block;
	uint32_t seg_max = queue_max_size - 2; /* header and status take a descriptor each */

	*config = (struct virtio_blk_config){
		.capacity = le64_make(geometry->size_bytes / BLOCK_SECTOR_BYTES),
		.seg_max = le32_make(geometry->max_segments < seg_max ? geometry->max_segments : seg_max),
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
		config->discard_sector_alignment = le32_make(granularity / BLOCK_SECTOR_BYTES);
	}
	if (blk_max_write_zeroes_sectors(geometry) > 0) {
		config->max_write_zeroes_sectors = le32_make(blk_max_write_zeroes_sectors(geometry));
		config->max_write_zeroes_seg = le32_make(BLK_MAX_RANGES);
		config->write_zeroes_may_unmap = geometry->zeroes_may_unmap;
	}
	if (blk_max_secure_erase_sectors(geometry) > 0) {
		config->max_secure_erase_sectors = le32_make(blk_max_secure_erase_sectors(geometry));
		config->max_secure_erase_seg = le32_make(BLK_MAX_RANGES);
		config->secure_erase_sector_alignment = le32_make(granularity / BLOCK_SECTOR_BYTES);
	}
}
