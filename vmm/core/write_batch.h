/* Many small writes in one system call, for descriptors whose other end is another part of the kernel.
 *
 * Theory of operation. A tap takes one frame a call, and the way into the kernel and out is a fifth of what that costs.
 * On a ring of its own io_uring carries out what was added at once, one after the other, inside io_uring_enter(2),
 * because it is told not to wait (RWF_NOWAIT). So this is a plain call that has many results; nothing is in flight when
 * write_batch_run() returns. On one thread, the one that has created it. */
#ifndef VMM_CORE_WRITE_BATCH_H
#define VMM_CORE_WRITE_BATCH_H

#include <sys/uio.h>

#define WRITE_BATCH_MAX 64

struct write_batch;

/* 0, or the errno of io_uring_setup(2): -EPERM where it is refused, -EINVAL where the kernel is too old. */
__attribute__((warn_unused_result)) int write_batch_create(struct write_batch **out);
/* NULL is fine. Any thread, once the one that has created it is done with it. */
void write_batch_destroy(struct write_batch *batch);

/* Adds a call, at most WRITE_BATCH_MAX before they are run; until then the iovecs must not change. It results in
 * -EAGAIN where it would have to wait, and in -EOPNOTSUPP if the descriptor's kind can't say that. */
void write_batch_add(struct write_batch *batch, int fd, const struct iovec *iov, unsigned int nr_iov);

/* Carries out what was added, in order, whatever the others come to. results[i] is bytes or a negative errno of the
 * call that was added as number i. 0, or a negative errno: then nothing was carried out, and never will be. */
__attribute__((warn_unused_result)) int write_batch_run(struct write_batch *batch, int *results);

#endif
