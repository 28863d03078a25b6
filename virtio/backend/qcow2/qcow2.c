/* The image as a disk: what of a request can be forwarded as it is, and who does the rest. */
#include "virtio/backend/qcow2/qcow2.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "virtio/backend/qcow2/alloc.h"
#include "virtio/backend/qcow2/fetch.h"
#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/map.h"
#include "virtio/backend/qcow2/open.h"
#include "virtio/backend/qcow2/publish.h"
#include "virtio/backend/qcow2/queue.h"
#include "virtio/backend/qcow2/reap.h"
#include "virtio/backend/qcow2/steps.h"
#include "virtio/backend/qcow2/table.h"
#include "vmm/base/checked.h"
#include "vmm/base/log.h"

#define TABLES_BYTES (16u * 1024 * 1024)
#define BUFFERS_BYTES (8u * 1024 * 1024)
#define MIN_TABLES 16
#define MIN_BUFFERS 2
#define MAX_BUFFERS 64

/* What one discard or write-zeroes may span: bounds how many entries are changed in one go. */
#define MAX_ZERO_CLUSTERS 65536u
#define MAX_ZERO_BYTES (1u << 30)

/* Where the whole range lies, if that is known without waiting. */
static bool map_whole(struct qcow2 *image, const struct block_request *request, struct qcow2_extent *extent)
{
	uint64_t i = qcow2_l1_index(image, request->offset);
	struct qcow2_table *table = image->l2[i];

	if (table == NULL ? (image->l1[i] & QCOW2_OFFSET_MASK) != 0 : table->state != QCOW2_TABLE_READY)
		return false;
	if (table != NULL)
		table->used = true;
	return qcow2_map(image, table, request->offset, request->length, extent) == 0 &&
	       extent->length == request->length;
}

static bool forward_read(struct qcow2 *image, struct block_request *request)
{
	struct qcow2_extent extent;

	if (!map_whole(image, request, &extent))
		return false;
	if (extent.kind == QCOW2_IS_DATA && extent.host + extent.length <= image->file_bytes) {
		request->offset = extent.host;
		block_submit(image->file, request);
		return true;
	}
	if (extent.kind == QCOW2_IS_ABSENT && image->backing != NULL &&
	    range_contains(0, image->backing->geometry.size_bytes, request->offset, request->length)) {
		block_submit(image->backing, request);
		return true;
	}
	return false;
}

static bool forward_write(struct qcow2 *image, struct block_request *request)
{
	struct qcow2_extent extent;

	if (!map_whole(image, request, &extent) || extent.kind != QCOW2_IS_DATA || !extent.owned ||
	    !(image->l1[qcow2_l1_index(image, request->offset)] & QCOW2_COPIED) || image->damaged)
		return false;
	request->offset = extent.host;
	block_submit(image->file, request);
	return true;
}

static void qcow2_submit(struct block *block, struct block_request *request)
{
	struct qcow2 *image = qcow2_of(block);

	if (request->op == BLOCK_FLUSH) {
		qcow2_publish_flush(image, request);
	} else if (request->op == BLOCK_SECURE_ERASE) {
		block_done_later(image->loop, request, -EOPNOTSUPP);
	} else if (request->op != BLOCK_READ && block->geometry.read_only) {
		block_done_later(image->loop, request, -EROFS);
	} else if (request->length == 0) {
		block_submit(image->file, request);
	} else if (request->op == BLOCK_READ) {
		if (!forward_read(image, request))
			block_walk_start(&image->walks, block, request, qcow2_read_step);
	} else if (request->op == BLOCK_WRITE || request->op == BLOCK_WRITE_DURABLE) {
		/* A durable write is more than its data as long as there are changes to publish. */
		if ((request->op == BLOCK_WRITE_DURABLE && !qcow2_publish_is_done(image)) ||
		    !forward_write(image, request))
			block_walk_start(&image->walks, block, request, qcow2_write_step);
	} else {
		block_walk_start(&image->walks, block, request, qcow2_zero_step);
	}
}

/* --- attach --- */

static void measure(struct qcow2 *image)
{
	const struct block_geometry *file = &image->file->geometry;
	const struct block_geometry *backing = image->backing != NULL ? &image->backing->geometry : NULL;
	struct block_geometry *geometry = &image->block.geometry;
	uint64_t zero_bytes = MAX_ZERO_CLUSTERS * image->cluster_bytes;

	geometry->min_io_bytes = file->min_io_bytes;
	geometry->opt_io_bytes = (uint32_t)image->cluster_bytes;
	geometry->buffer_align = file->buffer_align;
	if (backing != NULL && backing->buffer_align > geometry->buffer_align)
		geometry->buffer_align = backing->buffer_align;
	geometry->max_segments = file->max_segments;
	geometry->merge_bytes = file->merge_bytes;
	if (geometry->read_only)
		return;
	geometry->can_write_zeroes = true;
	geometry->max_write_zeroes_bytes = zero_bytes < MAX_ZERO_BYTES ? zero_bytes : MAX_ZERO_BYTES;
	/* Version 2 has no way to tell that there are zeros over the backing file's data. */
	if (!image->discard || (image->header.version < 3 && image->backing != NULL))
		return;
	geometry->can_discard = true;
	geometry->zeroes_may_unmap = true;
	geometry->max_discard_bytes = geometry->max_write_zeroes_bytes;
	geometry->discard_granularity_bytes = (uint32_t)image->cluster_bytes;
}

