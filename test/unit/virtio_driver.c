#include "test/unit/virtio_driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void driver_memory_init(struct guest_memory *memory, const struct guest_region *wanted, unsigned int nr)
{
	*memory = (struct guest_memory){ .nr_regions = nr };
	for (unsigned int i = 0; i < nr; i++) {
		void *host = mmap(NULL, wanted[i].size_bytes, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (host == MAP_FAILED)
			abort();
		memory->regions[i] = wanted[i];
		memory->regions[i].host = host;
	}
}

void driver_memory_fini(struct guest_memory *memory)
{
	for (unsigned int i = 0; i < memory->nr_regions; i++)
		munmap(memory->regions[i].host, memory->regions[i].size_bytes);
	memory->nr_regions = 0;
}

uint64_t driver_queue_bytes(uint16_t size)
{
	return (vring_size(size, 4096) + 4095) & ~4095ull;
}

void driver_queue_init(struct driver_queue *q, const struct guest_memory *memory, gpa_t base, uint16_t size,
		       bool event_idx)
{
	uint8_t *host = guest_memory_at(memory, base, driver_queue_bytes(size));

	memset(q, 0, sizeof(*q));
	memset(host, 0, driver_queue_bytes(size));
	q->memory = memory;
	q->event_idx = event_idx;
	vring_init(&q->ring, size, host, 4096);
	q->config = (struct virtq_config){
		.size = size,
		.desc = base,
		.avail = base + ((uint8_t *)q->ring.avail - host),
		.used = base + ((uint8_t *)q->ring.used - host),
	};
	for (unsigned int i = 0; i < size; i++)
		q->free[q->nr_free++] = size - 1 - i;
}

void driver_queue_set_index(struct driver_queue *q, uint16_t idx)
{
	q->avail_idx = idx;
	q->used_idx = idx;
	q->ring.avail->idx = idx;
	q->ring.used->idx = idx;
}

static void fill_desc(struct vring_desc *desc, const struct driver_buffer *buffer, bool last, uint16_t next)
{
	*desc = (struct vring_desc){
		.addr = buffer->gpa,
		.len = buffer->len,
		.flags = (buffer->device_writes ? VRING_DESC_F_WRITE : 0) | (last ? 0 : VRING_DESC_F_NEXT),
		.next = last ? 0 : next,
	};
}

uint16_t driver_build(struct driver_queue *q, const struct driver_buffer *buffers, unsigned int nr,
		      unsigned int nr_direct, gpa_t table)
{
	unsigned int nr_used = nr_direct < nr ? nr_direct + 1 : nr_direct;
	uint16_t taken[VIRTQ_MAX_SIZE];

	if (nr_used == 0 || nr_used > q->nr_free)
		abort();
	for (unsigned int i = 0; i < nr_used; i++)
		taken[i] = q->free[--q->nr_free];
	for (unsigned int i = 0; i < nr_direct; i++) {
		uint16_t next = i + 1 < nr_used ? taken[i + 1] : 0;

		fill_desc(&q->ring.desc[taken[i]], &buffers[i], i + 1 == nr_used, next);
		q->next[taken[i]] = next;
	}
	if (nr_direct < nr) {
		unsigned int nr_indirect = nr - nr_direct;
		struct vring_desc *desc = guest_memory_at(q->memory, table, nr_indirect * sizeof(*desc));

		/* Copied, since tests put tables where nothing is aligned. */
		for (unsigned int i = 0; i < nr_indirect; i++) {
			struct vring_desc entry;

			fill_desc(&entry, &buffers[nr_direct + i], i + 1 == nr_indirect, i + 1);
			memcpy((uint8_t *)desc + i * sizeof(entry), &entry, sizeof(entry));
		}
		q->ring.desc[taken[nr_direct]] = (struct vring_desc){
			.addr = table,
			.len = nr_indirect * sizeof(*desc),
			.flags = VRING_DESC_F_INDIRECT,
		};
	}
	q->length[taken[0]] = nr_used;
	return taken[0];
}

void driver_offer(struct driver_queue *q, uint16_t head)
{
	__atomic_store_n(&q->ring.avail->ring[q->avail_idx % q->ring.num], head, __ATOMIC_RELAXED);
	q->avail_idx++;
	__atomic_store_n(&q->ring.avail->idx, q->avail_idx, __ATOMIC_RELEASE);
}

uint16_t driver_add(struct driver_queue *q, const struct driver_buffer *buffers, unsigned int nr)
{
	uint16_t head = driver_build(q, buffers, nr, nr, 0);

	driver_offer(q, head);
	return head;
}

bool driver_collect(struct driver_queue *q, uint16_t *head, uint32_t *len)
{
	struct vring_used_elem *elem;
	uint16_t index;

	if (__atomic_load_n(&q->ring.used->idx, __ATOMIC_ACQUIRE) == q->used_idx)
		return false;
	elem = &q->ring.used->ring[q->used_idx % q->ring.num];
	q->used_idx++;
	*head = elem->id;
	*len = elem->len;
	index = *head;
	for (unsigned int left = q->length[*head]; left > 0; left--) {
		q->free[q->nr_free++] = index;
		index = q->next[index];
	}
	q->length[*head] = 0;
	return true;
}

static __virtio16 *avail_event(struct driver_queue *q)
{
	return &vring_avail_event(&q->ring);
}

bool driver_must_kick(struct driver_queue *q, uint16_t old)
{
	if (q->event_idx)
		return vring_need_event(__atomic_load_n(avail_event(q), __ATOMIC_RELAXED), q->avail_idx, old);
	return !(__atomic_load_n(&q->ring.used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY);
}

void driver_set_used_event(struct driver_queue *q, uint16_t event)
{
	__atomic_store_n(&vring_used_event(&q->ring), event, __ATOMIC_RELAXED);
}
