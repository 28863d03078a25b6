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

/* As block_open(). */
__attribute__((warn_unused_result)) int block_raw_open(const struct block_options *options, struct block **out);

/* The zeroing half, in block_zero.c: DISCARD, WRITE_ZEROES and WRITE_ZEROES_UNMAP. */
void block_zero_submit(struct block_raw *raw, struct block_request *request);

#endif
