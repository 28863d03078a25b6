/* Many small writes, or reads, in one system call, for a descriptor whose other end is another part of the kernel.
 *
 * Theory of operation. A tap takes one frame a call, and the way into the kernel and out is a fifth of what that costs.
 * On a ring of its own io_uring carries out what was added at once, one after the other, inside io_uring_enter(2),
 * because it is told not to wait (RWF_NOWAIT). So this is a plain call that has many results; nothing is in flight when
 * rw_batch_run() returns. On one thread, the one that has created it. */
#ifndef VMM_CORE_RW_BATCH_H
#define VMM_CORE_RW_BATCH_H

#include <stddef.h>
#include <sys/uio.h>

#define RW_BATCH_MAX 64

struct rw_batch;

/* For calls on `fd`, which the batch keeps open until it is destroyed. 0, or the errno of io_uring_setup(2): -EPERM
 * where it is refused, -EINVAL where the kernel is too old; -EBADF for what is no descriptor. */
__attribute__((warn_unused_result)) int rw_batch_create(int fd, struct rw_batch **out);
/* NULL is fine. Lets go of the descriptor at once on the thread that has created the batch; on any other, once that is
 * done with it, the kernel does so soon after. */
void rw_batch_destroy(struct rw_batch *batch);

/* Adds a call, at most RW_BATCH_MAX before they are run; until then the iovecs must not change. It results in
 * -EAGAIN where it would have to wait, for room or for the kernel's memory, and in -EOPNOTSUPP if the descriptor's kind
 * can't say that. */
void rw_batch_add(struct rw_batch *batch, const struct iovec *iov, unsigned int nr_iov);

/* Has the kernel hold on to the memory that reads are for, so that it need not find and check its pages each time, a
 * twentieth of what it costs to get a small frame from a tap. All of it is resident from then on, and must stay mapped
 * as long as there are reads into it. Only the first memory is held; where that is refused, as by RLIMIT_MEMLOCK, reads
 * go on as before. */
void rw_batch_hold(struct rw_batch *batch, void *memory, size_t nr_bytes);

/* The same as rw_batch_add(), but reads up to `nr_bytes`; -EAGAIN where nothing waits. */
void rw_batch_add_read(struct rw_batch *batch, void *bytes, unsigned int nr_bytes);

/* Carries out what was added, in order, whatever the others come to. results[i] is bytes or a negative errno of the
 * call that was added as number i. 0, or a negative errno: then nothing was carried out, and never will be. */
__attribute__((warn_unused_result)) int rw_batch_run(struct rw_batch *batch, int *results);

#endif
