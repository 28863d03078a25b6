/* Any bytes as two disks with partitions and logical volumes: what is found lies inside them, and can be read. Inputs
 * are sparse disks (test/firmware/sparse_disk.h); "fwls pack IMAGE..." makes seeds of real ones. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "firmware/volume/volume.h"
#include "test/firmware/sparse_disk.h"

#define ARENA_BYTES (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void use(struct source *source)
{
	uint8_t sector[512];
	uint64_t size = source->size_bytes;

	for (unsigned int i = 0; i < 16; i++) {
		uint64_t offset = size / 16 * i;
		size_t part = size - offset < sizeof(sector) ? size - offset : sizeof(sector);

		(void)!source_read(source, offset, sector, part);
	}
	(void)!source_read(source, size - 1, sector, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_BYTES];
	static struct volume volumes[VOLUME_MAX];
	struct arena arena = { memory, sizeof(memory), 0 };
	struct sparse_disk disks[SPARSE_NR_DISKS];
	struct source *const sources[SPARSE_NR_DISKS] = { &disks[0].source, &disks[1].source };
	int nr;

	sparse_load(disks, data, len);
	nr = volume_scan(sources, SPARSE_NR_DISKS, &arena, volumes);
	for (int i = 0; i < nr; i++)
		use(volumes[i].source);
	sparse_free(disks);
	return 0;
}
