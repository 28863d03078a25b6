/* The page cache first: transfers on files without O_DIRECT that need no waiting are done with a system call on the
 * spot, where that beats the engine.
 *
 * Theory of operation. Each file is asked, apart for reads and for writes, whether it knows RWF_NOWAIT. If it does, a
 * transfer that would wait says so, and goes to the engine. If not (writes on ext4, all on tmpfs), io_uring hands every
 * transfer to a kernel thread, which costs three times the transfer; so it is done with a plain call against the clock.
 * That may block: on a journal that commits, on a writer being slowed down because too much is dirty. It then blocks
 * the thread of one disk, once: a call that took too long sends the transfers after it to the engine, more of them each
 * time. What misses the cache does the same.
 *
 * A turn's share of this is limited, so that completions are shown while a long batch is being carried out. */
#include <errno.h>
#include <sys/uio.h>

#include "vmm/core/loop_engine.h"

/* What one turn does at once: bytes, and the bytes that could be copied in the time that a call takes. */
#define CACHED_BUDGET_BYTES (512u << 10)
#define CACHED_CALL_BYTES (16u << 10)
/* What a plain call may take before it counts as blocked: this, and a nanosecond for two bytes. */
#define CACHED_SLOW_NS 100000
#define CACHED_MAX_SKIP 4096

static bool is_write(const struct loop_io *io)
{
	return io->op == LOOP_IO_WRITEV;
}

static struct loop_cached *cached_of(struct loop *loop, const struct loop_io *io)
{
	return &loop->cached[io->file][is_write(io)];
}

static uint64_t bytes_of(const struct loop_io *io)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < io->nr_iov; i++)
		bytes += io->iov[i].iov_len;
	return bytes;
}

static ssize_t transfer(struct loop *loop, const struct loop_io *io, int flags)
{
	int fd = loop->slots[io->file];
	ssize_t n;

	do {
		n = is_write(io) ? pwritev2(fd, io->iov, (int)io->nr_iov, (off_t)io->offset, flags)
				 : preadv2(fd, io->iov, (int)io->nr_iov, (off_t)io->offset, flags);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* The next transfers go to the engine, twice as many as the last time. */
static void back_off(struct loop_cached *cached)
{
	cached->backoff = cached->backoff == 0 ? 1 : cached->backoff * 2;
	if (cached->backoff > CACHED_MAX_SKIP)
		cached->backoff = CACHED_MAX_SKIP;
	cached->skip = cached->backoff;
}

static bool done_without_waiting(struct loop *loop, struct loop_io *io, struct loop_cached *cached)
{
	ssize_t n = transfer(loop, io, RWF_NOWAIT);

	if (n == -EOPNOTSUPP) {
		cached->way = CACHED_PLAIN;
		return false;
	}
	cached->way = CACHED_NOWAIT;
	if (n == -EAGAIN) {
		back_off(cached);
		return false;
	}
	cached->backoff = 0;
	loop_io_complete_later(loop, io, (int)n);
	return true;
}

static void do_against_the_clock(struct loop *loop, struct loop_io *io, struct loop_cached *cached, uint64_t bytes)
{
	uint64_t before = loop_now_ns();
	ssize_t n = transfer(loop, io, 0);

	if (loop_now_ns() - before > CACHED_SLOW_NS + bytes / 2)
		back_off(cached);
	else
		cached->backoff = 0;
	loop_io_complete_later(loop, io, (int)n);
}

enum loop_cached_result loop_cached_try(struct loop *loop, struct loop_io *io)
{
	struct loop_cached *cached;
	uint64_t bytes;

	if ((io->op != LOOP_IO_READV && io->op != LOOP_IO_WRITEV) || loop->slot_direct[io->file])
		return CACHED_NOT;
	cached = cached_of(loop, io);
	if (cached->way == CACHED_NOWAIT && loop->ops->tries_nowait)
		return CACHED_NOT;
	if (cached->skip > 0) {
		cached->skip--;
		return CACHED_NOT;
	}
	if (loop->cached_budget <= 0)
		return CACHED_LATER;
	bytes = bytes_of(io);
	if (cached->way == CACHED_PLAIN || !done_without_waiting(loop, io, cached)) {
		if (cached->way != CACHED_PLAIN)
			return CACHED_NOT;
		do_against_the_clock(loop, io, cached, bytes);
	}
	loop->cached_budget -= (int64_t)(CACHED_CALL_BYTES + bytes);
	return CACHED_DONE;
}

bool loop_cached_read_now(struct loop *loop, struct loop_io *io)
{
	struct loop_cached *cached = cached_of(loop, io);

	if (cached->skip > 0) {
		cached->skip--;
		return false;
	}
	return done_without_waiting(loop, io, cached);
}

void loop_cached_refill(struct loop *loop)
{
	loop->cached_budget = CACHED_BUDGET_BYTES;
}
