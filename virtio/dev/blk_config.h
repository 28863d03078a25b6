/* What a virtio-blk device says of its disk: features and configuration space (virtio 1.2, 5.2.3 and 5.2.4). */
#ifndef VIRTIO_DEV_BLK_CONFIG_H
#define VIRTIO_DEV_BLK_CONFIG_H

#include <stdint.h>

#include "virtio/backend/block.h"
#include "virtio/dev/blk_abi.h"

/* The features that a disk of this geometry offers. */
uint64_t blk_config_features(const struct block_geometry *geometry, unsigned int nr_queues);

/* Its configuration space. `queue_max_size` bounds the segments of a request. */
void blk_config_fill(struct virtio_blk_config *config, const struct block_geometry *geometry, unsigned int nr_queues,
		     unsigned int queue_max_size);

/* The longest range that one request may discard, zero or erase, in sectors; 0 if the disk can't do it. */
uint32_t blk_max_discard_sectors(const struct block_geometry *geometry);
uint32_t blk_max_write_zeroes_sectors(const struct block_geometry *geometry);
uint32_t blk_max_secure_erase_sectors(const struct block_geometry *geometry);

#endif
