/* Aligned buffers for O_DIRECT when the guest's are not: few, made when first needed, waited for when all are in use.
 */
#ifndef VIRTIO_BACKEND_BLOCK_BOUNCE_H
#define VIRTIO_BACKEND_BLOCK_BOUNCE_H

#include <stddef.h>

#include "virtio/backend/block.h"

#define BLOCK_BOUNCE_BYTES (128 * 1024)
#define BLOCK_BOUNCE_NR 4

/* Embedded in the disk; zero is a valid empty pool. Loop's thread. */
struct block_bounce {
	void *free[BLOCK_BOUNCE_NR];
	unsigned int nr_free;
	unsigned int nr_made;
	struct block_request *waiting;
	struct block_request **waiting_tail;
};

/* Gives the request a buffer of BLOCK_BOUNCE_BYTES in request->bounce. 0; -EAGAIN if the request has been queued, and
 * block_bounce_put() will return it; -ENOMEM if there is not even one buffer. */
__attribute__((warn_unused_result)) int block_bounce_get(struct block_bounce *pool, struct block_request *request);

/* Takes the request's buffer back. If another request waits, it gets the buffer and is returned, to be gone on with. */
struct block_request *block_bounce_put(struct block_bounce *pool, struct block_request *request);

/* No request holds a buffer or waits. */
void block_bounce_fini(struct block_bounce *pool);

#endif
