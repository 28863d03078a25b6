#include "virtio/core/cursor.h"

#include <string.h>

/* Consumes `len` bytes of the first segment, which has at least that many. */
static void advance(struct cursor *cursor, size_t len)
{
	cursor->nr_bytes -= len;
	cursor->iov->iov_base = (uint8_t *)cursor->iov->iov_base + len;
	cursor->iov->iov_len -= len;
	if (cursor->iov->iov_len == 0) {
		cursor->iov++;
		cursor->nr_iov--;
	}
}

static size_t front_part(const struct cursor *cursor, uint64_t wanted)
{
	return cursor->iov->iov_len < wanted ? cursor->iov->iov_len : (size_t)wanted;
}

size_t cursor_read(struct cursor *cursor, void *dst, size_t len)
{
	size_t copied = 0;

	while (copied < len && cursor->nr_iov > 0) {
		size_t part = front_part(cursor, len - copied);

		memcpy((uint8_t *)dst + copied, cursor->iov->iov_base, part);
		copied += part;
		advance(cursor, part);
	}
	/* Other processors write here: what was copied must not be fetched a second time in its place. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return copied;
}

size_t cursor_write(struct cursor *cursor, const void *src, size_t len)
{
	size_t copied = 0;

	while (copied < len && cursor->nr_iov > 0) {
		size_t part = front_part(cursor, len - copied);

		memcpy(cursor->iov->iov_base, (const uint8_t *)src + copied, part);
		copied += part;
		advance(cursor, part);
	}
	return copied;
}

uint64_t cursor_skip(struct cursor *cursor, uint64_t len)
{
	uint64_t skipped = 0;

	while (skipped < len && cursor->nr_iov > 0) {
		size_t part = front_part(cursor, len - skipped);

		skipped += part;
		advance(cursor, part);
	}
	return skipped;
}

uint8_t *cursor_take_last_byte(struct cursor *cursor)
{
	struct iovec *last;

	if (cursor->nr_iov == 0)
		return NULL;
	last = &cursor->iov[cursor->nr_iov - 1];
	last->iov_len--;
	cursor->nr_bytes--;
	if (last->iov_len == 0)
		cursor->nr_iov--;
	return (uint8_t *)last->iov_base + last->iov_len;
}

unsigned int iov_append(struct iovec *iov, unsigned int nr, const struct iovec *more, unsigned int nr_more)
{
	for (unsigned int i = 0; i < nr_more; i++) {
		if (nr > 0 && (const uint8_t *)iov[nr - 1].iov_base + iov[nr - 1].iov_len == more[i].iov_base)
			iov[nr - 1].iov_len += more[i].iov_len;
		else
			iov[nr++] = more[i];
	}
	return nr;
}
