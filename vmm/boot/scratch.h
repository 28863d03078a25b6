/* Large buffers that live only while a kernel is unpacked: their pages go back to the host before the VM runs, which a
 * heap does not promise. */
#ifndef VMM_BOOT_SCRATCH_H
#define VMM_BOOT_SCRATCH_H

#include <stdint.h>

struct scratch {
	uint8_t *data; /* page aligned, zero; NULL: not mapped */
	uint64_t size_bytes;
};

/* Reserves `size_bytes` (not 0); pages are taken when they are touched. -ENOMEM. */
__attribute__((warn_unused_result)) int scratch_map(struct scratch *scratch, uint64_t size_bytes);

/* The same, but what a child process writes is seen here. */
__attribute__((warn_unused_result)) int scratch_map_shared(struct scratch *scratch, uint64_t size_bytes);

/* Takes a zeroed scratch too. */
void scratch_unmap(struct scratch *scratch);

#endif
