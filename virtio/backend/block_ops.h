/* What a format of disk answers. A format that stacks on another holds the lower `struct block` and sends it requests
 * of its own. */
#ifndef VIRTIO_BACKEND_BLOCK_OPS_H
#define VIRTIO_BACKEND_BLOCK_OPS_H

#include "virtio/backend/block.h"

struct block_ops {
	int (*attach)(struct block *block, struct loop *loop);
	void (*detach)(struct block *block);
	void (*submit)(struct block *block, struct block_request *request);
	void (*cancel)(struct block *block); /* NULL: holds nothing back */
	int (*refresh)(struct block *block); /* NULL: never grows */
	void (*close)(struct block *block);
};

/* Embedded first in each format's own state. */
struct block {
	const struct block_ops *ops;
	struct block_geometry geometry;
	char description[128];
};

/* Opens what the options name in its own format, and without the overlay that they may ask for. As block_open(). */
__attribute__((warn_unused_result)) int block_open_format(const struct block_options *options, struct block **out);

/* Completes a request that needs no I/O, in the loop's next turn and so never from inside block_submit(). */
void block_done_later(struct loop *loop, struct block_request *request, int result);

#endif
