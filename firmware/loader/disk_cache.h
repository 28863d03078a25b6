/* Pieces of disks that were read lately. */
#ifndef FIRMWARE_LOADER_DISK_CACHE_H
#define FIRMWARE_LOADER_DISK_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/arena.h"

#define DISK_CACHE_PIECE 0x10000u /* the bytes that one has, but at a disk's end */
#define DISK_CACHE_PIECES 16

struct disk_cache;

/* NULL if the arena is full. */
struct disk_cache *disk_cache_create(struct arena *arena);

/* The byte at `offset` of disk `disk` if it is there, and in *len how many follow it, itself among them; or NULL. */
const uint8_t *disk_cache_find(struct disk_cache *cache, unsigned int disk, uint64_t offset, size_t *len);

/* Room for the `len` bytes from `offset` on, at most DISK_CACHE_PIECE, in place of the piece that was not used for
 * longest. The caller fills it, and calls disk_cache_forget() if it can't. */
uint8_t *disk_cache_take(struct disk_cache *cache, unsigned int disk, uint64_t offset, size_t len);

/* The piece that was taken last holds nothing. */
void disk_cache_forget(struct disk_cache *cache);

#endif
