/* Lines of disks that were read lately. */
#ifndef FIRMWARE_LOADER_DISK_CACHE_H
#define FIRMWARE_LOADER_DISK_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/arena.h"

#define DISK_CACHE_LINE 0x4000
#define DISK_CACHE_LINES 64

struct disk_cache;

/* NULL if the arena is full. */
struct disk_cache *disk_cache_create(struct arena *arena);

/* The bytes of line `number` of disk `disk` if they are there, or NULL. */
const uint8_t *disk_cache_find(struct disk_cache *cache, unsigned int disk, uint64_t number);

/* Room for that line, in place of the one that was not used for longest. The caller fills it, and calls
 * disk_cache_forget() if it can't. */
uint8_t *disk_cache_take(struct disk_cache *cache, unsigned int disk, uint64_t number);

/* The line that was taken last holds nothing. */
void disk_cache_forget(struct disk_cache *cache);

#endif
