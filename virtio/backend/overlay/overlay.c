#include "virtio/backend/overlay/overlay.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "virtio/backend/block_format.h"
#include "virtio/backend/block_raw.h"
#include "virtio/backend/overlay/file.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* --- requests --- */

/* Whether all of the request's blocks are here, or all still in the base. */
static bool is_uniform(const struct overlay *overlay, const struct block_request *request, bool *here)
{
	uint64_t first = request->offset / OVERLAY_BLOCK_BYTES;
	uint64_t nr = (request->offset + request->length - 1) / OVERLAY_BLOCK_BYTES - first + 1;

	return overlay_bitmap_run(&overlay->bitmap, first, nr, here) == nr;
}

static bool is_written(const struct overlay *overlay, const struct block_request *request)
{
	uint64_t first = request->offset / OVERLAY_BLOCK_BYTES;
	uint64_t last = (request->offset + request->length - 1) / OVERLAY_BLOCK_BYTES;

	return overlay_bitmap_is_written(&overlay->bitmap, first, last - first + 1);
}

static void send_here(struct overlay *overlay, struct block_request *request)
{
	request->offset += overlay->data_offset;
	block_submit(overlay->upper, request);
}

static void overlay_submit(struct block *block, struct block_request *request)
{
	struct overlay *overlay = (struct overlay *)block;
	bool here;

	if (request->op == BLOCK_FLUSH) {
		overlay_flush_submit(overlay, request);
		return;
	}
	if (request->op == BLOCK_SECURE_ERASE || (request->op != BLOCK_READ && block->geometry.read_only)) {
		block_done_later(overlay->loop, request, request->op == BLOCK_SECURE_ERASE ? -EOPNOTSUPP : -EBADF);
		return;
	}
	if (request->length == 0) {
		block_done_later(overlay->loop, request, 0);
		return;
	}
	if (!is_uniform(overlay, request, &here)) {
		overlay_walk_start(overlay, request);
		return;
	}
	if (request->op == BLOCK_READ && !here) {
		block_submit(overlay->base, request);
		return;
	}
	/* Nobody will look for what a temporary overlay holds, so it need not survive anything. */
	if (request->op == BLOCK_WRITE_DURABLE && !overlay->kept)
		request->op = BLOCK_WRITE;
	if (!here || (request->op == BLOCK_WRITE_DURABLE && !is_written(overlay, request)))
		overlay_walk_start(overlay, request);
	else
		send_here(overlay, request);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* What a base knows only once it is attached. */
static void limit_to_base(struct overlay *overlay)
{
	const struct block_geometry *base = block_geometry(overlay->base);
	struct block_geometry *geometry = &overlay->block.geometry;

	geometry->opt_io_bytes = base->opt_io_bytes;
	geometry->buffer_align = larger(base->buffer_align, geometry->buffer_align);
	if (geometry->max_segments > base->max_segments)
		geometry->max_segments = base->max_segments;
}

static int overlay_attach(struct block *block, struct loop *loop)
{
	struct overlay *overlay = (struct overlay *)block;
	int rc;

	rc = block_attach(overlay->base, loop);
	if (rc < 0)
		return rc;
	rc = block_attach(overlay->upper, loop);
	if (rc < 0) {
		block_detach(overlay->base);
		return rc;
	}
	overlay->loop = loop;
	limit_to_base(overlay);
	overlay_walk_attach(overlay);
	overlay_flush_attach(overlay);
	return 0;
}

static void overlay_detach(struct block *block)
{
	struct overlay *overlay = (struct overlay *)block;

	if (overlay->loop == NULL)
		return;
	overlay_flush_detach(overlay);
	overlay_walk_detach(overlay);
	overlay->loop = NULL;
	block_detach(overlay->upper);
	block_detach(overlay->base);
}

static void overlay_close(struct block *block)
{
	struct overlay *overlay = (struct overlay *)block;

	block_close(overlay->upper);
	block_close(overlay->base);
	overlay_bitmap_fini(&overlay->bitmap);
	free(overlay);
}

static const struct block_ops overlay_ops = {
	.attach = overlay_attach,
	.detach = overlay_detach,
	.submit = overlay_submit,
	.close = overlay_close,
};

/* --- opening --- */

/* The disk has the base's size, and can do what the overlay's file can. */
static void set_geometry(struct overlay *overlay)
{
	const struct block_geometry *base = block_geometry(overlay->base), *upper = block_geometry(overlay->upper);
	struct block_geometry *geometry = &overlay->block.geometry;

	*geometry = *upper;
	geometry->size_bytes = base->size_bytes;
	geometry->logical_block_bytes = larger(base->logical_block_bytes, upper->logical_block_bytes);
	/* Less than a block of the overlay means copying. */
	geometry->physical_block_bytes = larger(base->physical_block_bytes, OVERLAY_BLOCK_BYTES);
	geometry->min_io_bytes = geometry->physical_block_bytes;
	if (geometry->can_discard)
		geometry->discard_granularity_bytes = larger(upper->discard_granularity_bytes, OVERLAY_BLOCK_BYTES);
	geometry->can_secure_erase = false;
	geometry->max_secure_erase_bytes = 0;
}

/* What the base is, as a kept overlay remembers it. */
static int identify(const struct block_options *options, const struct block *base, struct overlay_header *header)
{
	struct stat st;
	char *path;

	if (stat(options->path, &st) < 0) {
		int rc = -errno;

		log_error("cannot open disk '%s': %s", options->path, strerror(-rc));
		return rc;
	}
	*header = (struct overlay_header){
		.disk_bytes = block_geometry(base)->size_bytes,
		.base = { .format = block_format_of(options), .is_device = S_ISBLK(st.st_mode) },
	};
	if (S_ISREG(st.st_mode)) {
		header->base.inode = st.st_ino;
		header->base.mtime_s = st.st_mtim.tv_sec;
		header->base.mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	}
	path = realpath(options->path, NULL);
	if (path != NULL && strlen(path) < OVERLAY_PATH_BYTES)
		strcpy(header->base.path, path);
	free(path);
	return 0;
}

/* Opens the overlay's file as the block above the base. */
static int open_upper(const struct block_options *options, const struct overlay_header *header, struct overlay *overlay)
{
	struct block_options upper = { .path = overlay->kept ? options->overlay_path : "temporary file",
				       .format = BLOCK_FORMAT_RAW,
				       .read_only = options->read_only,
				       .cache = options->cache,
				       .discard = options->discard };
	struct block_file file;
	int rc;

	if (overlay->kept)
		rc = overlay_file_open(options, header, &file);
	else
		rc = overlay_file_make_temporary(options, overlay_nr_blocks(header->disk_bytes) * OVERLAY_BLOCK_BYTES,
						 &file);
	if (rc < 0)
		return rc;
	rc = overlay_bitmap_init(&overlay->bitmap, overlay_bitmap_bytes(header->disk_bytes), overlay->kept);
	if (rc < 0) {
		log_error("cannot open disk '%s': no memory for the overlay's map", options->path);
		goto close_file;
	}
	if (overlay->kept) {
		rc = overlay_bitmap_load(&overlay->bitmap, file.fd, OVERLAY_BITMAP_OFFSET);
		if (rc < 0) {
			log_error("cannot use overlay '%s': it can't be read: %s", options->overlay_path,
				  strerror(-rc));
			goto free_bitmap;
		}
	}
	rc = block_raw_create(&upper, &file, &overlay->upper);
	if (rc < 0)
		goto free_bitmap;
	overlay->fd = file.fd;
	return 0;

free_bitmap:
	overlay_bitmap_fini(&overlay->bitmap);
close_file:
	fd_close(&file.fd);
	return rc;
}

static void describe(struct overlay *overlay)
{
	const char *base = overlay->base->description;
	size_t len = strlen(base);

	/* A long path's end says more than its beginning. */
	snprintf(overlay->block.description, sizeof(overlay->block.description), "%s%.96s (%s overlay)",
		 len > 96 ? "..." : "", len > 96 ? base + len - 96 : base, overlay->kept ? "kept" : "temporary");
}

int block_overlay_open(const struct block_options *options, struct block **out)
{
	struct block_options below = *options;
	struct overlay_header header = { 0 };
	struct overlay *overlay;
	int rc;

	below.read_only = true;
	below.overlay = BLOCK_OVERLAY_NONE;
	/* Nothing will be written, so there is nothing to throw away. */
	if (options->read_only && options->overlay == BLOCK_OVERLAY_TEMPORARY)
		return block_open_format(&below, out);

	overlay = calloc(1, sizeof(*overlay));
	if (overlay == NULL)
		return -ENOMEM;
	overlay->block.ops = &overlay_ops;
	overlay->kept = options->overlay == BLOCK_OVERLAY_KEEP;
	rc = block_open_format(&below, &overlay->base);
	if (rc < 0)
		goto free_overlay;
	if (block_geometry(overlay->base)->size_bytes > OVERLAY_MAX_DISK_BYTES) {
		log_error("cannot open disk '%s': it is too large for an overlay", options->path);
		rc = -EFBIG;
		goto close_base;
	}
	rc = identify(options, overlay->base, &header);
	if (rc < 0)
		goto close_base;
	rc = open_upper(options, &header, overlay);
	if (rc < 0)
		goto close_base;
	overlay->data_offset = overlay->kept ? overlay_data_offset(header.disk_bytes) : 0;
	set_geometry(overlay);
	describe(overlay);
	*out = &overlay->block;
	return 0;

close_base:
	block_close(overlay->base);
free_overlay:
	free(overlay);
	return rc;
}
