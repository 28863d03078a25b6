#include "virtio/dev/blk_pool.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "virtio/dev/blk_merge.h"
#include "virtio/dev/blk_request.h"
#include "vmm/core/memory.h"

int blk_pool_init(struct blk_pool *pool, unsigned int queue_size, bool twice)
{
	/* Every descriptor may be a segment, and some may span two regions of guest memory. */
	unsigned int max_segments = queue_size + GUEST_MEMORY_MAX_REGIONS;
	size_t requests_bytes = queue_size * sizeof(struct blk_request);
	unsigned int array_length = twice ? 2 * max_segments : max_segments;
	size_t scratch_bytes = max_segments * sizeof(struct iovec);
	size_t segments_bytes = (size_t)queue_size * array_length * sizeof(struct iovec);
	size_t merged_bytes = queue_size / 2 * sizeof(struct blk_merged);
	size_t bytes = requests_bytes + scratch_bytes + segments_bytes + merged_bytes;
	uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	*pool = (struct blk_pool){
		.requests = (struct blk_request *)memory,
		.scratch = (struct iovec *)(memory + requests_bytes),
		.segments = (struct iovec *)(memory + requests_bytes + scratch_bytes),
		.merged = (struct blk_merged *)(memory + requests_bytes + scratch_bytes + segments_bytes),
		.max_segments = max_segments,
		.array_length = array_length,
		.nr_requests = queue_size,
		.mapped_bytes = bytes,
	};
	return 0;
}

void blk_pool_fini(struct blk_pool *pool)
{
	if (pool->mapped_bytes > 0)
		munmap(pool->requests, pool->mapped_bytes);
	*pool = (struct blk_pool){ 0 };
}

struct blk_request *blk_pool_take(struct blk_pool *pool)
{
	struct blk_request *request = pool->free_requests;

	if (request) {
		pool->free_requests = request->next;
		return request;
	}
	assert(pool->fresh_request < pool->nr_requests);
	return &pool->requests[pool->fresh_request++];
}

struct iovec *blk_pool_take_segments(struct blk_pool *pool)
{
	struct iovec *segments = pool->free_segments;

	if (segments) {
		pool->free_segments = segments->iov_base;
		return segments;
	}
	assert(pool->fresh_segments < pool->nr_requests);
	return &pool->segments[(size_t)pool->array_length * pool->fresh_segments++];
}

void blk_pool_give(struct blk_pool *pool, struct blk_request *request, struct iovec *segments)
{
	request->next = pool->free_requests;
	pool->free_requests = request;
	if (segments) {
		segments->iov_base = pool->free_segments;
		pool->free_segments = segments;
	}
}

struct blk_merged *blk_pool_take_merged(struct blk_pool *pool)
{
	struct blk_merged *merged = pool->free_merged;

	if (merged) {
		pool->free_merged = merged->next_free;
		return merged;
	}
	assert(pool->fresh_merged < pool->nr_requests / 2);
	return &pool->merged[pool->fresh_merged++];
}

void blk_pool_give_merged(struct blk_pool *pool, struct blk_merged *merged)
{
	merged->next_free = pool->free_merged;
	pool->free_merged = merged;
}
