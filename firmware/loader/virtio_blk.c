#include "firmware/loader/virtio_blk.h"

#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/loader/clock.h"
#include "firmware/loader/mmio.h"

/* A slow disk is waited for, a dead one is not waited for for ever. */
#define ANSWER_LIMIT_MS 60000

#define DESCRIPTORS_PER_REQUEST 3
#define MAX_REQUESTS 16
#define MAX_QUEUE (MAX_REQUESTS * 4) /* a power of two; room for all requests' descriptors */
#define MAX_REQUEST_BYTES (UINT32_C(1) << 20)
#define HUGE_PAGE_BYTES (2u << 20)

#define BLK_F_SIZE_MAX (UINT64_C(1) << 1)
#define BLK_CONFIG_CAPACITY 0
#define BLK_CONFIG_SIZE_MAX 8
#define BLK_T_IN 0
#define BLK_S_OK 0
#define BLK_S_PENDING 0xff

/* virtio 1.2, 2.7 */
#define DESC_NEXT 1
#define DESC_WRITE 2
#define AVAILABLE_NO_INTERRUPT 1
#define USED_NO_NOTIFY 1

struct descriptor {
	uint64_t address;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct available_ring {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

struct used_ring {
	uint16_t flags;
	uint16_t idx;
	struct {
		uint32_t id;
		uint32_t len;
	} ring[];
};

/* Request i has the descriptors from DESCRIPTORS_PER_REQUEST * i on, for good. */
struct virtio_blk_request {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
	volatile uint8_t status;
};

static int make_queue(struct virtio_blk *blk, struct arena *arena)
{
	uint16_t size = virtio_pci_queue_size(&blk->dev);
	volatile struct available_ring *available;

	if (size > MAX_QUEUE)
		size = MAX_QUEUE;
	blk->nr_requests = size / DESCRIPTORS_PER_REQUEST;
	if (blk->nr_requests > MAX_REQUESTS)
		blk->nr_requests = MAX_REQUESTS;
	if (blk->nr_requests == 0)
		return FW_ENOTSUP;
	blk->queue.size = size;
	blk->queue.descriptors = arena_alloc(arena, size * sizeof(struct descriptor));
	blk->queue.available = available = arena_alloc(arena, sizeof(*available) + (size + 1u) * sizeof(uint16_t));
	blk->queue.used = arena_alloc(arena, sizeof(struct used_ring) + (size + 1u) * 8);
	blk->requests = arena_alloc(arena, blk->nr_requests * sizeof(blk->requests[0]));
	if (blk->queue.descriptors == NULL || available == NULL || blk->queue.used == NULL || blk->requests == NULL)
		return FW_ENOMEM;
	available->flags = AVAILABLE_NO_INTERRUPT;
	return 0;
}

static void read_config(struct virtio_blk *blk)
{
	uint32_t config = blk->dev.device;

	blk->nr_sectors = mmio_read32(config + BLK_CONFIG_CAPACITY) |
			  (uint64_t)mmio_read32(config + BLK_CONFIG_CAPACITY + 4) << 32;
	blk->max_bytes = MAX_REQUEST_BYTES;
	if ((blk->dev.features & BLK_F_SIZE_MAX) && mmio_read32(config + BLK_CONFIG_SIZE_MAX) < blk->max_bytes)
		blk->max_bytes = mmio_read32(config + BLK_CONFIG_SIZE_MAX) & ~(uint32_t)(VIRTIO_BLK_SECTOR - 1);
	if (blk->max_bytes == 0)
		blk->max_bytes = VIRTIO_BLK_SECTOR;
}

int virtio_blk_open(struct virtio_blk *blk, const struct pci_function *function, struct arena *arena)
{
	int ret;

	*blk = (struct virtio_blk){ 0 };
	ret = virtio_pci_open(&blk->dev, function, BLK_F_SIZE_MAX);
	if (ret < 0)
		return ret;
	read_config(blk);
	ret = make_queue(blk, arena);
	if (ret == 0)
		ret = virtio_pci_start(&blk->dev, &blk->queue);
	if (ret < 0)
		virtio_pci_close(&blk->dev);
	return ret;
}

static void fill(struct virtio_blk *blk, unsigned int i, uint64_t sector, void *to, uint32_t len)
{
	volatile struct descriptor *desc = (volatile struct descriptor *)(uintptr_t)blk->queue.descriptors;
	struct virtio_blk_request *request = &blk->requests[i];
	uint16_t head = (uint16_t)(i * DESCRIPTORS_PER_REQUEST);

	request->type = BLK_T_IN;
	request->sector = sector;
	request->status = BLK_S_PENDING;
	desc += head;
	desc[0].address = mmio_address(request);
	desc[0].len = offsetof(struct virtio_blk_request, status);
	desc[0].flags = DESC_NEXT;
	desc[0].next = head + 1;
	desc[1].address = mmio_address(to);
	desc[1].len = len;
	desc[1].flags = DESC_NEXT | DESC_WRITE;
	desc[1].next = head + 2;
	desc[2].address = mmio_address(&request->status);
	desc[2].len = 1;
	desc[2].flags = DESC_WRITE;
}

static void offer(struct virtio_blk *blk, unsigned int i)
{
	volatile struct available_ring *available = (volatile struct available_ring *)(uintptr_t)blk->queue.available;

	blk->busy |= UINT32_C(1) << i;
	available->ring[blk->next_available++ & (blk->queue.size - 1)] = (uint16_t)(i * DESCRIPTORS_PER_REQUEST);
	blk->requests_made++;
}

static void publish(struct virtio_blk *blk)
{
	volatile struct available_ring *available = (volatile struct available_ring *)(uintptr_t)blk->queue.available;
	const volatile struct used_ring *used = blk->queue.used;

	__atomic_thread_fence(__ATOMIC_RELEASE);
	available->idx = blk->next_available;
	/* The device must see the index before the loader looks whether it wants to be told (2.7.13.4.1). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if ((used->flags & USED_NO_NOTIFY) == 0)
		mmio_write16(blk->queue.doorbell, 0);
}

/* Starts as many requests of what is left as there is room for. */
static void submit(struct virtio_blk *blk, uint64_t *sector, size_t *len, uint8_t **to)
{
	bool any = false;

	for (unsigned int i = 0; i<blk->nr_requests && * len> 0; i++) {
		uint32_t part = *len < blk->max_bytes ? (uint32_t)*len : blk->max_bytes;

		if (blk->busy & UINT32_C(1) << i)
			continue;
		fill(blk, i, *sector, *to, part);
		offer(blk, i);
		any = true;
		*sector += part / VIRTIO_BLK_SECTOR;
		*to += part;
		*len -= part;
	}
	if (any)
		publish(blk);
}

/* Takes what the device has finished: how many requests, or FW_EIO if one of them failed. */
static int reap(struct virtio_blk *blk)
{
	const volatile struct used_ring *used = blk->queue.used;
	int nr = 0, ret = 0;

	while (used->idx != blk->last_used) {
		uint32_t head, i;

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		head = used->ring[blk->last_used++ & (blk->queue.size - 1)].id;
		i = head / DESCRIPTORS_PER_REQUEST;
		if (i >= blk->nr_requests || (blk->busy & UINT32_C(1) << i) == 0)
			continue;
		blk->busy &= ~(UINT32_C(1) << i);
		if (blk->requests[i].status != BLK_S_OK)
			ret = FW_EIO;
		nr++;
	}
	return ret < 0 ? ret : nr;
}

static int give_up(struct virtio_blk *blk)
{
	print("a disk does not answer within %u s\n", ANSWER_LIMIT_MS / 1000);
	blk->broken = true;
	virtio_blk_close(blk);
	return FW_EIO;
}

/* Memory that a read fills and that the host may still have to find. */
struct fresh {
	uint8_t *start;
	uint8_t *end;
};

/* The host finds a guest's memory when it is first touched, and clears it, which takes it longer than a fast disk takes
 * to fill it. The disk's side does that from the start of what it reads, so this side does it from the end. To change
 * no bit, in one step, is safe whoever writes there at the time. */
static void touch_last(struct fresh *fresh)
{
	if (fresh->end <= fresh->start)
		return;
	fresh->end = (uint8_t *)(((uintptr_t)fresh->end - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1));
	if (fresh->end > fresh->start)
		__asm__ volatile("lock orb $0, %0" : "+m"(*fresh->end));
}

/* Waits until something is finished: as reap(). */
static int wait(struct virtio_blk *blk, struct fresh *fresh)
{
	struct clock_wait limit;
	int ret;

	clock_wait_init(&limit, ANSWER_LIMIT_MS);
	while ((ret = reap(blk)) == 0) {
		if (!clock_wait_on(&limit))
			return give_up(blk);
		touch_last(fresh);
	}
	return ret;
}

int virtio_blk_read(struct virtio_blk *blk, uint64_t sector, size_t nr_sectors, void *to, void (*meanwhile)(void))
{
	size_t len = nr_sectors * VIRTIO_BLK_SECTOR;
	uint8_t *at = to;
	struct fresh fresh = { at, at + len };
	int ret = 0;

	if (blk->broken)
		return FW_EIO;
	blk->bytes_read += len;
	submit(blk, &sector, &len, &at);
	if (meanwhile != NULL)
		meanwhile();
	/* After a failure nothing more is started, but what is in flight still writes to memory. */
	while (blk->busy != 0) {
		int done = wait(blk, &fresh);

		if (blk->broken)
			return FW_EIO;
		if (done < 0)
			ret = done;
		if (ret == 0)
			submit(blk, &sector, &len, &at);
	}
	return ret;
}

void virtio_blk_close(struct virtio_blk *blk)
{
	virtio_pci_close(&blk->dev);
}
