#include "vmm/core/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/base/fd.h"

/* Host and guest addresses agree modulo this, so that the host can back the guest with huge pages: each spares the
 * guest 511 faults in the nested page tables. */
#define HUGE_PAGE_BYTES (UINT64_C(2) << 20)

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Reserves `size` bytes at a huge page boundary: maps more than needed and gives the ends back. */
static int map_aligned(uint64_t size, uint8_t **out)
{
	uint64_t total;
	uint8_t *raw, *start;

	if (!checked_add_u64(size, HUGE_PAGE_BYTES, &total) || total > SIZE_MAX)
		return -ENOMEM;
	raw = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED)
		return -errno;
	start = (uint8_t *)align_down((uintptr_t)raw + HUGE_PAGE_BYTES - 1, HUGE_PAGE_BYTES);
	if (start > raw)
		munmap(raw, (size_t)(start - raw));
	if (raw + total > start + size)
		munmap(start + size, (size_t)(raw + total - (start + size)));
	/* Refused where the kernel has no huge pages; then small ones serve. A core dump is no place for a guest, nor
	 * is a child of this process. */
	(void)madvise(start, size, MADV_HUGEPAGE);
	(void)madvise(start, size, MADV_DONTDUMP);
	(void)madvise(start, size, MADV_DONTFORK);
	*out = start;
	return 0;
}

int guest_memory_create(const struct guest_region *wanted, unsigned int nr, struct guest_memory *mem)
{
	gpa_t end = 0;
	int rc;

	memset(mem, 0, sizeof(*mem));
	if (nr == 0 || nr > GUEST_MEMORY_MAX_REGIONS)
		return -EINVAL;
	for (unsigned int i = 0; i < nr; i++) {
		struct guest_region *r = &mem->regions[i];

		rc = -EINVAL;
		if (wanted[i].size_bytes == 0 || wanted[i].base < end || wanted[i].base % HUGE_PAGE_BYTES != 0 ||
		    wanted[i].size_bytes % page_size() != 0 ||
		    !checked_add_u64(wanted[i].base, wanted[i].size_bytes, &end))
			goto destroy;
		r->base = wanted[i].base;
		r->size_bytes = wanted[i].size_bytes;
		rc = map_aligned(r->size_bytes, &r->host);
		if (rc < 0)
			goto destroy;
		mem->nr_regions++;
	}
	return 0;

destroy:
	guest_memory_destroy(mem);
	return rc;
}

void guest_memory_destroy(struct guest_memory *mem)
{
	for (unsigned int i = 0; i < mem->nr_regions; i++)
		munmap(mem->regions[i].host, mem->regions[i].size_bytes);
	memset(mem, 0, sizeof(*mem));
}

int guest_memory_read(const struct guest_memory *mem, gpa_t gpa, void *dst, size_t len)
{
	const void *src = guest_memory_at(mem, gpa, len);

	if (!src)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}

int guest_memory_write(const struct guest_memory *mem, gpa_t gpa, const void *src, size_t len)
{
	void *dst = guest_memory_at(mem, gpa, len);

	if (!dst)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}

int guest_memory_clear(const struct guest_memory *mem, gpa_t gpa, uint64_t len)
{
	uint8_t *start = guest_memory_at(mem, gpa, len);
	uint8_t *first, *last;

	if (!start)
		return -EFAULT;
	first = (uint8_t *)align_down((uintptr_t)start + HUGE_PAGE_BYTES - 1, HUGE_PAGE_BYTES);
	last = (uint8_t *)align_down((uintptr_t)start + len, HUGE_PAGE_BYTES);
	/* Part of a huge page is written: to give it back would split the page. */
	if (first >= last || madvise(first, (size_t)(last - first), MADV_DONTNEED) < 0) {
		memset(start, 0, len);
		return 0;
	}
	memset(start, 0, (size_t)(first - start));
	memset(last, 0, (size_t)(start + len - last));
	return 0;
}

void guest_memory_populate(const struct guest_memory *mem, gpa_t gpa, uint64_t len)
{
	uint8_t *start = guest_memory_at(mem, gpa, len);

	/* By pieces, between which other threads may change the address space. */
	for (uint64_t done = 0, part; start && done < len; done += part) {
		part = len - done < HUGE_PAGE_BYTES ? len - done : HUGE_PAGE_BYTES;
		if (madvise(start + done, part, MADV_POPULATE_WRITE) < 0)
			return;
	}
}

int guest_memory_load(const struct guest_memory *mem, gpa_t gpa, uint64_t len, int fd, uint64_t offset)
{
	void *dst = guest_memory_at(mem, gpa, len);

	return dst ? fd_pread_full(fd, dst, len, offset) : -EFAULT;
}

int guest_memory_map_file(const struct guest_memory *mem, gpa_t gpa, uint64_t len, int fd, uint64_t offset)
{
	void *dst = guest_memory_at(mem, gpa, len);
	uint64_t mask = page_size() - 1;

	if (!dst)
		return -EFAULT;
	if (len == 0 || (gpa & mask) || (len & mask) || (offset & mask))
		return -EINVAL;
	if (mmap(dst, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, (off_t)offset) == MAP_FAILED)
		return -errno;
	return 0;
}

uint64_t guest_memory_size(const struct guest_memory *mem)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < mem->nr_regions; i++)
		total += mem->regions[i].size_bytes;
	return total;
}
