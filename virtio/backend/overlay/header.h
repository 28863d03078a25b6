/* The first page of an overlay's file.
 *
 * An overlay's file is sparse: this header, one bit for each block of OVERLAY_BLOCK_BYTES (set: the block is here;
 * clear: it is the base's), and from `data_offset` on the blocks, each at its own place of the disk. The header never
 * changes once the file has its name, and a bit is only ever set. Numbers are little-endian. */
#ifndef VIRTIO_BACKEND_OVERLAY_HEADER_H
#define VIRTIO_BACKEND_OVERLAY_HEADER_H

#include <stdint.h>

#include "virtio/backend/block.h"

#define OVERLAY_MAGIC "mote-overlay\r\n\x1a\n"
#define OVERLAY_MAGIC_BYTES 16
#define OVERLAY_HEADER_BYTES 4096
#define OVERLAY_BLOCK_BYTES 4096
#define OVERLAY_BITMAP_OFFSET OVERLAY_HEADER_BYTES
#define OVERLAY_PATH_BYTES 3072

/* What an overlay was made over. */
struct overlay_base {
	enum block_format format; /* RAW or QCOW2 */
	bool is_device; /* then the next three are 0: device nodes come and go */
	uint64_t inode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	char path[OVERLAY_PATH_BYTES]; /* for messages; may be empty */
};

struct overlay_header {
	uint64_t disk_bytes; /* a multiple of BLOCK_SECTOR_BYTES, not 0 */
	struct overlay_base base;
};

/* Where things are in the file of an overlay for a disk of that size, which is at most OVERLAY_MAX_DISK_BYTES. */
#define OVERLAY_MAX_DISK_BYTES (UINT64_C(1) << 56)
uint64_t overlay_nr_blocks(uint64_t disk_bytes);
uint64_t overlay_bitmap_bytes(uint64_t disk_bytes); /* whole pages */
uint64_t overlay_data_offset(uint64_t disk_bytes);
uint64_t overlay_file_bytes(uint64_t disk_bytes);

/* Makes the page. */
void overlay_header_encode(const struct overlay_header *header, uint8_t page[OVERLAY_HEADER_BYTES]);

/* Reads a page that anybody may have written. NULL, or what is wrong with it, as the end of a sentence; *header is set
 * only on success. */
__attribute__((warn_unused_result)) const char *overlay_header_decode(const uint8_t page[OVERLAY_HEADER_BYTES],
								      struct overlay_header *header);

/* Whether the overlay that was made over `recorded` may be used over `found`: NULL, or what is wrong with the
 * latter, as the end of a sentence. */
__attribute__((warn_unused_result)) const char *overlay_base_compare(const struct overlay_header *recorded,
								     const struct overlay_header *found);

#endif
