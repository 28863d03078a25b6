#include "vmm/boot/scratch.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES (2u << 20)

static int map(struct scratch *scratch, uint64_t size_bytes, int sharing)
{
	void *at;

	if (size_bytes == 0 || size_bytes > SIZE_MAX)
		return -ENOMEM;
	at = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	/* Written once, front to back: one fault per 2 MiB where the host allows it. A refusal costs only time. */
	if (size_bytes >= HUGE_PAGE_BYTES)
		(void)madvise(at, size_bytes, MADV_HUGEPAGE);
	scratch->data = at;
	scratch->size_bytes = size_bytes;
	return 0;
}

int scratch_map(struct scratch *scratch, uint64_t size_bytes)
{
	return map(scratch, size_bytes, MAP_PRIVATE);
}

int scratch_map_shared(struct scratch *scratch, uint64_t size_bytes)
{
	return map(scratch, size_bytes, MAP_SHARED);
}

void scratch_unmap(struct scratch *scratch)
{
	if (scratch->data)
		munmap(scratch->data, scratch->size_bytes);
	*scratch = (struct scratch){ 0 };
}
