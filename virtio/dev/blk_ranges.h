/* Where on the disk a driver's request is to go, checked. */
#ifndef VIRTIO_DEV_BLK_RANGES_H
#define VIRTIO_DEV_BLK_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/core/cursor.h"
#include "virtio/dev/blk_request.h"

/* Sets *offset, in bytes, if the `length` bytes from `sector` on lie inside the disk in whole logical blocks. */
bool blk_locate(const struct block_geometry *geometry, uint64_t sector, uint64_t length, uint64_t *offset);

/* Reads the ranges of a discard, write-zeroes (BLOCK_WRITE_ZEROES) or secure erase request (virtio 1.2, 5.2.6) into
 * request->ranges, without those that are empty. A VIRTIO_BLK_S_ status; if it is not OK the ranges count for nothing.
 */
uint8_t blk_ranges_read(struct blk_request *request, enum block_op op, struct cursor *data);

#endif
