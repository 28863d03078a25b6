#include "virtio/dev/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "virtio/core/queue.h"

#define QUEUE_MAX_SIZE 8
/* What one request gets at most: the loop serves others too, and the driver may ask again. */
#define MAX_REQUEST_BYTES (64 * 1024)
#define MAX_SEGMENTS (QUEUE_MAX_SIZE + GUEST_MEMORY_MAX_REGIONS)

struct rng {
	struct virtio_device dev; /* first: the transport's handle */
	struct loop *loop;
	struct virtio_queue queue;
};

/* Fills the front of the chain. The number of bytes written. */
static uint32_t fill(struct cursor *buffer)
{
	uint32_t written = 0;

	while (buffer->nr_iov > 0 && written < MAX_REQUEST_BYTES) {
		size_t room = MAX_REQUEST_BYTES - written;
		size_t len = buffer->iov->iov_len < room ? buffer->iov->iov_len : room;
		ssize_t got = getrandom(buffer->iov->iov_base, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		cursor_skip(buffer, (uint64_t)got);
		written += (uint32_t)got;
	}
	return written;
}

static enum virtio_queue_next rng_handle(struct virtio_queue *queue)
{
	struct iovec iov[MAX_SEGMENTS];
	struct virtq_chain chain = { .iov = iov, .max_iov = MAX_SEGMENTS };

	while (virtio_queue_pop(queue, &chain))
		virtio_queue_push(queue, chain.head, fill(&chain.writable));
	return VIRTIO_QUEUE_DRY;
}

struct activation {
	struct rng *rng;
	uint64_t features;
	const struct virtio_queue_setup *setup;
};

/* On the loop. */
static int activate(void *arg)
{
	const struct activation *a = arg;

	if (!a->setup->enabled)
		return 0;
	return virtio_queue_start(&a->rng->queue, &a->rng->dev, 0, a->rng->loop, a->setup, a->features, rng_handle);
}

/* On the loop. Nothing is ever in flight between two turns. */
static int deactivate(void *arg)
{
	struct rng *rng = arg;

	virtio_queue_stop(&rng->queue);
	return 0;
}

static int rng_activate(struct virtio_device *dev, uint64_t features, const struct virtio_queue_setup *queues)
{
	struct rng *rng = (struct rng *)dev;
	struct activation activation = { .rng = rng, .features = features, .setup = &queues[0] };

	return loop_call(rng->loop, activate, &activation);
}

static void rng_reset(struct virtio_device *dev)
{
	struct rng *rng = (struct rng *)dev;

	loop_call(rng->loop, deactivate, rng);
}

static const struct virtio_device_ops rng_ops = {
	.activate = rng_activate,
	.reset = rng_reset,
};

int rng_create(struct loop *loop, struct virtio_device **out)
{
	struct rng *rng = calloc(1, sizeof(*rng));

	if (!rng)
		return -ENOMEM;
	rng->loop = loop;
	rng->dev = (struct virtio_device){
		.ops = &rng_ops,
		.name = "rng",
		.id = 4,
		.pci_class = 0x00ff00, /* a device of no class */
		.features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1_BIT) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT) |
			    VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT),
		.nr_queues = 1,
		.queue_max_size = QUEUE_MAX_SIZE,
	};
	*out = &rng->dev;
	return 0;
}

void rng_destroy(struct virtio_device *dev)
{
	if (!dev)
		return;
	rng_reset(dev);
	free(dev);
}
