#include "test/guest/tests/disk.h"

#include "test/guest/cpu.h"
#include "test/guest/port.h"
#include "test/guest/tests/random.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

struct blk disk;
uint32_t disk_block;
uint8_t *disk_data, *disk_found;

bool disk_open(uint64_t features, unsigned int nr_queues)
{
	bool opened = blk_open(&disk, 0, nr_queues, features, false);

	if (disk_data == NULL) {
		disk_data = pages_alloc(DISK_BUFFER_PAGES);
		disk_found = pages_alloc(DISK_BUFFER_PAGES);
	}
	expect(opened);
	if (opened)
		disk_block = mmio_read32(disk.dev.device + BLK_CONFIG_BLOCK_SIZE);
	return opened;
}

static uint32_t wait(struct virtqueue *vq)
{
	uint32_t len;

	virtqueue_kick(vq);
	while (virtqueue_poll(vq, &len) < 0)
		cpu_pause();
	return len;
}

uint32_t disk_chain(struct virtqueue *vq, const struct virtqueue_segment *segments, unsigned int nr_out,
		    unsigned int nr_in)
{
	expect(virtqueue_add(vq, segments, nr_out, nr_in) >= 0);
	return wait(vq);
}

uint8_t disk_do(enum blk_type type, uint64_t sector, void *data, uint32_t bytes, uint32_t *len)
{
	struct blk_queue *queue = &disk.queues[0];
	int slot = blk_add(queue, type, sector, data, bytes);

	if (slot < 0)
		return BLK_PENDING;
	*len = wait(&queue->vq);
	return queue->slots[slot].status;
}

uint8_t disk_status(enum blk_type type, uint64_t sector, void *data, uint32_t bytes)
{
	uint32_t len;

	return disk_do(type, sector, data, bytes, &len);
}

void disk_fill(size_t bytes, uint64_t seed)
{
	struct random random = { seed + 1 };

	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t word = random_next(&random);

		memcpy(disk_data + i, &word, 8);
	}
}

bool disk_holds(uint64_t sector, uint32_t bytes)
{
	memset(disk_found, 0xff, bytes);
	expect_equal(disk_status(BLK_READ, sector, disk_found, bytes), BLK_OK);
	return memcmp(disk_data, disk_found, bytes) == 0;
}
