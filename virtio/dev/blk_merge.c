#include "virtio/dev/blk_merge.h"

#include <stddef.h>

#include "virtio/backend/block_iov.h"
#include "virtio/dev/blk_request.h"

static struct block *disk_of(const struct blk_request *request)
{
	return request->queue->disk->block;
}

static void merged_done(struct block_request *block, int result)
{
	struct blk_merged *merged = (struct blk_merged *)block;
	struct blk_request *request = merged->members, *next;

	blk_pool_give_merged(&request->queue->pool, merged);
	for (; request != NULL; request = next) {
		next = request->next;
		if (result < 0 && !request->queue->disk->dropping)
			block_submit(disk_of(request), &request->block);
		else
			request->block.done(&request->block, result);
	}
}

static void submit_merged(const struct blk_merge *merge)
{
	const struct blk_request *first = merge->first;
	struct blk_merged *merged = blk_pool_take_merged(&first->queue->pool);
	unsigned int nr_iov = 0;

	/* The members keep theirs, which a disk would consume. */
	for (const struct blk_request *member = first; member != NULL; member = member->next)
		nr_iov = iov_append(merged->iov, nr_iov, member->block.iov, member->block.nr_iov);
	merged->members = merge->first;
	merged->block.op = first->block.op;
	merged->block.offset = first->block.offset;
	merged->block.length = merge->length;
	merged->block.iov = merged->iov;
	merged->block.nr_iov = nr_iov;
	merged->block.done = merged_done;
	block_submit(disk_of(first), &merged->block);
}

void blk_merge_submit(struct blk_merge *merge)
{
	struct blk_request *first = merge->first;

	if (first == NULL)
		return;
	if (first == merge->last)
		block_submit(disk_of(first), &first->block);
	else
		submit_merged(merge);
	*merge = (struct blk_merge){ 0 };
}

/* Whether the disk takes the buffers as they are. Others go through a copy, on which their neighbours need not go. */
static bool is_aligned(const struct blk_request *request)
{
	const struct block_geometry *geometry = request->queue->disk->geometry;

	return geometry->buffer_align == 1 ||
	       block_iov_is_aligned(request->block.iov, request->block.nr_iov, geometry->buffer_align,
				    geometry->logical_block_bytes);
}

static bool joins(const struct blk_merge *merge, const struct blk_request *request, bool aligned)
{
	const struct block_geometry *geometry = request->queue->disk->geometry;
	uint64_t start = merge->first->block.offset, end = start + merge->length;

	return request->block.op == merge->first->block.op && request->block.offset == end &&
	       aligned == merge->aligned && merge->length + request->block.length <= geometry->merge_bytes &&
	       merge->nr_iov + request->block.nr_iov <= BLK_MERGE_SEGMENTS &&
	       merge->nr_iov + request->block.nr_iov <= geometry->max_segments;
}

void blk_merge_add(struct blk_merge *merge, struct blk_request *request)
{
	bool aligned = is_aligned(request);

	if (merge->first != NULL && !joins(merge, request, aligned))
		blk_merge_submit(merge);
	request->next = NULL;
	if (merge->first == NULL)
		merge->first = request;
	else
		merge->last->next = request;
	merge->last = request;
	merge->aligned = aligned;
	merge->nr_iov += request->block.nr_iov;
	merge->length += request->block.length;
}
