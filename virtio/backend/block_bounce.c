#include "virtio/backend/block_bounce.h"

#include <errno.h>
#include <sys/mman.h>

int block_bounce_get(struct block_bounce *pool, struct block_request *request)
{
	if (pool->nr_free > 0) {
		request->bounce = pool->free[--pool->nr_free];
		return 0;
	}
	if (pool->nr_made < BLOCK_BOUNCE_NR) {
		void *buffer =
			mmap(NULL, BLOCK_BOUNCE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (buffer != MAP_FAILED) {
			pool->nr_made++;
			request->bounce = buffer;
			return 0;
		}
		if (pool->nr_made == 0)
			return -ENOMEM;
	}
	if (pool->waiting == NULL)
		pool->waiting_tail = &pool->waiting;
	request->next = NULL;
	*pool->waiting_tail = request;
	pool->waiting_tail = &request->next;
	return -EAGAIN;
}

struct block_request *block_bounce_put(struct block_bounce *pool, struct block_request *request)
{
	struct block_request *next = pool->waiting;
	void *buffer = request->bounce;

	request->bounce = NULL;
	if (next == NULL) {
		pool->free[pool->nr_free++] = buffer;
		return NULL;
	}
	pool->waiting = next->next;
	next->bounce = buffer;
	return next;
}

void block_bounce_fini(struct block_bounce *pool)
{
	while (pool->nr_free > 0)
		munmap(pool->free[--pool->nr_free], BLOCK_BOUNCE_BYTES);
	pool->nr_made = 0;
}
