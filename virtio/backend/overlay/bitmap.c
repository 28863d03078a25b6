#include "virtio/backend/overlay/bitmap.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/base/checked.h"
#include "vmm/base/fd.h"

#define WORD_BITS 64
#define PAGE_BYTES 4096
#define PAGE_WORDS (PAGE_BYTES / 8)
#define PAGE_BITS (PAGE_BYTES * 8)

/* Words in memory are as in the file. */
_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the bitmap's words are used where they lie");

/* Zeros that take no memory until they are written. */
static uint64_t *map_words(uint64_t bytes)
{
	void *words = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return words != MAP_FAILED ? words : NULL;
}

int overlay_bitmap_init(struct overlay_bitmap *bitmap, uint64_t bytes, bool kept)
{
	*bitmap = (struct overlay_bitmap){ .bytes = bytes };
	if (bytes / PAGE_BYTES > UINT32_MAX - WORD_BITS)
		return -ENOMEM;
	bitmap->nr_pages = (unsigned int)(bytes / PAGE_BYTES);
	bitmap->nr_page_words = (bitmap->nr_pages + WORD_BITS - 1) / WORD_BITS;
	bitmap->words = map_words(bytes);
	if (bitmap->words == NULL)
		return -ENOMEM;
	if (!kept)
		return 0;
	bitmap->copy = map_words(bytes);
	bitmap->dirty = calloc(bitmap->nr_page_words, sizeof(*bitmap->dirty));
	bitmap->staged = calloc(bitmap->nr_page_words, sizeof(*bitmap->staged));
	if (bitmap->copy == NULL || bitmap->dirty == NULL || bitmap->staged == NULL) {
		overlay_bitmap_fini(bitmap);
		return -ENOMEM;
	}
	return 0;
}

void overlay_bitmap_fini(struct overlay_bitmap *bitmap)
{
	if (bitmap->words != NULL)
		munmap(bitmap->words, bitmap->bytes);
	if (bitmap->copy != NULL)
		munmap(bitmap->copy, bitmap->bytes);
	free(bitmap->dirty);
	free(bitmap->staged);
	*bitmap = (struct overlay_bitmap){ 0 };
}

int overlay_bitmap_load(struct overlay_bitmap *bitmap, int fd, uint64_t offset)
{
	uint64_t at = 0;

	while (at < bitmap->bytes) {
		off_t data = lseek(fd, (off_t)(offset + at), SEEK_DATA);
		off_t hole;
		uint64_t end;
		int rc;

		if (data < 0)
			return errno == ENXIO ? 0 : -errno; /* no data from here on */
		if ((uint64_t)data >= offset + bitmap->bytes)
			return 0;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		/* Whole pages, as O_DIRECT wants them. */
		at = align_down((uint64_t)data - offset, PAGE_BYTES);
		end = align_down((uint64_t)hole - offset + PAGE_BYTES - 1, PAGE_BYTES);
		if (end > bitmap->bytes)
			end = bitmap->bytes;
		rc = fd_pread_full(fd, (char *)bitmap->words + at, end - at, offset + at);
		if (rc < 0)
			return rc;
		at = end;
	}
	return 0;
}

static bool test_bit(const uint64_t *words, uint64_t bit)
{
	return words[bit / WORD_BITS] >> bit % WORD_BITS & 1;
}

uint64_t overlay_bitmap_run(const struct overlay_bitmap *bitmap, uint64_t first, uint64_t nr, bool *is_set)
{
	uint64_t flip, end = first + nr, at = first;

	*is_set = test_bit(bitmap->words, first);
	flip = *is_set ? ~UINT64_C(0) : 0; /* makes what is alike zero */
	while (at < end) {
		uint64_t other = (bitmap->words[at / WORD_BITS] ^ flip) >> at % WORD_BITS;

		if (other != 0) {
			at += (uint64_t)__builtin_ctzll(other);
			break;
		}
		at += WORD_BITS - at % WORD_BITS;
	}
	return (at < end ? at : end) - first;
}

/* Bits [from, to) of one word. */
static uint64_t mask(unsigned int from, unsigned int to)
{
	return (to == WORD_BITS ? ~UINT64_C(0) : (UINT64_C(1) << to) - 1) & ~((UINT64_C(1) << from) - 1);
}

static void set_bits(uint64_t *words, uint64_t first, uint64_t nr)
{
	while (nr > 0) {
		unsigned int from = (unsigned int)(first % WORD_BITS);
		unsigned int n = nr < WORD_BITS - from ? (unsigned int)nr : WORD_BITS - from;

		words[first / WORD_BITS] |= mask(from, from + n);
		first += n;
		nr -= n;
	}
}

void overlay_bitmap_set(struct overlay_bitmap *bitmap, uint64_t first, uint64_t nr)
{
	uint64_t first_page = first / PAGE_BITS;

	set_bits(bitmap->words, first, nr);
	if (bitmap->dirty != NULL)
		set_bits(bitmap->dirty, first_page, (first + nr - 1) / PAGE_BITS - first_page + 1);
}

bool overlay_bitmap_is_dirty(const struct overlay_bitmap *bitmap)
{
	uint64_t any = 0;

	for (unsigned int i = 0; bitmap->dirty != NULL && i < bitmap->nr_page_words; i++)
		any |= bitmap->dirty[i];
	return any != 0;
}

bool overlay_bitmap_is_written(const struct overlay_bitmap *bitmap, uint64_t first, uint64_t nr)
{
	for (uint64_t page = first / PAGE_BITS; page <= (first + nr - 1) / PAGE_BITS; page++)
		if (test_bit(bitmap->dirty, page) || test_bit(bitmap->staged, page))
			return false;
	return true;
}

bool overlay_bitmap_stage(struct overlay_bitmap *bitmap)
{
	bool any = false;

	for (unsigned int i = 0; i < bitmap->nr_page_words; i++) {
		for (uint64_t left = bitmap->dirty[i]; left != 0; left &= left - 1) {
			uint64_t at = ((uint64_t)i * WORD_BITS + (unsigned int)__builtin_ctzll(left)) * PAGE_WORDS;

			memcpy(bitmap->copy + at, bitmap->words + at, PAGE_BYTES);
			any = true;
		}
		bitmap->staged[i] = bitmap->dirty[i];
		bitmap->dirty[i] = 0;
	}
	return any;
}

int overlay_bitmap_write(const struct overlay_bitmap *bitmap, int fd, uint64_t offset)
{
	unsigned int page = 0;

	while (page < bitmap->nr_pages) {
		unsigned int end = page;
		int rc;

		if (bitmap->staged[page / WORD_BITS] == 0) {
			page = (page / WORD_BITS + 1) * WORD_BITS;
			continue;
		}
		while (end < bitmap->nr_pages && test_bit(bitmap->staged, end))
			end++;
		if (end == page) {
			page++;
			continue;
		}
		rc = fd_pwrite_full(fd, bitmap->copy + (uint64_t)page * PAGE_WORDS, (uint64_t)(end - page) * PAGE_BYTES,
				    offset + (uint64_t)page * PAGE_BYTES);
		if (rc < 0)
			return rc;
		page = end;
	}
	return 0;
}

void overlay_bitmap_unstage(struct overlay_bitmap *bitmap, bool written)
{
	for (unsigned int i = 0; i < bitmap->nr_page_words; i++) {
		if (!written)
			bitmap->dirty[i] |= bitmap->staged[i];
		bitmap->staged[i] = 0;
	}
}
