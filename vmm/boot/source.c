#include "vmm/boot/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/base/checked.h"
#include "vmm/base/fd.h"

int source_from_fd(int fd, struct source *src)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*src = (struct source){ .fd = fd, .size_bytes = (uint64_t)st.st_size };
	return 0;
}

struct source source_from_bytes(const void *data, uint64_t size_bytes)
{
	return (struct source){ .data = data, .fd = -1, .size_bytes = size_bytes };
}

int source_read(const struct source *src, void *dst, size_t len, uint64_t offset)
{
	if (!range_contains(0, src->size_bytes, offset, len))
		return -ENODATA;
	if (!src->data)
		return fd_pread_full(src->fd, dst, len, offset);
	memcpy(dst, src->data + offset, len);
	return 0;
}

int source_load(const struct source *src, const struct guest_memory *mem, gpa_t gpa, uint64_t len, uint64_t offset)
{
	if (!range_contains(0, src->size_bytes, offset, len))
		return -ENODATA;
	if (!src->data)
		return guest_memory_load(mem, gpa, len, src->fd, offset);
	return guest_memory_write(mem, gpa, src->data + offset, len);
}
