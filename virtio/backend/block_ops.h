/* What a format of disk answers. A format that stacks on another holds the lower `struct block` and sends it requests
 * of its own. */
#ifndef VIRTIO_BACKEND_BLOCK_OPS_H
#define VIRTIO_BACKEND_BLOCK_OPS_H

#include "virtio/backend/block.h"

struct block_ops {
	int (*attach)(struct block *block, struct loop *loop);
	void (*detach)(struct block *block);
	void (*submit)(struct block *block, struct block_request *request);
	void (*close)(struct block *block);
};

/* Embedded first in each format's own state. */
struct block {
	const struct block_ops *ops;
	struct block_geometry geometry;
	char description[128];
};

#endif
