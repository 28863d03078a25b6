#include "test/guest/crash/operation.h"

#define WORDS_PER_SECTOR (BLK_SECTOR_BYTES / 8)

/* The finaliser of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators"). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Bits 0 to 4 say what, 5 to 14 how much, 15 whether at a boundary, 32 to 63 where. Sizes are small more often than
 * large: a power of two is drawn first. Half the writes are whole blocks of 4 KiB, half the zeroed and discarded ranges
 * whole clusters of 64 KiB. */
struct operation operation_of(uint64_t seed, uint64_t number, uint64_t disk_sectors)
{
	uint64_t bits = mix(seed + number * UINT64_C(0x9e3779b97f4a7c15));
	struct operation operation = {
		.number = number,
		.type = (bits & 31) == 0  ? BLK_DISCARD
			: (bits & 31) < 3 ? BLK_WRITE_ZEROES
					  : BLK_WRITE,
		.unmap = (bits & 31) == 2,
		.nr_sectors = 1 + (uint32_t)(bits >> 8 & ((UINT64_C(1) << (bits >> 5 & 7)) - 1)),
	};
	uint32_t align = operation.type == BLK_WRITE ? 8 : 128;

	if (operation.type != BLK_WRITE)
		operation.nr_sectors *= 16;
	if ((bits >> 15 & 1) == 0)
		align = 1;
	operation.nr_sectors = (operation.nr_sectors + align - 1) / align * align;
	operation.sector = (bits >> 32) % (disk_sectors - operation.nr_sectors + 1) / align * align;
	return operation;
}

void operation_fill(const struct operation *operation, uint64_t *data)
{
	for (uint32_t i = 0; i < operation->nr_sectors * WORDS_PER_SECTOR; i += 2) {
		data[i] = operation->number;
		data[i + 1] = operation->sector + i / WORDS_PER_SECTOR;
	}
}
