/* A position in a list of memory segments, so that a device sees bytes and never the driver's framing.
 *
 * A cursor consumes the iovecs it was given, from the front and from the back, and keeps its segments exact: what
 * remains may be handed on as it is (`iov`, `nr_iov`, `nr_bytes`). The bytes are guest memory: they may change at any
 * time, so each is to be copied out once. Not thread-safe; the array stays the caller's. */
#ifndef VIRTIO_CORE_CURSOR_H
#define VIRTIO_CORE_CURSOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct cursor {
	struct iovec *iov; /* none of them empty */
	unsigned int nr_iov;
	uint64_t nr_bytes; /* in all of them */
};

/* Copies up to `len` bytes from the front out of the segments, and consumes them. The number copied. */
size_t cursor_read(struct cursor *cursor, void *dst, size_t len);

/* Copies up to `len` bytes from `src` into the front of the segments, and consumes them. The number copied. */
size_t cursor_write(struct cursor *cursor, const void *src, size_t len);

/* Consumes up to `len` bytes at the front without looking at them. The number consumed. */
uint64_t cursor_skip(struct cursor *cursor, uint64_t len);

/* Takes the last byte away and returns its address; NULL if no byte is left. */
uint8_t *cursor_take_last_byte(struct cursor *cursor);

/* Appends `nr_more` segments to the `nr` of `iov`, which has room, and joins those that adjoin in memory: how many
 * there are now. With `nr` 0, `more` may be `iov` itself. */
unsigned int iov_append(struct iovec *iov, unsigned int nr, const struct iovec *more, unsigned int nr_more);

#endif
