#include "virtio/dev/blk_request.h"

#include <errno.h>
#include <string.h>

#include "virtio/dev/blk_ranges.h"
#include "vmm/base/log.h"

static const char *const op_names[] = {
	[BLOCK_READ] = "read",
	[BLOCK_WRITE] = "write",
	[BLOCK_WRITE_DURABLE] = "write",
	[BLOCK_FLUSH] = "flush",
	[BLOCK_DISCARD] = "discard",
	[BLOCK_WRITE_ZEROES] = "write-zeroes",
	[BLOCK_WRITE_ZEROES_UNMAP] = "write-zeroes",
	[BLOCK_SECURE_ERASE] = "secure erase",
};

static bool negotiated(const struct blk_disk *disk, unsigned int bit)
{
	return disk->features & VIRTIO_FEATURE(bit);
}

/* Whether a write must be on the disk before it completes (virtio 1.2, 5.2.6.2: no flush was negotiated that could make
 * it so later, or the driver has turned the write cache off). */
static bool writes_through(const struct blk_disk *disk)
{
	if (!negotiated(disk, VIRTIO_BLK_F_FLUSH_BIT))
		return true;
	return negotiated(disk, VIRTIO_BLK_F_CONFIG_WCE_BIT) && !__atomic_load_n(disk->writeback, __ATOMIC_RELAXED);
}

/* The end of every request. `written` bytes of data were written from the start of the writable part. */
static void finish(struct blk_request *request, uint8_t status, uint64_t written)
{
	struct blk_queue *queue = request->queue;
	uint16_t head = request->head;

	__atomic_store_n(request->status, status, __ATOMIC_RELAXED);
	/* The used length counts what was written without a gap from the start (2.7.8.2): the status byte is the last,
	 * so it counts if all before it was written. */
	if (written == request->data_bytes)
		written++;
	if (request->troubled)
		blk_hold_ended(&queue->disk->hold);
	blk_pool_give(&queue->pool, request, request->segments);
	virtio_queue_push(&queue->queue, head, (uint32_t)written);
}

static void on_done(struct block_request *block, int result);

static void prepare(struct blk_request *request, enum block_op op, uint64_t offset, uint64_t length)
{
	request->offset = offset;
	request->block.op = op;
	request->block.offset = offset;
	request->block.length = length;
	request->block.done = on_done;
}

static void submit(struct blk_request *request, enum block_op op, uint64_t offset, uint64_t length)
{
	/* The driver's order: what it offered before this goes first. */
	blk_merge_submit(&request->queue->merge);
	prepare(request, op, offset, length);
	block_submit(request->queue->disk->block, &request->block);
}

/* Submits what is left of a request that has several steps; false if nothing is. */
static bool submit_next_step(struct blk_request *request)
{
	if (request->next_range < request->nr_ranges) {
		const struct blk_range *range = &request->ranges[request->next_range++];
		enum block_op op = request->block.op;

		if (op == BLOCK_WRITE_ZEROES || op == BLOCK_WRITE_ZEROES_UNMAP)
			op = range->unmap ? BLOCK_WRITE_ZEROES_UNMAP : BLOCK_WRITE_ZEROES;
		submit(request, op, range->offset_bytes, range->length_bytes);
		return true;
	}
	if (request->flush_after) {
		request->flush_after = false;
		submit(request, BLOCK_FLUSH, 0, 0);
		return true;
	}
	return false;
}

/* The disk has failed the step that was submitted. */
static void fail(struct blk_request *request, int error)
{
	struct blk_disk *disk = request->queue->disk;
	const struct blk_trouble trouble = {
		.operation = op_names[request->block.op],
		.offset = request->offset,
		.length = request->block.length,
		.error = error,
	};

	if (!disk->dropping && blk_hold_wants(&disk->hold, error)) {
		blk_hold_add(&disk->hold, request, &trouble);
		return;
	}
	if (!disk->dropping)
		log_guest("%s: %s of %llu bytes at %llu failed: %s", block_description(disk->block), trouble.operation,
			  (unsigned long long)trouble.length, (unsigned long long)trouble.offset, strerror(-error));
	finish(request, error == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR, 0);
}

