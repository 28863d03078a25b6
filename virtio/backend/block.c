#include "virtio/backend/block.h"

#include <errno.h>
#include <stddef.h>

#include "virtio/backend/block_format.h"
#include "virtio/backend/block_ops.h"
#include "virtio/backend/block_raw.h"
#include "virtio/backend/overlay/overlay.h"
#include "virtio/backend/qcow2/qcow2.h"
#include "vmm/base/container_of.h"
#include "vmm/base/log.h"

int block_open_format(const struct block_options *options, struct block **out)
{
	struct block_options told = *options;

	if (block_format_of(options) != BLOCK_FORMAT_QCOW2)
		return block_raw_open(options, out);
	told.format = BLOCK_FORMAT_QCOW2;
	return block_qcow2_open(&told, out);
}

/* Makes the disk's logical blocks as large as the options want, whatever the disk below could do. */
static int enlarge_blocks(const struct block_options *options, struct block *block)
{
	struct block_geometry *geometry = &block->geometry;
	uint32_t wanted = options->logical_block_bytes;

	if (wanted <= geometry->logical_block_bytes)
		return 0;
	if (geometry->size_bytes % wanted != 0) {
		log_error("cannot open disk '%s': it is %llu bytes long, which is not a whole number of blocks of %u; "
			  "lengthen it, or leave block=%u away",
			  options->path, (unsigned long long)geometry->size_bytes, wanted, wanted);
		return -EINVAL;
	}
	geometry->logical_block_bytes = wanted;
	if (geometry->physical_block_bytes < wanted)
		geometry->physical_block_bytes = wanted;
	return 0;
}

int block_open(const struct block_options *options, struct block **out)
{
	struct block *block;
	int rc;

	if (options->overlay != BLOCK_OVERLAY_NONE)
		rc = block_overlay_open(options, &block);
	else
		rc = block_open_format(options, &block);
	if (rc < 0)
		return rc;
	rc = enlarge_blocks(options, block);
	if (rc < 0) {
		block_close(block);
		return rc;
	}
	*out = block;
	return 0;
}

void block_close(struct block *block)
{
	if (block != NULL)
		block->ops->close(block);
}

const struct block_geometry *block_geometry(const struct block *block)
{
	return &block->geometry;
}

const char *block_description(const struct block *block)
{
	return block->description;
}

int block_attach(struct block *block, struct loop *loop)
{
	return block->ops->attach(block, loop);
}

void block_detach(struct block *block)
{
	block->ops->detach(block);
}

int block_refresh(struct block *block)
{
	return block->ops->refresh != NULL ? block->ops->refresh(block) : 0;
}

void block_submit(struct block *block, struct block_request *request)
{
	request->block = block;
	request->transferred = 0;
	request->bounce = NULL;
	request->step = 0;
	request->nr_retries = 0;
	block->ops->submit(block, request);
}

void block_cancel(struct block *block)
{
	if (block->ops->cancel != NULL)
		block->ops->cancel(block);
}

static void later_done(struct loop_io *io, int result)
{
	struct block_request *request = container_of(io, struct block_request, io);

	(void)result;
	request->done(request, (int)(int64_t)request->transferred);
}

void block_done_later(struct loop *loop, struct block_request *request, int result)
{
	request->transferred = (uint64_t)(int64_t)result;
	request->io.op = LOOP_IO_NOP;
	request->io.done = later_done;
	loop_io_submit(loop, &request->io);
}
