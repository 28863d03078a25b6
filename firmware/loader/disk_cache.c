#include "firmware/loader/disk_cache.h"

#include <stdbool.h>

struct piece {
	uint64_t offset;
	uint32_t len; /* 0: holds nothing */
	uint32_t disk;
	uint32_t used_at;
};

struct disk_cache {
	uint32_t clock;
	struct piece *last_taken;
	struct piece pieces[DISK_CACHE_PIECES];
	uint8_t (*bytes)[DISK_CACHE_PIECE];
};

struct disk_cache *disk_cache_create(struct arena *arena)
{
	struct disk_cache *cache = arena_alloc(arena, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	/* A megabyte. */
	cache->bytes = arena_take(arena, sizeof(cache->bytes[0]) * DISK_CACHE_PIECES);
	return cache->bytes == NULL ? NULL : cache;
}

const uint8_t *disk_cache_find(struct disk_cache *cache, unsigned int disk, uint64_t offset, size_t *len)
{
	for (unsigned int i = 0; i < DISK_CACHE_PIECES; i++) {
		struct piece *piece = &cache->pieces[i];
		uint64_t at = offset - piece->offset;

		/* An offset before the piece is a huge one. */
		if (at >= piece->len || piece->disk != disk)
			continue;
		piece->used_at = ++cache->clock;
		*len = piece->len - (size_t)at;
		return cache->bytes[i] + at;
	}
	return NULL;
}

uint8_t *disk_cache_take(struct disk_cache *cache, unsigned int disk, uint64_t offset, size_t len)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < DISK_CACHE_PIECES; i++) {
		if (cache->pieces[i].used_at < cache->pieces[oldest].used_at)
			oldest = i;
	}
	cache->last_taken = &cache->pieces[oldest];
	*cache->last_taken =
		(struct piece){ .offset = offset, .len = (uint32_t)len, .disk = disk, .used_at = ++cache->clock };
	return cache->bytes[oldest];
}

void disk_cache_forget(struct disk_cache *cache)
{
	cache->last_taken->len = 0;
	cache->last_taken->used_at = 0;
}
