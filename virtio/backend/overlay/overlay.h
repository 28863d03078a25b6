/* Copy on write over a base that never changes: what is written goes to a sparse file, which can be kept or is gone
 * with its process.
 *
 * Theory of operation. The disk is cut into blocks of 4 KiB, and a bitmap in memory says for each whether it is in the
 * overlay or still in the base. A block is at the same place in the overlay's file as on the disk, so a request whose
 * blocks are all here or all there is sent on as it is. The others are walked, run by run.
 *
 * What is written to blocks that are not here yet goes to their place first, and only then are they marked: until then
 * a read finds the base. Two such writes to the same block must not cross, since one of less than a block copies the
 * rest of it from the base: a run that is being filled is claimed by its walk, and others wait until it is let go.
 *
 * The bitmap is written to a kept overlay's file at a flush, after the blocks: see overlay/bitmap.h. So a crash finds
 * each block that was not flushed as it was, in the base. An overlay that is not kept writes no bitmap and has nothing
 * to flush. */
#ifndef VIRTIO_BACKEND_OVERLAY_OVERLAY_H
#define VIRTIO_BACKEND_OVERLAY_OVERLAY_H

#include "virtio/backend/block_ops.h"
#include "virtio/backend/block_walk.h"
#include "virtio/backend/overlay/bitmap.h"
#include "virtio/backend/overlay/header.h"

/* Owned by the loop's thread between attach and detach, by the control thread otherwise. */
struct overlay {
	struct block block; /* first */
	struct block *base; /* read-only */
	struct block *upper; /* the overlay's file */
	int fd; /* of the overlay's file, which `upper` owns */
	bool kept;
	uint64_t data_offset; /* of the disk's first byte in the overlay's file */
	struct overlay_bitmap bitmap;
	struct loop *loop;
	/* overlay/walk.c */
	struct block_walk_pool walks;
	struct block_walk *filling; /* those that have claimed a run */
	struct block_walk *waiting, **waiting_tail; /* those that want what is claimed */
	struct overlay_page *pages; /* free */
	/* overlay/flush.c */
	struct loop_io publish; /* on the worker's thread while `publishing` */
	bool publishing;
	int sync_error; /* the worker's while `publishing` */
	struct block_request *flushing; /* wait for what is being published */
	struct block_request *flush_next, **flush_next_tail; /* wait for the time after that */
	int lost; /* a negative errno once the kernel could not write what it had taken */
};

/* As block_open(), for options with an overlay. */
__attribute__((warn_unused_result)) int block_overlay_open(const struct block_options *options, struct block **out);

/* --- between the overlay's own files --- */

/* A request that can't be sent on whole. */
void overlay_walk_start(struct overlay *overlay, struct block_request *request);
void overlay_walk_attach(struct overlay *overlay);
void overlay_walk_detach(struct overlay *overlay);

/* Done when all that was done before is in the file, and in its bitmap. */
void overlay_flush_submit(struct overlay *overlay, struct block_request *request);
void overlay_flush_attach(struct overlay *overlay);
/* Writes and synchronises what is not yet; no request is in flight. */
void overlay_flush_detach(struct overlay *overlay);

#endif