static void on_done(struct block_request *block, int result)
{
	struct blk_request *request = (struct blk_request *)block;

	if (result < 0)
		fail(request, result);
	else if (!submit_next_step(request))
		finish(request, VIRTIO_BLK_S_OK, block->op == BLOCK_READ ? request->data_bytes : 0);
}

/* Sets the segments to what they were before a disk consumed them. */
static void restore_segments(struct blk_request *request)
{
	const struct iovec *copy = request->segments + request->queue->pool.max_segments;

	memcpy(request->segments, copy, request->nr_segments * sizeof(*copy));
	request->block.iov = request->segments;
	request->block.nr_iov = request->nr_segments;
}

void blk_request_retry(struct blk_request *request)
{
	if (request->segments)
		restore_segments(request);
	submit(request, request->block.op, request->offset, request->block.length);
}

void blk_request_drop_held(struct blk_disk *disk)
{
	struct blk_request *request;

	while ((request = blk_hold_pop(&disk->hold)))
		finish(request, VIRTIO_BLK_S_IOERR, 0);
}

static void set_segments(struct blk_request *request, const struct cursor *data)
{
	struct blk_pool *pool = &request->queue->pool;
	bool may_be_held = pool->array_length > pool->max_segments;

	if (data->nr_iov > BLK_INLINE_SEGMENTS || may_be_held)
		request->segments = blk_pool_take_segments(pool);
	request->block.iov = request->segments ? request->segments : request->iov;
	request->block.nr_iov = data->nr_iov;
	memcpy(request->block.iov, data->iov, data->nr_iov * sizeof(*data->iov));
	if (!may_be_held)
		return;
	request->nr_segments = data->nr_iov;
	memcpy(request->segments + pool->max_segments, data->iov, data->nr_iov * sizeof(*data->iov));
}

/* Reads and writes: the segments go to the disk as they are. */
static void start_transfer(struct blk_request *request, enum block_op op, uint64_t sector, const struct cursor *data)
{
	const struct block_geometry *geometry = request->queue->disk->geometry;
	uint64_t offset;

	if (!blk_locate(geometry, sector, data->nr_bytes, &offset) || data->nr_iov > geometry->max_segments ||
	    (op != BLOCK_READ && geometry->read_only)) {
		finish(request, VIRTIO_BLK_S_IOERR, 0);
		return;
	}
	if (data->nr_bytes == 0) {
		finish(request, VIRTIO_BLK_S_OK, 0);
		return;
	}
	set_segments(request, data);
	prepare(request, op, offset, data->nr_bytes);
	blk_merge_add(&request->queue->merge, request);
	if (request->queue->merge.first == request)
		request->queue->nr_transfers++;
}

static void start_flush(struct blk_request *request)
{
	if (!negotiated(request->queue->disk, VIRTIO_BLK_F_FLUSH_BIT))
		finish(request, VIRTIO_BLK_S_UNSUPP, 0);
	else
		submit(request, BLOCK_FLUSH, 0, 0);
}

static void start_get_id(struct blk_request *request, struct cursor *data)
{
	const struct blk_disk *disk = request->queue->disk;

	finish(request, VIRTIO_BLK_S_OK, cursor_write(data, disk->serial, sizeof(disk->serial)));
}

