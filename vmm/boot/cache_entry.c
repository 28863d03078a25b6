#include "vmm/boot/cache_entry.h"

#include <errno.h>
#include <sha512.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/checked.h"
#include "vmm/base/fd.h"
#include "vmm/base/parallel.h"

/* Goes up with every change of what follows, struct kernel_image included. */
#define ENTRY_VERSION 2

#define PAGE_BYTES 4096

/* Shorter runs of zeros are cheaper to read than to step over. */
#define ZERO_RUN_PAGES 16

#define CHECKSUM_BYTES 16

#define COMPARE_BYTES (32 << 10)

/* Less than this is compared sooner than a thread is started. */
#define THREAD_MIN_BYTES (1u << 20)

/* In the host's byte order: an entry never leaves its host. */
struct entry_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint64_t file_bytes;
	struct cache_origin origin;
	struct kernel_image image;
	uint8_t checksum[CHECKSUM_BYTES]; /* of all before it */
};

_Static_assert(sizeof(struct entry_header) <= PAGE_BYTES, "the header is one page");
_Static_assert(sizeof(struct kernel_image) == 48 + KERNEL_MAX_EXTENTS * 24 + RELOC_KINDS * 16,
	       "no padding: what is written and summed is all set");
_Static_assert(offsetof(struct entry_header, checksum) ==
		       24 + sizeof(struct cache_origin) + sizeof(struct kernel_image),
	       "no padding");

static const char entry_magic[8] = "moteKRNL";

void cache_digest(uint8_t *digest, size_t digest_bytes, const void *data, size_t len)
{
	uint8_t whole[SHA512_DIGEST_LENGTH];
	SHA512_CTX context;

	SHA512Init(&context);
	SHA512Update(&context, data, len);
	SHA512Final(whole, &context);
	memcpy(digest, whole, digest_bytes);
}

static void header_checksum(const struct entry_header *header, uint8_t *checksum)
{
	cache_digest(checksum, CHECKSUM_BYTES, header, offsetof(struct entry_header, checksum));
}

bool cache_entry_read(int fd, struct kernel_image *image, struct cache_origin *origin)
{
	struct entry_header header;
	uint8_t checksum[CHECKSUM_BYTES];
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return false;
	if (fd_pread_full(fd, &header, sizeof(header), 0))
		return false;
	if (memcmp(header.magic, entry_magic, sizeof(entry_magic)) != 0 || header.version != ENTRY_VERSION ||
	    header.header_bytes != sizeof(header) || header.file_bytes != (uint64_t)st.st_size)
		return false;
	header_checksum(&header, checksum);
	if (memcmp(checksum, header.checksum, sizeof(checksum)) != 0 ||
	    header.origin.payload_bytes > header.file_bytes || !kernel_image_is_sane(&header.image, header.file_bytes))
		return false;
	*image = header.image;
	*origin = header.origin;
	return true;
}

/* Shared by the threads that compare an entry's payload with another. */
struct comparison {
	int fd;
	uint64_t offset; /* of the payload in the file */
	const uint8_t *payload;
	size_t len;
	_Atomic size_t taken; /* by some thread */
	atomic_bool differs;
};

static void *compare(void *arg)
{
	struct comparison *c = arg;
	uint8_t chunk[COMPARE_BYTES];
	size_t at;

	while (!c->differs && (at = atomic_fetch_add(&c->taken, sizeof(chunk))) < c->len) {
		size_t n = c->len - at < sizeof(chunk) ? c->len - at : sizeof(chunk);

		if (fd_pread_full(c->fd, chunk, n, c->offset + at) < 0 || memcmp(chunk, c->payload + at, n) != 0)
			c->differs = true;
	}
	return NULL;
}

bool cache_entry_is_from(int fd, const uint8_t *payload, size_t len)
{
	struct comparison comparison = { .fd = fd, .payload = payload, .len = len };
	struct stat st;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < len)
		return false;
	comparison.offset = (uint64_t)st.st_size - len;
	parallel_run("compare", parallel_threads(len < THREAD_MIN_BYTES ? 1 : PARALLEL_MAX), compare, &comparison);
	return !comparison.differs;
}

