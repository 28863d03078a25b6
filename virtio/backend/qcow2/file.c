/* The image's file as the threads that may wait use it. */
#include "virtio/backend/qcow2/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/checked.h"
#include "vmm/base/fd.h"

#define DIRECT_ALIGN 4096
/* So much more than needed: the file's length is cut to what is in use in the end. */
#define GROW_BYTES (16u * 1024 * 1024)

void *qcow2_buffer(size_t len)
{
	void *buffer;

	return posix_memalign(&buffer, DIRECT_ALIGN, len) == 0 ? buffer : NULL;
}

/* O_DIRECT transfers whole blocks only. */
static uint64_t block_bytes(const struct qcow2 *image)
{
	return image->direct ? image->file->geometry.logical_block_bytes : 1;
}

static bool is_aligned(const void *buffer, size_t len, uint64_t offset, uint64_t block)
{
	return block == 1 || ((uintptr_t)buffer % DIRECT_ALIGN == 0 && ((offset | len) & (block - 1)) == 0);
}

static int read_or_zeros(int fd, uint8_t *buffer, size_t len, uint64_t offset, uint64_t block)
{
	while (len > 0) {
		ssize_t n = pread(fd, buffer, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buffer += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
		/* What does not end with a block ends with the file. */
		if (n == 0 || (uint64_t)n % block != 0) {
			memset(buffer, 0, len);
			return 0;
		}
	}
	return 0;
}

int qcow2_file_read(const struct qcow2 *image, void *buffer, size_t len, uint64_t offset)
{
	uint64_t block = block_bytes(image), first = align_down(offset, block), end;
	uint8_t *whole;
	int rc;

	if (is_aligned(buffer, len, offset, block))
		return read_or_zeros(image->fd, buffer, len, offset, block);
	if (!checked_align_up(offset + len, block, &end))
		return -EIO;
	whole = qcow2_buffer(end - first);
	if (whole == NULL)
		return -ENOMEM;
	rc = read_or_zeros(image->fd, whole, end - first, first, block);
	memcpy(buffer, whole + (offset - first), len);
	free(whole);
	return rc;
}

int qcow2_file_write(const struct qcow2 *image, const void *buffer, size_t len, uint64_t offset)
{
	uint64_t block = block_bytes(image), first = align_down(offset, block), end;
	uint8_t *whole;
	int rc;

	if (is_aligned(buffer, len, offset, block))
		return fd_pwrite_full(image->fd, buffer, len, offset);
	if (!checked_align_up(offset + len, block, &end))
		return -EIO;
	whole = qcow2_buffer(end - first);
	if (whole == NULL)
		return -ENOMEM;
	rc = read_or_zeros(image->fd, whole, end - first, first, block);
	if (rc == 0) {
		memcpy(whole + (offset - first), buffer, len);
		rc = fd_pwrite_full(image->fd, whole, end - first, first);
	}
	free(whole);
	return rc;
}

int qcow2_file_reserve(struct qcow2 *image, uint64_t end)
{
	if (end > image->file_bytes) {
		uint64_t more = end;

		if (image->is_device)
			return -ENOSPC;
		if (checked_add_u64(end, GROW_BYTES, &more) && more <= QCOW2_MAX_OFFSET &&
		    ftruncate(image->fd, (off_t)more) == 0)
			image->file_bytes = more;
		else if (ftruncate(image->fd, (off_t)end) == 0)
			image->file_bytes = end;
		else
			return -errno;
	}
	if (end > image->used_bytes)
		image->used_bytes = end;
	return 0;
}
