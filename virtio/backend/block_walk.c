#include "virtio/backend/block_walk.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/backend/block_ops.h"
#include "vmm/base/checked.h"
#include "vmm/base/container_of.h"

void block_walk_pool_init(struct block_walk_pool *pool, struct loop *loop)
{
	*pool = (struct block_walk_pool){ .loop = loop };
}

void block_walk_pool_fini(struct block_walk_pool *pool)
{
	while (pool->free != NULL) {
		struct block_walk *walk = pool->free;

		pool->free = walk->next;
		free(walk);
	}
}

/* --- the end --- */

static void finish(struct block_walk *walk)
{
	struct block_walk_pool *pool = walk->pool;
	struct block_request *parent = walk->parent;
	int result = walk->result;
	bool done = pool->ended == NULL || pool->ended(walk, result);

	walk->next = pool->free;
	pool->free = walk;
	if (done)
		parent->done(parent, result);
}

static void finish_later_done(struct loop_io *io, int result)
{
	struct block_walk *walk = container_of(io, struct block_walk, piece.io);

	(void)result;
	finish(walk);
}

/* Steps until a piece is in flight, the format has put the walk aside, or it is over. A loop and not a recursion: a
 * request may have thousands of pieces that are done at once. */
static void run(struct block_walk *walk)
{
	uint64_t before;

	walk->stepping = true;
	do {
		if (walk->result < 0 || walk->position == walk->parent->length)
			break;
		before = walk->position;
		walk->step(walk);
	} while (!walk->in_flight && (walk->position != before || walk->result < 0));
	walk->stepping = false;
	if (walk->in_flight || (walk->result == 0 && walk->position < walk->parent->length))
		return;
	if (walk->starting) {
		walk->piece.io.op = LOOP_IO_NOP;
		walk->piece.io.done = finish_later_done;
		loop_io_submit(walk->pool->loop, &walk->piece.io);
	} else {
		finish(walk);
	}
}

static void go_on(struct block_walk *walk)
{
	if (!walk->stepping)
		run(walk);
}

/* --- the parent's buffers --- */

/* Moves a place in the parent's buffers on by `bytes`, which they hold. */
static void move_on(const struct block_request *parent, unsigned int *index, size_t *offset, uint64_t bytes)
{
	while (bytes > 0) {
		size_t left = parent->iov[*index].iov_len - *offset;

		if (bytes < left) {
			*offset += bytes;
			return;
		}
		bytes -= left;
		*offset = 0;
		(*index)++;
	}
}

static void advance(struct block_walk *walk, uint64_t bytes)
{
	if (walk->parent->op <= BLOCK_WRITE_DURABLE)
		move_on(walk->parent, &walk->iov_index, &walk->iov_offset, bytes);
	walk->position += bytes;
}

/* Fills `iov` with the parent's next bytes, at most `length` of them and in at most `max` pieces. How many bytes. */
static uint64_t cut(const struct block_walk *walk, struct iovec *iov, unsigned int max, uint64_t length,
		    unsigned int *nr_iov)
{
	const struct iovec *from = walk->parent->iov + walk->iov_index;
	size_t skip = walk->iov_offset;
	uint64_t bytes = 0;

	for (*nr_iov = 0; bytes < length && *nr_iov < max; from++, skip = 0) {
		size_t n = from->iov_len - skip;

		if (n > length - bytes)
			n = length - bytes;
		if (n == 0)
			continue;
		iov[(*nr_iov)++] = (struct iovec){ (char *)from->iov_base + skip, n };
		bytes += n;
	}
	return bytes;
}

/* Takes the last `bytes` away from what cut() has made. */
static void cut_back(struct iovec *iov, unsigned int *nr_iov, uint64_t bytes)
{
	while (bytes > 0) {
		struct iovec *last = &iov[*nr_iov - 1];

		if (bytes < last->iov_len) {
			last->iov_len -= bytes;
			return;
		}
		bytes -= last->iov_len;
		(*nr_iov)--;
	}
}

