/* Any bytes as a disk that holds a file system: it must be refused, or be one whose files can be listed and read, in
 * bounded time and memory. Inputs are sparse disks (test/firmware/sparse_disk.h); "fwls pack IMAGE" makes seeds of real
 * ones. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "test/firmware/explore.h"
#include "test/firmware/sparse_disk.h"

#define ARENA_BYTES (4u << 20)
#define MAX_FILES 100
#define MAX_FILE_BYTES (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_BYTES];
	struct arena arena = { memory, sizeof(memory), 0 };
	struct sparse_disk disks[SPARSE_NR_DISKS];
	size_t max_bytes = MAX_FILE_BYTES;
	struct fs fs;

	sparse_load(disks, data, len);
	if (fs_mount(&disks[0].source, &arena, &fs) == 1)
		(void)!explore_fs(&fs, MAX_FILES, explore_read, &max_bytes);
	sparse_free(disks);
	return 0;
}