/* What must be so before the image is changed for the first time. */
static int prepare_to_write(struct qcow2 *image)
{
	uint64_t cluster_end;

	if (image->is_device) {
		image->fresh_from = UINT64_MAX;
	} else {
		/* QEMU leaves the last cluster cut off. */
		if (!checked_align_up(image->file_bytes, image->cluster_bytes, &cluster_end))
			return -EFBIG;
		if (cluster_end != image->file_bytes && ftruncate(image->fd, (off_t)cluster_end) < 0)
			return -errno;
		image->file_bytes = image->used_bytes = image->fresh_from = cluster_end;
	}
	/* What these bits vouch for, such as dirty bitmaps, is about to become outdated. */
	if (image->header.autoclear != 0) {
		const uint64_t none = 0;
		int rc = qcow2_file_write(image, &none, sizeof(none), QCOW2_HEADER_AUTOCLEAR);

		if (rc < 0)
			return rc;
		if (fdatasync(image->fd) < 0)
			return -errno;
		image->header.autoclear = 0;
	}
	return 0;
}

static void init_attached(struct qcow2 *image, struct loop *loop)
{
	uint64_t tables = TABLES_BYTES / image->cluster_bytes;
	uint64_t buffers = BUFFERS_BYTES / image->cluster_bytes;

	image->loop = loop;
	block_walk_pool_init(&image->walks, loop);
	image->walks.ended = qcow2_alloc_ended;
	image->tables = NULL;
	image->tables_tail = &image->tables;
	image->max_tables = tables > MIN_TABLES ? (unsigned int)tables : MIN_TABLES;
	image->max_buffers = buffers > MAX_BUFFERS   ? MAX_BUFFERS
			     : buffers > MIN_BUFFERS ? (unsigned int)buffers
						     : MIN_BUFFERS;
	qcow2_queue_init(&image->no_room);
	qcow2_queue_init(&image->no_buffer);
	qcow2_queue_init(&image->no_fetch);
	qcow2_queue_init(&image->ready);
	image->task = (struct loop_task){ .run = qcow2_queue_run };
	image->flushes = NULL;
	image->flushes_tail = &image->flushes;
	image->publish_error = 0;
	qcow2_reap_init(image);
}

static int qcow2_attach(struct block *block, struct loop *loop)
{
	struct qcow2 *image = qcow2_of(block);
	int rc = block_attach(image->file, loop);

	if (rc < 0)
		return rc;
	if (image->backing != NULL) {
		rc = block_attach(image->backing, loop);
		if (rc < 0)
			goto detach_file;
	}
	if (!block->geometry.read_only) {
		rc = prepare_to_write(image);
		if (rc < 0)
			goto detach_backing;
	}
	init_attached(image, loop);
	measure(image);
	return 0;

detach_backing:
	if (image->backing != NULL)
		block_detach(image->backing);
detach_file:
	block_detach(image->file);
	return rc;
}

static bool is_idle(void *arg)
{
	const struct qcow2 *image = arg;

	return image->publish == NULL && !image->punching && image->reaper.position == 0 && image->ready.head == NULL;
}

/* Leaves the disk as if nobody had ever cached anything. */
static void settle(struct qcow2 *image)
{
	int rc = qcow2_publish_now(image);

	if (rc == 0)
		rc = qcow2_reap_now(image);
	if (rc == 0)
		rc = qcow2_publish_now(image);
	if (rc == 0 && !image->is_device && image->used_bytes < image->file_bytes) {
		if (ftruncate(image->fd, (off_t)image->used_bytes) < 0)
			rc = -errno;
		else
			image->file_bytes = image->used_bytes;
	}
	if (rc < 0)
		log_error("disk %s: its last changes can't be written: %s; what was flushed is there",
			  image->block.description, strerror(-rc));
}

static void qcow2_detach(struct block *block)
{
	struct qcow2 *image = qcow2_of(block);

	if (image->loop == NULL)
		return;
	loop_drain(image->loop, is_idle, image);
	if (!block->geometry.read_only)
		settle(image);
	loop_defer_cancel(image->loop, &image->task);
	qcow2_table_drop_all(image);
	qcow2_fetch_drop_all(image);
	qcow2_alloc_drop_all(image);
	qcow2_reap_drop_all(image);
	block_walk_pool_fini(&image->walks);
	image->loop = NULL;
	if (image->backing != NULL)
		block_detach(image->backing);
	block_detach(image->file);
}

static void qcow2_close(struct block *block)
{
	qcow2_free(qcow2_of(block));
}

const struct block_ops qcow2_ops = {
	.attach = qcow2_attach,
	.detach = qcow2_detach,
	.submit = qcow2_submit,
	.close = qcow2_close,
};
