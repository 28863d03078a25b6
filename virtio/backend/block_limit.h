/* Rate limits: a filter over any disk that lets requests through as fast as its owner may, and no faster.
 *
 * Theory of operation. There are two token buckets, of bytes that reads and writes move and of operations. A request
 * goes down while both have something left, and takes all that it costs: a request larger than the bucket puts it into
 * debt, so that no size is impossible and none passes cheaper. When a bucket is empty requests are held in the order
 * they came, and a timer lets them go. A flush need not wait for data that is held, since it vouches only for what was
 * completed before: it goes ahead of it, and costs one operation. */
#ifndef VIRTIO_BACKEND_BLOCK_LIMIT_H
#define VIRTIO_BACKEND_BLOCK_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/block.h"
#include "virtio/backend/bucket.h"

struct block_limits {
	struct bucket_rate bytes;
	struct bucket_rate operations;
};

/* Puts limits over `below`, which belongs to the result from then on. 0, or -ENOMEM, not logged, with `below` still the
 * caller's. Control thread. */
__attribute__((warn_unused_result)) int block_limit_create(struct block *below, const struct block_limits *limits,
							   struct block **out);

#endif
