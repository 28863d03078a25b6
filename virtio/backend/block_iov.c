#include "virtio/backend/block_iov.h"

#include <stdint.h>
#include <string.h>

void block_iov_advance(struct iovec **iov, unsigned int *nr, size_t bytes)
{
	while (*nr > 0 && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		(*iov)++;
		(*nr)--;
	}
	if (bytes > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + bytes;
		(*iov)->iov_len -= bytes;
	}
}

void block_iov_gather(const struct iovec *iov, void *dst, size_t bytes)
{
	char *at = dst;

	for (; bytes > 0; iov++) {
		size_t n = iov->iov_len < bytes ? iov->iov_len : bytes;

		memcpy(at, iov->iov_base, n);
		at += n;
		bytes -= n;
	}
}

void block_iov_scatter(const struct iovec *iov, const void *src, size_t bytes)
{
	const char *at = src;

	for (; bytes > 0; iov++) {
		size_t n = iov->iov_len < bytes ? iov->iov_len : bytes;

		memcpy(iov->iov_base, at, n);
		at += n;
		bytes -= n;
	}
}

bool block_iov_is_aligned(const struct iovec *iov, unsigned int nr, size_t memory_align, size_t length_align)
{
	size_t wrong = 0;

	for (unsigned int i = 0; i < nr; i++)
		wrong |= ((uintptr_t)iov[i].iov_base & (memory_align - 1)) | (iov[i].iov_len & (length_align - 1));
	return wrong == 0;
}
