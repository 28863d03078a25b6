/* Where a kernel's bytes come from: an open file, or a buffer that it was unpacked into. */
#ifndef VMM_BOOT_SOURCE_H
#define VMM_BOOT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/core/memory.h"

struct source {
	const uint8_t *data; /* NULL: the bytes are in `fd` */
	int fd;
	uint64_t size_bytes;
};

/* Wraps a regular file, which the source does not own. -EINVAL if it is something else, or fstat's errno. */
__attribute__((warn_unused_result)) int source_from_fd(int fd, struct source *src);

/* Wraps bytes that outlive the source. */
struct source source_from_bytes(const void *data, uint64_t size_bytes);

/* Copies `len` bytes at `offset`. 0; -ENODATA if the source ends before; pread's errno. */
__attribute__((warn_unused_result)) int source_read(const struct source *src, void *dst, size_t len, uint64_t offset);

/* The same, straight into guest memory. Also -EFAULT if the guest has no memory there. */
__attribute__((warn_unused_result)) int source_load(const struct source *src, const struct guest_memory *mem, gpa_t gpa,
						    uint64_t len, uint64_t offset);

#endif
