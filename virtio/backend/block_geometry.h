/* What a file or device is like: block sizes, alignment, and what it can do besides reading and writing. */
#ifndef VIRTIO_BACKEND_BLOCK_GEOMETRY_H
#define VIRTIO_BACKEND_BLOCK_GEOMETRY_H

#include "virtio/backend/block_path.h"

/* Fills `geometry`. Nothing that the disk holds is changed by looking. 0; or, after one line in the log, -ENOTSUP
 * (blocks larger than 4096 bytes) or -EINVAL (O_DIRECT is impossible, or the size is not a multiple of its blocks).
 * Control thread. */
__attribute__((warn_unused_result)) int block_geometry_measure(const struct block_options *options,
							       const struct block_file *file,
							       struct block_geometry *geometry);

#endif