/* Makes the piece's buffers out of the parent's, in whole blocks. How many bytes, or 0 without memory. */
static uint64_t take_buffers(struct block_walk *walk, uint64_t block_bytes, uint64_t length)
{
	unsigned int nr_iov;
	uint64_t bytes = cut(walk, walk->iov, BLOCK_WALK_IOVS, length, &nr_iov);

	walk->piece.iov = walk->iov;
	if (bytes < length && bytes % block_bytes != 0) {
		cut_back(walk->iov, &nr_iov, bytes % block_bytes);
		bytes = align_down(bytes, block_bytes);
	}
	/* Buffers so small that they don't make up a block: the guest's right, if nobody's habit. */
	if (bytes == 0) {
		uint64_t most = length < block_bytes ? length : block_bytes;

		walk->more_iov = calloc(most, sizeof(*walk->more_iov));
		if (walk->more_iov == NULL)
			return 0;
		bytes = cut(walk, walk->more_iov, (unsigned int)most, most, &nr_iov);
		walk->piece.iov = walk->more_iov;
	}
	walk->piece.nr_iov = nr_iov;
	return bytes;
}

/* --- pieces --- */

static void piece_done(struct block_request *request, int result)
{
	struct block_walk *walk = (struct block_walk *)request;

	walk->in_flight = false;
	free(walk->more_iov);
	walk->more_iov = NULL;
	if (result < 0)
		walk->result = result;
	else
		advance(walk, walk->piece_bytes);
	run(walk);
}

static void submit(struct block_walk *walk, struct block *below, enum block_op op, uint64_t offset, uint64_t length)
{
	walk->piece.op = op;
	walk->piece.offset = offset;
	walk->piece.length = length;
	walk->piece.done = piece_done;
	walk->in_flight = true;
	block_submit(below, &walk->piece);
}

void block_walk_send(struct block_walk *walk, struct block *below, enum block_op op, uint64_t offset, uint64_t length)
{
	if (op <= BLOCK_WRITE_DURABLE) {
		length = take_buffers(walk, block_geometry(below)->logical_block_bytes, length);
		if (length == 0) {
			block_walk_fail(walk, -ENOMEM);
			return;
		}
	}
	walk->piece_bytes = length;
	submit(walk, below, op, offset, length);
}

void block_walk_send_own(struct block_walk *walk, struct block *below, enum block_op op, uint64_t offset, void *buffer,
			 uint64_t length)
{
	walk->iov[0] = (struct iovec){ buffer, length };
	walk->piece.iov = walk->iov;
	walk->piece.nr_iov = buffer != NULL ? 1 : 0;
	walk->piece_bytes = 0;
	submit(walk, below, op, offset, length);
}

/* Copies between the parent's next bytes and a buffer; without a buffer they become zeros. */
static void copy(const struct block_walk *walk, void *to, const void *from, uint64_t length)
{
	const struct iovec *iov = walk->parent->iov + walk->iov_index;
	size_t skip = walk->iov_offset;

	for (uint64_t at = 0; at < length; iov++, skip = 0) {
		char *guest = (char *)iov->iov_base + skip;
		size_t n = iov->iov_len - skip;

		if (n > length - at)
			n = length - at;
		if (n == 0)
			continue;
		if (to != NULL)
			memcpy((char *)to + at, guest, n);
		else if (from != NULL)
			memcpy(guest, (const char *)from + at, n);
		else
			memset(guest, 0, n);
		at += n;
	}
}

void block_walk_zeros(struct block_walk *walk, uint64_t length)
{
	copy(walk, NULL, NULL, length);
	block_walk_skip(walk, length);
}

void block_walk_scatter(struct block_walk *walk, const void *bytes, uint64_t length)
{
	copy(walk, NULL, bytes, length);
	block_walk_skip(walk, length);
}

void block_walk_gather(const struct block_walk *walk, void *bytes, uint64_t length)
{
	copy(walk, bytes, NULL, length);
}

void block_walk_skip(struct block_walk *walk, uint64_t length)
{
	advance(walk, length);
	go_on(walk);
}

void block_walk_fail(struct block_walk *walk, int error)
{
	walk->result = error;
	go_on(walk);
}

void block_walk_resume(struct block_walk *walk)
{
	run(walk);
}

/* --- the beginning --- */

void block_walk_start(struct block_walk_pool *pool, struct block *owner, struct block_request *parent,
		      void (*step)(struct block_walk *walk))
{
	struct block_walk *walk = pool->free;

	if (walk != NULL) {
		pool->free = walk->next;
	} else {
		walk = calloc(1, sizeof(*walk));
		if (walk == NULL) {
			block_done_later(pool->loop, parent, -ENOMEM);
			return;
		}
	}
	walk->pool = pool;
	walk->parent = parent;
	walk->owner = owner;
	walk->step = step;
	walk->next = NULL;
	walk->position = 0;
	memset(walk->format, 0, sizeof(walk->format));
	walk->iov_index = 0;
	walk->iov_offset = 0;
	walk->result = 0;
	walk->starting = true;
	run(walk);
	walk->starting = false;
}
