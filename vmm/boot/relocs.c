#include "vmm/boot/relocs.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/checked.h"
#include "vmm/base/endian.h"
#include "vmm/boot/scratch.h"

/* One read's worth of entries: few system calls, and a buffer that stays in the CPU's cache. */
#define CHUNK_ENTRIES (8u << 10)

/* With and without the list of places to correct the other way. Each list starts behind a zero. */
#define LISTS_MAX 3
#define LISTS_MIN 2

static const uint8_t place_bytes[RELOC_KINDS] = { [RELOC_ADD64] = 8, [RELOC_SUB32] = 4, [RELOC_ADD32] = 4 };

/* Entries are low halves of virtual addresses: the subtraction wraps as theirs does. */
static uint32_t place_offset(const struct kernel_image *kernel, le32 entry)
{
	return le32_get(entry) - (uint32_t)(KERNEL_MAP_BASE + kernel->link_base);
}

struct chunk {
	const le32 *entries;
	uint64_t first; /* its index */
	uint64_t nr;
};

typedef int (*chunk_fn)(void *arg, const struct chunk *chunk);

/* Calls `each` for all entries in [offset, offset + 4 * nr), in order, a chunk at a time. Ends with its first error. */
static int for_each_chunk(const struct source *src, const struct scratch *buffer, uint64_t offset, uint64_t nr,
			  chunk_fn each, void *arg)
{
	for (uint64_t done = 0; done < nr;) {
		struct chunk chunk = { (const le32 *)buffer->data, done, nr - done };
		int ret;

		if (chunk.nr > CHUNK_ENTRIES)
			chunk.nr = CHUNK_ENTRIES;
		ret = source_read(src, buffer->data, chunk.nr * sizeof(le32), offset + done * sizeof(le32));
		if (!ret)
			ret = each(arg, &chunk);
		if (ret)
			return ret;
		done += chunk.nr;
	}
	return 0;
}

struct zeros {
	unsigned int nr;
	uint64_t at[LISTS_MAX];
};

static int find_zeros(void *arg, const struct chunk *chunk)
{
	struct zeros *zeros = arg;

	for (uint64_t i = 0; i < chunk->nr; i++) {
		if (le32_get(chunk->entries[i]) != 0)
			continue;
		if (zeros->nr < LISTS_MAX)
			zeros->at[zeros->nr] = chunk->first + i;
		zeros->nr++;
	}
	/* A table starts with a zero: do not read through whatever else is there. */
	return zeros->nr > LISTS_MAX || zeros->at[0] != 0 || zeros->nr == 0 ? -EBADMSG : 0;
}

struct check {
	const struct kernel_image *kernel;
	uint32_t place_bytes;
	uint32_t extent; /* the one that the last place was in: places ascend, mostly */
};

static bool extent_holds(const struct kernel_extent *e, uint32_t place, uint32_t bytes)
{
	return range_contains(e->image_offset, e->size_bytes, place, bytes);
}

static int check_places(void *arg, const struct chunk *chunk)
{
	struct check *check = arg;
	const struct kernel_image *kernel = check->kernel;

	for (uint64_t i = 0; i < chunk->nr; i++) {
		uint32_t place = place_offset(kernel, chunk->entries[i]);

		if (extent_holds(&kernel->extents[check->extent], place, check->place_bytes))
			continue;
		for (check->extent = 0; check->extent < kernel->nr_extents; check->extent++) {
			if (extent_holds(&kernel->extents[check->extent], place, check->place_bytes))
				break;
		}
		if (check->extent == kernel->nr_extents)
			return -EBADMSG;
	}
	return 0;
}

static int check_list(const struct source *src, const struct scratch *buffer, const struct kernel_image *kernel,
		      enum reloc_kind kind)
{
	struct check check = { .kernel = kernel, .place_bytes = place_bytes[kind] };
	const struct reloc_list *list = &kernel->relocs[kind];

	if (list->nr_entries && kernel->nr_extents == 0)
		return -EBADMSG;
	return for_each_chunk(src, buffer, list->source_offset, list->nr_entries, check_places, &check);
}

static struct reloc_list list_between(uint64_t table, uint64_t zero, uint64_t next)
{
	return (struct reloc_list){ table + (zero + 1) * sizeof(le32), next - zero - 1 };
}

/* Sets the lists. -EBADMSG if the `nr` words at `offset` are no table. */
static int find_lists(const struct source *src, const struct scratch *buffer, uint64_t offset, uint64_t nr,
		      struct kernel_image *kernel)
{
	struct zeros zeros = { 0 };
	unsigned int at = 0;
	int ret;

