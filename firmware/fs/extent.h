/* Reading a file whose bytes lie in stretches on the disk, in requests as large as the stretches allow. */
#ifndef FIRMWARE_FS_EXTENT_H
#define FIRMWARE_FS_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/fs/fs.h"
#include "firmware/fs/packed.h"

/* A stretch of a file, in bytes. */
struct fs_extent {
	uint64_t file_offset;
	uint64_t len;
	uint64_t disk_offset; /* of its first byte in the source; unset in a hole */
	bool is_hole; /* reads as zeroes */
	/* If its codec is another than FS_PLAIN: the stretch is compressed, and lies there, not at disk_offset. */
	struct fs_packed packed;
	uint64_t packed_offset; /* of the stretch's first byte in what is unpacked */
};

/* fs_ops->read. Stretches that lie next to each other are read at once. */
__attribute__((warn_unused_result)) int64_t fs_read_extents(struct fs *fs, const struct fs_node *node, uint64_t offset,
							    void *buf, size_t len);

/* Reads a range that must be there in whole: a part of a directory, or of another structure that is kept in a file. 0,
 * FW_ECORRUPT if the file ends before, or another error. */
__attribute__((warn_unused_result)) int fs_read_whole(struct fs *fs, const struct fs_node *node, uint64_t offset,
						      void *buf, size_t len);

/* fs_ops->read_link, where the target is what a file would have as its bytes. */
int fs_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1]);

#endif