static bool is_zero(const uint8_t *bytes, uint64_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* How many of the bytes at `offset` in extent `e` are zeros, in whole pages to its end. */
static uint64_t zero_run(const uint8_t *unpacked, const struct kernel_extent *e, uint64_t offset)
{
	uint64_t start = offset;

	while (offset < e->size_bytes) {
		uint64_t len = e->size_bytes - offset < PAGE_BYTES ? e->size_bytes - offset : PAGE_BYTES;

		if (!is_zero(unpacked + e->source_offset + offset, len))
			break;
		offset += len;
	}
	return offset - start;
}

/* Splits `e` at long runs of zeros: guest memory is zero to begin with, and a kernel's .bss is often in its file. The
 * last extent that fits takes the rest as it is; `spare` are kept for the extents to come. */
static void split_extent(const uint8_t *unpacked, const struct kernel_extent *e, uint32_t spare,
			 struct kernel_image *packed)
{
	uint64_t offset = 0;

	while (offset < e->size_bytes) {
		uint64_t start = offset + zero_run(unpacked, e, offset);
		uint64_t end = start;
		bool is_last = packed->nr_extents + spare + 1 >= KERNEL_MAX_EXTENTS;

		while (end < e->size_bytes) {
			uint64_t zeros = zero_run(unpacked, e, end);

			if (!is_last && (zeros >= ZERO_RUN_PAGES * PAGE_BYTES || end + zeros == e->size_bytes))
				break;
			end += zeros ? zeros : PAGE_BYTES;
			if (end > e->size_bytes)
				end = e->size_bytes;
		}
		if (end > start)
			packed->extents[packed->nr_extents++] =
				(struct kernel_extent){ e->source_offset + start, e->image_offset + start,
							end - start };
		offset = end;
	}
}

/* Gives every extent and list of `image` its place in the file; `from` keeps where their bytes are now. */
static uint64_t lay_out(struct kernel_image *image)
{
	uint64_t at = PAGE_BYTES;

	for (uint32_t i = 0; i < image->nr_extents; i++) {
		image->extents[i].source_offset = at;
		at = align_down(at + image->extents[i].size_bytes + PAGE_BYTES - 1, PAGE_BYTES);
	}
	for (int kind = 0; kind < RELOC_KINDS; kind++) {
		image->relocs[kind].source_offset = at;
		at += image->relocs[kind].nr_entries * 4;
	}
	return at;
}

static int write_bytes(int fd, const uint8_t *unpacked, const struct kernel_image *from, const struct kernel_image *to)
{
	int ret = 0;

	for (uint32_t i = 0; i < from->nr_extents && !ret; i++)
		ret = fd_pwrite_full(fd, unpacked + from->extents[i].source_offset, from->extents[i].size_bytes,
				     to->extents[i].source_offset);
	for (int kind = 0; kind < RELOC_KINDS && !ret; kind++)
		ret = fd_pwrite_full(fd, unpacked + from->relocs[kind].source_offset, from->relocs[kind].nr_entries * 4,
				     to->relocs[kind].source_offset);
	return ret;
}

int cache_entry_write(int fd, const uint8_t *payload, const uint8_t *unpacked, const struct kernel_image *image,
		      const struct cache_origin *origin)
{
	uint64_t payload_offset;
	struct kernel_image split = *image;
	struct entry_header header;
	int ret;

	memset(&header, 0, sizeof(header));
	memset(split.extents, 0, sizeof(split.extents));
	split.nr_extents = 0;
	for (uint32_t i = 0; i < image->nr_extents; i++)
		split_extent(unpacked, &image->extents[i], image->nr_extents - i - 1, &split);

	memcpy(header.magic, entry_magic, sizeof(entry_magic));
	header.version = ENTRY_VERSION;
	header.header_bytes = sizeof(header);
	header.origin = *origin;
	header.image = split;
	payload_offset = lay_out(&header.image);
	header.file_bytes = payload_offset + origin->payload_bytes;
	header_checksum(&header, header.checksum);

	/* The lists may be empty: the size must be what the header says nevertheless. */
	if (ftruncate(fd, (off_t)header.file_bytes) < 0)
		return -errno;
	ret = write_bytes(fd, unpacked, &split, &header.image);
	if (!ret)
		ret = fd_pwrite_full(fd, payload, origin->payload_bytes, payload_offset);
	if (!ret)
		ret = fd_pwrite_full(fd, &header, sizeof(header), 0);
	/* Before it gets its name: after a crash, a file of the right size could be full of zeros. */
	if (!ret && fdatasync(fd) < 0)
		ret = -errno;
	return ret;
}