	ret = for_each_chunk(src, buffer, offset, nr, find_zeros, &zeros);
	if (ret)
		return ret;
	if (zeros.nr < LISTS_MIN)
		return -EBADMSG;
	kernel->relocs[RELOC_ADD64] = list_between(offset, zeros.at[at], zeros.at[at + 1]);
	at++;
	if (zeros.nr == LISTS_MAX) {
		kernel->relocs[RELOC_SUB32] = list_between(offset, zeros.at[at], zeros.at[at + 1]);
		at++;
	}
	kernel->relocs[RELOC_ADD32] = list_between(offset, zeros.at[at], nr);
	return 0;
}

int relocs_find(const struct source *src, uint64_t offset, struct kernel_image *kernel, const char **why)
{
	uint64_t len = offset < src->size_bytes ? src->size_bytes - offset : 0;
	struct scratch buffer = { 0 };
	int ret;

	kernel->is_relocatable = 0;
	if (len == 0 || len % sizeof(le32) || kernel->link_base >= KERNEL_MAP_BYTES)
		return 0;
	ret = scratch_map(&buffer, CHUNK_ENTRIES * sizeof(le32));
	if (ret)
		return ret;
	ret = find_lists(src, &buffer, offset, len / sizeof(le32), kernel);
	if (ret) {
		/* Something else may lie behind an ELF file: that is not wrong. */
		ret = ret == -EBADMSG ? 0 : ret;
		goto unmap;
	}
	for (int kind = 0; kind < RELOC_KINDS && !ret; kind++)
		ret = check_list(src, &buffer, kernel, kind);
	if (ret == -EBADMSG)
		*why = "its relocation table names places outside of the kernel";
	kernel->is_relocatable = ret == 0;
unmap:
	scratch_unmap(&buffer);
	return ret;
}

struct apply {
	const struct kernel_image *kernel;
	uint8_t *image; /* guest memory */
	uint64_t delta;
};

/* Three loops, each as tight as the compiler can make it: a kernel has some 200,000 places. The check stays even though
 * relocs_find() made it: the table may come from the cache's file. */
static int apply_add64(void *arg, const struct chunk *chunk)
{
	const struct apply *apply = arg;
	uint64_t last = apply->kernel->size_bytes - sizeof(uint64_t);

	for (uint64_t i = 0; i < chunk->nr; i++) {
		uint32_t place = place_offset(apply->kernel, chunk->entries[i]);
		uint64_t value;

		if (place > last)
			return -EBADMSG;
		memcpy(&value, apply->image + place, sizeof(value));
		value += apply->delta;
		memcpy(apply->image + place, &value, sizeof(value));
	}
	return 0;
}

static int apply_add32(void *arg, const struct chunk *chunk)
{
	const struct apply *apply = arg;
	uint64_t last = apply->kernel->size_bytes - sizeof(uint32_t);
	uint32_t delta = (uint32_t)apply->delta;

	for (uint64_t i = 0; i < chunk->nr; i++) {
		uint32_t place = place_offset(apply->kernel, chunk->entries[i]);
		uint32_t value;

		if (place > last)
			return -EBADMSG;
		memcpy(&value, apply->image + place, sizeof(value));
		value += delta;
		memcpy(apply->image + place, &value, sizeof(value));
	}
	return 0;
}

static int apply_sub32(void *arg, const struct chunk *chunk)
{
	struct apply negated = *(const struct apply *)arg;

	negated.delta = -negated.delta;
	return apply_add32(&negated, chunk);
}

int relocs_apply(const struct source *src, const struct kernel_image *kernel, const struct guest_memory *mem,
		 gpa_t base, uint64_t delta)
{
	static const chunk_fn apply_chunk[RELOC_KINDS] = {
		[RELOC_ADD64] = apply_add64,
		[RELOC_SUB32] = apply_sub32,
		[RELOC_ADD32] = apply_add32,
	};
	struct apply apply = { .kernel = kernel, .delta = delta };
	struct scratch buffer = { 0 };
	int ret;

	if (delta == 0)
		return 0;
	apply.image = guest_memory_at(mem, base, kernel->size_bytes);
	if (!apply.image)
		return -EFAULT;
	if (kernel->size_bytes < sizeof(uint64_t))
		return -EBADMSG;
	ret = scratch_map(&buffer, CHUNK_ENTRIES * sizeof(le32));
	for (int kind = 0; kind < RELOC_KINDS && !ret; kind++)
		ret = for_each_chunk(src, &buffer, kernel->relocs[kind].source_offset, kernel->relocs[kind].nr_entries,
				     apply_chunk[kind], &apply);
	scratch_unmap(&buffer);
	return ret;
}
