/* Guest memory: the one checked way from a guest physical address to a pointer. */
#ifndef VMM_CORE_MEMORY_H
#define VMM_CORE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/checked.h"

typedef uint64_t gpa_t;

/* Low memory, memory above the 32-bit gap, and room for two more. */
#define GUEST_MEMORY_MAX_REGIONS 4

struct guest_region {
	gpa_t base;
	uint64_t size_bytes; /* a multiple of the page size */
	uint8_t *host; /* 2 MiB aligned like `base`, so that huge pages can back it */
};

/* Owned by the machine; immutable from guest_memory_create() to _destroy(), so any thread may read it. */
struct guest_memory {
	unsigned int nr_regions;
	struct guest_region regions[GUEST_MEMORY_MAX_REGIONS]; /* ascending, disjoint */
};

/* Reserves anonymous memory for `nr` regions, whose base and size the caller has set in `wanted` (host is ignored).
 * Nothing is populated. -ENOMEM if the host refuses, -EINVAL for a bad list. Control thread. */
__attribute__((warn_unused_result)) int guest_memory_create(const struct guest_region *wanted, unsigned int nr,
							    struct guest_memory *mem);
void guest_memory_destroy(struct guest_memory *mem);

/* The host address of guest bytes [gpa, gpa + len), or NULL unless they all lie in one region. The bytes may change
 * under the caller at any time: read each once, or copy. Any thread. */
static inline void *guest_memory_at(const struct guest_memory *mem, gpa_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < mem->nr_regions; i++) {
		const struct guest_region *r = &mem->regions[i];

		if (range_contains(r->base, r->size_bytes, gpa, len))
			return r->host + (gpa - r->base);
	}
	return NULL;
}

/* Copies in or out; 0, or -EFAULT (and nothing copied) unless all bytes lie in one region. Any thread. */
__attribute__((warn_unused_result)) int guest_memory_read(const struct guest_memory *mem, gpa_t gpa, void *dst,
							  size_t len);
__attribute__((warn_unused_result)) int guest_memory_write(const struct guest_memory *mem, gpa_t gpa, const void *src,
							   size_t len);

/* Makes [gpa, gpa + len) zero again, and gives its pages back to the host where that costs no huge page. 0 or -EFAULT.
 * Any thread. */
__attribute__((warn_unused_result)) int guest_memory_clear(const struct guest_memory *mem, gpa_t gpa, uint64_t len);

/* Lets the host find and clear the pages of [gpa, gpa + len), page-aligned, now, while nobody waits for them. A host
 * that can't (Linux before 5.14) does it when they are touched, as ever. Any thread. */
void guest_memory_populate(const struct guest_memory *mem, gpa_t gpa, uint64_t len);

/* Fills [gpa, gpa + len) from a file by pread(2), straight into guest memory. 0, -EFAULT, -ENODATA or pread's errno. */
__attribute__((warn_unused_result)) int guest_memory_load(const struct guest_memory *mem, gpa_t gpa, uint64_t len,
							  int fd, uint64_t offset);

/* Maps file pages copy-on-write over guest memory, so that they are shared until written. All of gpa, len and offset
 * are multiples of the page size. Before the memslots exist. 0, -EINVAL, -EFAULT or mmap's errno. Control thread. */
__attribute__((warn_unused_result)) int guest_memory_map_file(const struct guest_memory *mem, gpa_t gpa, uint64_t len,
							      int fd, uint64_t offset);

/* All guest memory, in bytes. */
uint64_t guest_memory_size(const struct guest_memory *mem);

#endif
