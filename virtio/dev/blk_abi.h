/* What virtio-blk puts on the wire (virtio 1.2, 5.2). */
#ifndef VIRTIO_DEV_BLK_ABI_H
#define VIRTIO_DEV_BLK_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/endian.h"

/* Feature bits (5.2.3). */
#define VIRTIO_BLK_F_SEG_MAX_BIT 2
#define VIRTIO_BLK_F_RO_BIT 5
#define VIRTIO_BLK_F_BLK_SIZE_BIT 6
#define VIRTIO_BLK_F_FLUSH_BIT 9
#define VIRTIO_BLK_F_TOPOLOGY_BIT 10
#define VIRTIO_BLK_F_CONFIG_WCE_BIT 11
#define VIRTIO_BLK_F_MQ_BIT 12
#define VIRTIO_BLK_F_DISCARD_BIT 13
#define VIRTIO_BLK_F_WRITE_ZEROES_BIT 14
#define VIRTIO_BLK_F_SECURE_ERASE_BIT 16

/* Device configuration (5.2.4). */
struct virtio_blk_config {
	le64 capacity; /* in sectors of 512 bytes, like all below that do not say otherwise */
	le32 size_max;
	le32 seg_max;
	struct {
		le16 cylinders;
		uint8_t heads;
		uint8_t sectors;
	} geometry;
	le32 blk_size; /* bytes of a logical block */
	struct {
		uint8_t physical_block_exp; /* log2 of logical blocks in a physical one */
		uint8_t alignment_offset; /* logical blocks */
		le16 min_io_size; /* logical blocks */
		le32 opt_io_size; /* logical blocks */
	} topology;
	uint8_t writeback;
	uint8_t unused0;
	le16 num_queues;
	le32 max_discard_sectors;
	le32 max_discard_seg;
	le32 discard_sector_alignment;
	le32 max_write_zeroes_sectors;
	le32 max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	le32 max_secure_erase_sectors;
	le32 max_secure_erase_seg;
	le32 secure_erase_sector_alignment;
};

_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "virtio 1.2, 5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, topology) == 24, "virtio 1.2, 5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, writeback) == 32, "virtio 1.2, 5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "virtio 1.2, 5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "virtio 1.2, 5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, write_zeroes_may_unmap) == 56, "virtio 1.2, 5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_secure_erase_sectors) == 60, "virtio 1.2, 5.2.4");
_Static_assert(sizeof(struct virtio_blk_config) == 72, "no padding: it would hide bytes that belong to newer fields");

/* Before the data of each request (5.2.6); a status byte is the last that the device writes. */
struct virtio_blk_header {
	le32 type;
	le32 reserved;
	le64 sector;
};

_Static_assert(sizeof(struct virtio_blk_header) == 16, "virtio 1.2, 5.2.6");

#define VIRTIO_BLK_T_IN 0
#define VIRTIO_BLK_T_OUT 1
#define VIRTIO_BLK_T_FLUSH 4
#define VIRTIO_BLK_T_GET_ID 8
#define VIRTIO_BLK_T_DISCARD 11
#define VIRTIO_BLK_T_WRITE_ZEROES 13
#define VIRTIO_BLK_T_SECURE_ERASE 14

#define VIRTIO_BLK_S_OK 0
#define VIRTIO_BLK_S_IOERR 1
#define VIRTIO_BLK_S_UNSUPP 2

#define VIRTIO_BLK_ID_BYTES 20

/* Each part of the data of a discard, write-zeroes or secure erase request (5.2.6). */
struct virtio_blk_range {
	le64 sector;
	le32 nr_sectors;
	le32 flags;
};

_Static_assert(sizeof(struct virtio_blk_range) == 16, "virtio 1.2, 5.2.6");

#define VIRTIO_BLK_RANGE_F_UNMAP 1

#endif
