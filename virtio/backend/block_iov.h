/* A request's iovecs as one run of bytes. */
#ifndef VIRTIO_BACKEND_BLOCK_IOV_H
#define VIRTIO_BACKEND_BLOCK_IOV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Drops the first `bytes`, which the iovecs hold at least. */
void block_iov_advance(struct iovec **iov, unsigned int *nr, size_t bytes);

/* Copies the first `bytes` out of or into the iovecs, which hold at least as many. */
void block_iov_gather(const struct iovec *iov, void *dst, size_t bytes);
void block_iov_scatter(const struct iovec *iov, const void *src, size_t bytes);

/* Whether each address is a multiple of `memory_align` and each length one of `length_align`; both powers of two. */
bool block_iov_is_aligned(const struct iovec *iov, unsigned int nr, size_t memory_align, size_t length_align);

#endif
