/* A raw disk: guest sectors are the file's or device's own. */
#ifndef VIRTIO_BACKEND_BLOCK_RAW_H
#define VIRTIO_BACKEND_BLOCK_RAW_H

#include "virtio/backend/block_bounce.h"
#include "virtio/backend/block_ops.h"
#include "virtio/backend/block_path.h"

/* Owned by the loop's thread between attach and detach, by the control thread otherwise. */
struct block_raw {
	struct block block; /* first */
	struct block_file file;
	struct loop *loop;
	int index; /* of the registered file */
	struct block_bounce bounce;
	/* False once the file or device has refused. */
	bool can_punch;
	bool can_zero_range;
};

/* As block_open(), for a disk without a format: what begins like one is refused unless the options say RAW. */
__attribute__((warn_unused_result)) int block_raw_open(const struct block_options *options, struct block **out);
/* The same for a file that is open, locked and looked at already: a format's own. The block takes `file->fd` over, and
 * closes it; on failure, after one line in the log, it is still the caller's. -ENOMEM or as block_geometry_measure().
 * The requests' offsets are the file's, and may lie beyond its size: what is written there lengthens it. */
__attribute__((warn_unused_result)) int block_raw_create(const struct block_options *options,
							 const struct block_file *file, struct block **out);

/* The zeroing half, in block_zero.c: DISCARD, WRITE_ZEROES, WRITE_ZEROES_UNMAP and SECURE_ERASE. */
void block_zero_submit(struct block_raw *raw, struct block_request *request);

#endif
