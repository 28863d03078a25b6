/* A split virtqueue, driver side. Nothing is allocated after virtqueue_init(): adding and polling take no memory. */
#ifndef TEST_GUEST_VIRTQUEUE_H
#define TEST_GUEST_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTQ_DESC_NEXT 1
#define VIRTQ_DESC_WRITE 2
#define VIRTQ_DESC_INDIRECT 4
#define VIRTQ_AVAIL_NO_INTERRUPT 1
#define VIRTQ_USED_NO_NOTIFY 1
#define VIRTQUEUE_MAX_SEGMENTS 8

struct virtq_desc {
	uint64_t address;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* then used_event */
};

struct virtq_used_entry {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_entry ring[]; /* then avail_event */
};

struct virtqueue_segment {
	const void *address;
	uint32_t len;
};

struct virtqueue {
	uint16_t size;
	bool event_idx;
	bool indirect;
	volatile struct virtq_desc *desc;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
	volatile struct virtq_desc *tables; /* indirect: VIRTQUEUE_MAX_SEGMENTS for each head */
	uint16_t free_head; /* a list through desc[].next */
	uint16_t nr_free;
	uint16_t next_avail; /* added, perhaps not yet published */
	uint16_t published;
	uint16_t last_used;
	uint64_t notify_address;
	uint16_t index; /* what a notification writes */
	uint64_t nr_kicks; /* notifications written */
};

/* Takes ring memory for `size` descriptors, which need not be a power of two (for tests of the device). */
void virtqueue_init(struct virtqueue *vq, uint16_t size, bool event_idx, bool indirect);
/* The head of a new chain of `nr_out` readable and then `nr_in` writable segments; -1 if there is no room for it. */
int virtqueue_add(struct virtqueue *vq, const struct virtqueue_segment *segments, unsigned int nr_out,
		  unsigned int nr_in);
/* Publishes what was added and notifies the device if it wants that. */
void virtqueue_kick(struct virtqueue *vq);
/* The head of a chain that the device has used, with *len bytes written; -1 if there is none. */
int virtqueue_poll(struct virtqueue *vq, uint32_t *len);
/* Asks for an interrupt at the next used chain. True if one came before that was visible: poll again. */
bool virtqueue_want_interrupt(struct virtqueue *vq);
void virtqueue_no_interrupts(struct virtqueue *vq);

#endif
