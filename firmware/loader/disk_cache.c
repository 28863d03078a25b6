#include "firmware/loader/disk_cache.h"

#include <stdbool.h>

struct line {
	uint64_t number;
	uint32_t disk;
	uint32_t used_at; /* 0: holds nothing */
};

struct disk_cache {
	uint32_t clock;
	struct line *last_taken;
	struct line lines[DISK_CACHE_LINES];
	uint8_t (*bytes)[DISK_CACHE_LINE];
};

struct disk_cache *disk_cache_create(struct arena *arena)
{
	struct disk_cache *cache = arena_alloc(arena, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	/* A megabyte. */
	cache->bytes = arena_take(arena, sizeof(cache->bytes[0]) * DISK_CACHE_LINES);
	return cache->bytes == NULL ? NULL : cache;
}

const uint8_t *disk_cache_find(struct disk_cache *cache, unsigned int disk, uint64_t number)
{
	for (unsigned int i = 0; i < DISK_CACHE_LINES; i++) {
		struct line *line = &cache->lines[i];

		if (line->used_at == 0 || line->number != number || line->disk != disk)
			continue;
		line->used_at = ++cache->clock;
		return cache->bytes[i];
	}
	return NULL;
}

uint8_t *disk_cache_take(struct disk_cache *cache, unsigned int disk, uint64_t number)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < DISK_CACHE_LINES; i++) {
		if (cache->lines[i].used_at < cache->lines[oldest].used_at)
			oldest = i;
	}
	cache->last_taken = &cache->lines[oldest];
	*cache->last_taken = (struct line){ .number = number, .disk = disk, .used_at = ++cache->clock };
	return cache->bytes[oldest];
}

void disk_cache_forget(struct disk_cache *cache)
{
	cache->last_taken->used_at = 0;
}
