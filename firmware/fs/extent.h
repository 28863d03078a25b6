/* Reading a file whose bytes lie in stretches on the disk, in requests as large as the stretches allow. */
#ifndef FIRMWARE_FS_EXTENT_H
#define FIRMWARE_FS_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/fs/fs.h"

/* A stretch of a file, in bytes. */
struct fs_extent {
	uint64_t file_offset;
	uint64_t len;
	uint64_t disk_offset; /* of its first byte in the source; unset in a hole */
	bool is_hole; /* reads as zeroes */
};

/* Finds the stretch that holds `offset`, which is inside the file, or an error. It may end before its neighbour on the
 * disk begins: adjacent ones are joined here. */
typedef int (*fs_map)(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

/* What fs_ops->read does, by way of `map`. */
__attribute__((warn_unused_result)) int64_t fs_read_extents(struct fs *fs, const struct fs_node *node, fs_map map,
							    uint64_t offset, void *buf, size_t len);

/* Reads a range that must be there in whole: a part of a directory, or of another structure that is kept in a file. 0,
 * FW_ECORRUPT if the file ends before, or another error. */
__attribute__((warn_unused_result)) int fs_read_whole(struct fs *fs, const struct fs_node *node, fs_map map,
						      uint64_t offset, void *buf, size_t len);

#endif
