#include "test/guest/virtqueue.h"

#include <stddef.h>

#include "test/guest/pages.h"
#include "test/guest/port.h"

static void *pages_for(uint64_t size_bytes)
{
	return pages_alloc((unsigned int)((size_bytes + PAGE_BYTES - 1) / PAGE_BYTES));
}

/* Full barriers: the driver's write of an index must be seen before it reads the other side's event. */
static void barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static volatile uint16_t *used_event(struct virtqueue *vq)
{
	return &vq->avail->ring[vq->size];
}

static volatile uint16_t *avail_event(struct virtqueue *vq)
{
	return (volatile uint16_t *)&vq->used->ring[vq->size];
}

void virtqueue_init(struct virtqueue *vq, uint16_t size, bool event_idx, bool indirect)
{
	*vq = (struct virtqueue){
		.size = size,
		.event_idx = event_idx,
		.indirect = indirect,
		.desc = pages_for(size * sizeof(struct virtq_desc)),
		.avail = pages_for(6 + 2 * (uint64_t)size),
		.used = pages_for(6 + sizeof(struct virtq_used_entry) * size),
		.nr_free = size,
	};
	if (indirect)
		vq->tables = pages_for(size * VIRTQUEUE_MAX_SEGMENTS * sizeof(struct virtq_desc));
	for (uint16_t i = 0; i < size; i++)
		vq->desc[i].next = (uint16_t)(i + 1);
}

static void fill(volatile struct virtq_desc *desc, const struct virtqueue_segment *segment, uint16_t flags)
{
	desc->address = (uint64_t)segment->address;
	desc->len = segment->len;
	desc->flags = flags;
}

static uint16_t flags_of(unsigned int i, unsigned int nr_out, unsigned int nr)
{
	return (uint16_t)((i >= nr_out ? VIRTQ_DESC_WRITE : 0) | (i + 1 < nr ? VIRTQ_DESC_NEXT : 0));
}

static void fill_indirect(struct virtqueue *vq, uint16_t head, const struct virtqueue_segment *segments,
			  unsigned int nr_out, unsigned int nr)
{
	volatile struct virtq_desc *table = vq->tables + (size_t)head * VIRTQUEUE_MAX_SEGMENTS;

	for (unsigned int i = 0; i < nr; i++) {
		fill(&table[i], &segments[i], flags_of(i, nr_out, nr));
		table[i].next = (uint16_t)(i + 1);
	}
	vq->desc[head].address = (uint64_t)table;
	vq->desc[head].len = nr * (uint32_t)sizeof(struct virtq_desc);
	vq->desc[head].flags = VIRTQ_DESC_INDIRECT;
}

int virtqueue_add(struct virtqueue *vq, const struct virtqueue_segment *segments, unsigned int nr_out,
		  unsigned int nr_in)
{
	unsigned int nr = nr_out + nr_in;
	uint16_t head = vq->free_head;
	uint16_t at = head;

	if (nr == 0 || nr > VIRTQUEUE_MAX_SEGMENTS || vq->nr_free < (vq->indirect ? 1 : nr))
		return -1;
	if (vq->indirect) {
		vq->free_head = vq->desc[head].next;
		vq->nr_free--;
		fill_indirect(vq, head, segments, nr_out, nr);
	} else {
		for (unsigned int i = 0; i < nr; i++) {
			fill(&vq->desc[at], &segments[i], flags_of(i, nr_out, nr));
			at = vq->desc[at].next;
		}
		vq->free_head = at;
		vq->nr_free = (uint16_t)(vq->nr_free - nr);
	}
	vq->avail->ring[vq->next_avail++ & (vq->size - 1)] = head;
	return head;
}

void virtqueue_kick(struct virtqueue *vq)
{
	uint16_t old = vq->published;
	bool wanted;

	__atomic_thread_fence(__ATOMIC_RELEASE);
	vq->avail->idx = vq->next_avail;
	vq->published = vq->next_avail;
	barrier();
	if (vq->event_idx) /* virtio 1.2, 2.7.10.1 */
		wanted = (uint16_t)(vq->published - *avail_event(vq) - 1) < (uint16_t)(vq->published - old);
	else
		wanted = (vq->used->flags & VIRTQ_USED_NO_NOTIFY) == 0;
	if (wanted && vq->published != old) {
		vq->nr_kicks++;
		mmio_write16(vq->notify_address, vq->index);
	}
}

int virtqueue_poll(struct virtqueue *vq, uint32_t *len)
{
	uint16_t head, last;
	unsigned int nr = 1;

	if (vq->used->idx == vq->last_used)
		return -1;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	head = (uint16_t)vq->used->ring[vq->last_used & (vq->size - 1)].id;
	*len = vq->used->ring[vq->last_used & (vq->size - 1)].len;
	vq->last_used++;
	for (last = head; vq->desc[last].flags & VIRTQ_DESC_NEXT; last = vq->desc[last].next)
		nr++;
	vq->desc[last].next = vq->free_head;
	vq->free_head = head;
	vq->nr_free = (uint16_t)(vq->nr_free + nr);
	return head;
}

bool virtqueue_want_interrupt(struct virtqueue *vq)
{
	if (vq->event_idx)
		*used_event(vq) = vq->last_used;
	else
		vq->avail->flags = 0;
	barrier();
	return vq->used->idx != vq->last_used;
}

void virtqueue_no_interrupts(struct virtqueue *vq)
{
	if (vq->event_idx)
		*used_event(vq) = (uint16_t)(vq->last_used - 1);
	else
		vq->avail->flags = VIRTQ_AVAIL_NO_INTERRUPT;
}