/* Discard, write-zeroes and secure erase: every range is checked before the first is carried out. */
static void start_ranges(struct blk_request *request, enum block_op op, unsigned int feature, struct cursor *data)
{
	const struct blk_disk *disk = request->queue->disk;
	uint8_t status = negotiated(disk, feature) ? blk_ranges_read(request, op, data) : VIRTIO_BLK_S_UNSUPP;

	if (status != VIRTIO_BLK_S_OK) {
		finish(request, status, 0);
		return;
	}
	request->block.op = op;
	/* Discarded and erased sectors promise no content, zeroes are a write like any other. */
	request->flush_after = op == BLOCK_WRITE_ZEROES && request->nr_ranges > 0 && writes_through(disk);
	if (!submit_next_step(request))
		finish(request, VIRTIO_BLK_S_OK, 0);
}

static void start(struct blk_queue *queue, struct virtq_chain *chain)
{
	uint8_t *status = cursor_take_last_byte(&chain->writable);
	struct virtio_blk_header header;
	struct blk_request *request;
	uint64_t sector;

	if (!status) {
		/* There is nowhere to say that it failed. */
		virtio_queue_push(&queue->queue, chain->head, 0);
		virtio_queue_break(&queue->queue, "a request has no room for its status");
		return;
	}
	request = blk_pool_take(&queue->pool);
	request->queue = queue;
	request->status = status;
	request->data_bytes = chain->writable.nr_bytes;
	request->segments = NULL;
	request->head = chain->head;
	request->nr_ranges = 0;
	request->next_range = 0;
	request->flush_after = false;
	request->troubled = false;
	request->block.iov = NULL;
	request->block.nr_iov = 0;
	if (cursor_read(&chain->readable, &header, sizeof(header)) != sizeof(header)) {
		finish(request, VIRTIO_BLK_S_IOERR, 0);
		return;
	}
	sector = le64_get(header.sector);
	switch (le32_get(header.type)) {
	case VIRTIO_BLK_T_IN:
		start_transfer(request, BLOCK_READ, sector, &chain->writable);
		break;
	case VIRTIO_BLK_T_OUT:
		start_transfer(request, writes_through(queue->disk) ? BLOCK_WRITE_DURABLE : BLOCK_WRITE, sector,
			       &chain->readable);
		break;
	case VIRTIO_BLK_T_FLUSH:
		start_flush(request);
		break;
	case VIRTIO_BLK_T_GET_ID:
		start_get_id(request, &chain->writable);
		break;
	case VIRTIO_BLK_T_DISCARD:
		start_ranges(request, BLOCK_DISCARD, VIRTIO_BLK_F_DISCARD_BIT, &chain->readable);
		break;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		start_ranges(request, BLOCK_WRITE_ZEROES, VIRTIO_BLK_F_WRITE_ZEROES_BIT, &chain->readable);
		break;
	case VIRTIO_BLK_T_SECURE_ERASE:
		start_ranges(request, BLOCK_SECURE_ERASE, VIRTIO_BLK_F_SECURE_ERASE_BIT, &chain->readable);
		break;
	default:
		finish(request, VIRTIO_BLK_S_UNSUPP, 0);
		break;
	}
}

/* A driver that waits for an interrupt has nothing to do until it comes, and to arrive takes it as long as many reads
 * from the page cache. So the batch of such a driver is carried out in parts: where the disk ends the first at once,
 * its interrupt is on the way while the next is carried out, and the driver offers more before that is done. */
enum virtio_queue_next blk_queue_handle(struct virtio_queue *queue)
{
	struct blk_queue *blk = (struct blk_queue *)queue;
	struct virtq_chain chain = { .iov = blk->pool.scratch, .max_iov = blk->pool.max_segments };
	enum virtio_queue_next next = VIRTIO_QUEUE_DRY;

	blk->nr_transfers = 0;
	while (next == VIRTIO_QUEUE_DRY && virtio_queue_pop(queue, &chain)) {
		start(blk, &chain);
		if (blk->nr_transfers == VIRTIO_QUEUE_PART) {
			blk->nr_transfers = 0;
			if (virtq_driver_waits(&queue->vq))
				next = VIRTIO_QUEUE_AGAIN;
		}
	}
	blk_merge_submit(&blk->merge);
	return next;
}
