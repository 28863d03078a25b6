/* A request that is carried out piece by piece, since what it names lies in several places: some of it in an overlay
 * and some in its base, or in clusters that are not neighbours.
 *
 * Theory of operation. The format takes a walk from its pool for a request that it can't send on whole, and gives a
 * `step` that looks at where the next bytes lie and calls exactly one of the functions below for some of them. When
 * that piece is done the walk has advanced and `step` runs again, until the parent's length is reached or something
 * failed; then the parent's `done` runs. One piece at a time: order is kept, and one request below serves however many
 * pieces.
 *
 * A step that calls none of them has put the walk aside: the format keeps it (walk->next is free for a list), and later
 * goes on with any of the functions, or with block_walk_resume() to have the step look again.
 *
 * All on the loop's thread. */
#ifndef VIRTIO_BACKEND_BLOCK_WALK_H
#define VIRTIO_BACKEND_BLOCK_WALK_H

#include "virtio/backend/block.h"

#define BLOCK_WALK_IOVS 32

struct block_walk {
	struct block_request piece; /* first; what the block below gets */
	struct block_request *parent;
	struct block *owner; /* the format's */
	uint64_t position; /* bytes of the parent that are done; the next lies at parent->offset + position */
	uint64_t piece_bytes;
	void (*step)(struct block_walk *walk);
	struct iovec iov[BLOCK_WALK_IOVS];
	struct block_walk_pool *pool;
	struct block_walk *next; /* free, or the format's own list while it waits */
	uint64_t format[4]; /* the format's own state; zero at the start */
	/* the walk's */
	unsigned int iov_index; /* where `position` lies in the parent's buffers */
	size_t iov_offset;
	struct iovec *more_iov; /* in place of `iov`, for buffers of a few bytes each */
	int result;
	bool in_flight; /* the piece */
	bool stepping; /* inside block_walk_start() or a step: who called goes on */
	bool starting; /* inside the owner's submit: the parent can't be done yet */
};

/* Walks are kept for use again: the steady state allocates nothing. */
struct block_walk_pool {
	struct loop *loop;
	struct block_walk *free;
	/* The format's, NULL if it needs none: the walk is over, with 0 or a negative errno. True: the parent is done
	 * with that, next. False: the parent is not done yet, and it is the format that will call its `done`, not from
	 * inside this call. No other function of the walk may be called. */
	bool (*ended)(struct block_walk *walk, int result);
};

void block_walk_pool_init(struct block_walk_pool *pool, struct loop *loop);
/* Frees them; none is in use. */
void block_walk_pool_fini(struct block_walk_pool *pool);

/* Begins: `step` runs at once. Without memory the parent is done with -ENOMEM, later and not from inside this call, and
 * `ended` does not run. The parent's iovecs are not consumed. */
void block_walk_start(struct block_walk_pool *pool, struct block *owner, struct block_request *parent,
		      void (*step)(struct block_walk *walk));

/* --- From `step`, or later if it had put the walk aside. A `length` is at least 1 and no more than what is left. ---
 */

/* `op` on the block below, at `offset` there, for the parent's next `length` bytes, or for fewer if the guest's buffers
 * are in too many pieces or end inside a logical block of `below`. READ and WRITE take their bytes from the parent's
 * buffers; other operations have none. */
void block_walk_send(struct block_walk *walk, struct block *below, enum block_op op, uint64_t offset, uint64_t length);
/* `op` on the block below with the format's own buffer of `length` bytes (NULL where `op` has none). The walk does not
 * advance: `step` runs again when it is done, and tells by walk->format[] that it is. */
void block_walk_send_own(struct block_walk *walk, struct block *below, enum block_op op, uint64_t offset, void *buffer,
			 uint64_t length);
/* The parent's next `length` bytes, which it reads, are zeros. */
void block_walk_zeros(struct block_walk *walk, uint64_t length);
/* The parent's next `length` bytes, which it reads, are these. */
void block_walk_scatter(struct block_walk *walk, const void *bytes, uint64_t length);
/* Copies the parent's next `length` bytes, which it writes. The walk does not advance. */
void block_walk_gather(const struct block_walk *walk, void *bytes, uint64_t length);
/* The next `length` bytes are done, or done by somebody else. */
void block_walk_skip(struct block_walk *walk, uint64_t length);
/* The parent is done with this negative errno. */
void block_walk_fail(struct block_walk *walk, int error);
/* Runs `step` of a walk that was put aside. Not from inside a step of the same walk. */
void block_walk_resume(struct block_walk *walk);

#endif
