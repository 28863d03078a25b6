#include "virtio/backend/block.h"

#include "virtio/backend/block_ops.h"
#include "virtio/backend/block_raw.h"

int block_open(const struct block_options *options, struct block **out)
{
	return block_raw_open(options, out);
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

void block_submit(struct block *block, struct block_request *request)
{
	request->block = block;
	request->transferred = 0;
	request->bounce = NULL;
	request->step = 0;
	request->nr_retries = 0;
	block->ops->submit(block, request);
}
