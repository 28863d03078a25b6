/* An overlay's file: found, checked and locked, or made; or one without a name that goes with its process. */
#ifndef VIRTIO_BACKEND_OVERLAY_FILE_H
#define VIRTIO_BACKEND_OVERLAY_FILE_H

#include "virtio/backend/block_path.h"
#include "virtio/backend/overlay/header.h"

/* Opens and locks options->overlay_path, as an overlay over what `wanted` describes; makes it, empty, if it is not
 * there and the options are not read-only. It gets its name when it is complete, so that nothing is left behind when
 * making it fails or mote is killed. A file that is something else, or an overlay of something else, is not touched:
 * -EINVAL. Otherwise -EBUSY (in use by another), -ENOENT (and read-only), or the errno of what failed. One line is
 * logged. Control thread. */
__attribute__((warn_unused_result)) int overlay_file_open(const struct block_options *options,
							  const struct overlay_header *wanted, struct block_file *file);

/* Makes a sparse file of `size_bytes` without a name in the folder options->overlay_path, or $TMPDIR, or /var/tmp. The
 * errno of what failed, after one line in the log. Control thread. */
__attribute__((warn_unused_result)) int overlay_file_make_temporary(const struct block_options *options,
								    uint64_t size_bytes, struct block_file *file);

#endif
