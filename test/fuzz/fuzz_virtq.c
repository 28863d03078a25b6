/* Guest memory is the input: whatever the rings say, a popped chain lies inside guest memory and popping ends. */
#include <stdlib.h>
#include <string.h>

#include "virtio/core/device.h"
#include "virtio/core/virtq.h"

#define MEMORY_BYTES 8192
#define SIZE 16
#define MAX_IOV (SIZE + 4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_segments(const struct guest_memory *memory, const struct cursor *cursor)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < cursor->nr_iov; i++) {
		bool inside = false;

		for (unsigned int r = 0; r < memory->nr_regions; r++)
			inside |= range_contains((uintptr_t)memory->regions[r].host, memory->regions[r].size_bytes,
						 (uintptr_t)cursor->iov[i].iov_base, cursor->iov[i].iov_len);
		if (!inside || cursor->iov[i].iov_len == 0)
			abort();
		bytes += cursor->iov[i].iov_len;
	}
	if (bytes != cursor->nr_bytes)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct guest_memory memory = { .nr_regions = 2 };
	const struct virtq_config config = { .size = SIZE, .desc = 0, .avail = 16 * SIZE, .used = 512 };
	struct iovec iov[MAX_IOV];
	struct virtq_chain chain = { .iov = iov, .max_iov = MAX_IOV };
	struct virtq vq;
	uint8_t *bytes;

	if (len < 1)
		return 0;
	bytes = calloc(1, MEMORY_BYTES);
	if (!bytes)
		abort();
	/* Two regions that adjoin for the guest and are one allocation each for the sanitizer. */
	memory.regions[0] = (struct guest_region){ .base = 0, .size_bytes = MEMORY_BYTES, .host = bytes };
	bytes = calloc(1, MEMORY_BYTES);
	if (!bytes)
		abort();
	memory.regions[1] = (struct guest_region){ .base = MEMORY_BYTES, .size_bytes = MEMORY_BYTES, .host = bytes };
	memcpy(memory.regions[0].host, data + 1, len - 1 < MEMORY_BYTES ? len - 1 : MEMORY_BYTES);
	if (virtq_activate(&vq, &memory, &config, (uint64_t)data[0] << VIRTIO_F_INDIRECT_DESC_BIT) < 0)
		abort();
	for (unsigned int popped = 0; virtq_pop(&vq, &chain) > 0; popped++) {
		if (popped > 65536 / SIZE + SIZE)
			abort();
		check_segments(&memory, &chain.readable);
		check_segments(&memory, &chain.writable);
		if (data[0] & 0x80)
			virtq_push(&vq, chain.head, 1);
		/* Publishing writes where the input may have put descriptors: the device's own words are hostile too.
		 */
		if (data[0] & 0x40)
			(void)!virtq_publish(&vq);
		if (vq.in_flight > SIZE)
			abort();
	}
	if (virtq_enable_kicks(&vq) && virtq_pop(&vq, &chain) == 0)
		abort();
	virtq_deactivate(&vq);
	free(memory.regions[0].host);
	free(memory.regions[1].host);
	return 0;
}
