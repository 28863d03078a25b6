#include "test/unit/firmware_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int disk_read(struct source *source, uint64_t offset, void *buf, size_t len)
{
	struct disk *disk = (struct disk *)source;

	memcpy(buf, disk->bytes + offset, len);
	disk->nr_reads++;
	if (len > disk->largest_read)
		disk->largest_read = len;
	return 0;
}

void disk_init(struct disk *disk, const char *name, size_t len)
{
	*disk = (struct disk){ .source = { .read = disk_read, .size_bytes = len }, .bytes = calloc(1, len) };
	snprintf(disk->source.name, sizeof(disk->source.name), "%s", name);
}

void disk_fini(struct disk *disk)
{
	free(disk->bytes);
}

static void put(struct disk *disk, size_t at, uint64_t value, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		disk->bytes[at + i] = (uint8_t)(value >> (8 * i));
}

void disk_put16(struct disk *disk, size_t at, uint16_t value)
{
	put(disk, at, value, 2);
}

void disk_put32(struct disk *disk, size_t at, uint32_t value)
{
	put(disk, at, value, 4);
}

void disk_put64(struct disk *disk, size_t at, uint64_t value)
{
	put(disk, at, value, 8);
}

void disk_put32_be(struct disk *disk, size_t at, uint32_t value)
{
	put(disk, at, __builtin_bswap32(value), 4);
}

void disk_put(struct disk *disk, size_t at, const void *bytes, size_t len)
{
	memcpy(disk->bytes + at, bytes, len);
}

struct arena *disk_arena(void)
{
	static uint8_t memory[1u << 20] __attribute__((aligned(16)));
	static struct arena arena;

	arena = (struct arena){ memory, sizeof(memory), 0 };
	return &arena;
}
