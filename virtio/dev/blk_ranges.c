#include "virtio/dev/blk_ranges.h"

#include "virtio/dev/blk_config.h"
#include "vmm/base/checked.h"

bool blk_locate(const struct block_geometry *geometry, uint64_t sector, uint64_t length, uint64_t *offset)
{
	uint64_t start;

	if (!checked_mul_u64(sector, BLOCK_SECTOR_BYTES, &start) ||
	    !range_contains(0, geometry->size_bytes, start, length))
		return false;
	if (start % geometry->logical_block_bytes != 0 || length % geometry->logical_block_bytes != 0)
		return false;
	*offset = start;
	return true;
}

static uint32_t max_sectors_of(const struct block_geometry *geometry, enum block_op op)
{
	if (op == BLOCK_DISCARD)
		return blk_max_discard_sectors(geometry);
	return op == BLOCK_SECURE_ERASE ? blk_max_secure_erase_sectors(geometry)
					: blk_max_write_zeroes_sectors(geometry);
}

/* Checks one range of the driver's and adds it to the request, unless it is empty. The status. */
static uint8_t add_range(struct blk_request *request, enum block_op op, const struct virtio_blk_range *wire)
{
	const struct block_geometry *geometry = request->queue->disk->geometry;
	uint32_t nr_sectors = le32_get(wire->nr_sectors);
	uint32_t flags = le32_get(wire->flags);
	uint32_t known_flags = op == BLOCK_WRITE_ZEROES ? VIRTIO_BLK_RANGE_F_UNMAP : 0;
	uint64_t length = (uint64_t)nr_sectors * BLOCK_SECTOR_BYTES;
	uint64_t offset;

	if (flags & ~known_flags)
		return VIRTIO_BLK_S_UNSUPP;
	if (nr_sectors > max_sectors_of(geometry, op) || !blk_locate(geometry, le64_get(wire->sector), length, &offset))
		return VIRTIO_BLK_S_IOERR;
	if (length > 0)
		request->ranges[request->nr_ranges++] = (struct blk_range){
			.offset_bytes = offset,
			.length_bytes = length,
			.unmap = (flags & VIRTIO_BLK_RANGE_F_UNMAP) && geometry->zeroes_may_unmap,
		};
	return VIRTIO_BLK_S_OK;
}

uint8_t blk_ranges_read(struct blk_request *request, enum block_op op, struct cursor *data)
{
	struct virtio_blk_range wire;

	if (request->queue->disk->geometry->read_only || data->nr_bytes == 0 || data->nr_bytes % sizeof(wire) != 0 ||
	    data->nr_bytes / sizeof(wire) > BLK_MAX_RANGES)
		return VIRTIO_BLK_S_IOERR;
	while (cursor_read(data, &wire, sizeof(wire)) == sizeof(wire)) {
		uint8_t status = add_range(request, op, &wire);

		if (status != VIRTIO_BLK_S_OK)
			return status;
	}
	return VIRTIO_BLK_S_OK;
}
