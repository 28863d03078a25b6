/* Small disks made by hand, so that each byte can be wrong. */
#ifndef TEST_UNIT_FIRMWARE_DISK_H
#define TEST_UNIT_FIRMWARE_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/arena.h"
#include "firmware/core/source.h"

struct disk {
	struct source source; /* first */
	uint8_t *bytes;
	unsigned int nr_reads;
	size_t largest_read;
};

/* Of `len` bytes, zeroed; named "vda", or as said. */
void disk_init(struct disk *disk, const char *name, size_t len);
void disk_fini(struct disk *disk);

/* Numbers in it. */
void disk_put16(struct disk *disk, size_t at, uint16_t value);
void disk_put32(struct disk *disk, size_t at, uint32_t value);
void disk_put64(struct disk *disk, size_t at, uint64_t value);
void disk_put32_be(struct disk *disk, size_t at, uint32_t value);
void disk_put(struct disk *disk, size_t at, const void *bytes, size_t len);

/* One arena of 1 MiB for all that a test needs, empty at each call. */
struct arena *disk_arena(void);

#endif
