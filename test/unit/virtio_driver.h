/* The driver's side of a virtqueue, for tests: builds rings and chains in guest memory, collects used entries.
 *
 * Written on the kernel's own definitions (linux/virtio_ring.h), so that the device's are checked against them. */
#ifndef TEST_UNIT_VIRTIO_DRIVER_H
#define TEST_UNIT_VIRTIO_DRIVER_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "virtio/core/virtq.h"
#include "vmm/core/memory.h"

/* Maps `nr` regions of zeros; ends the test if the host refuses. */
void driver_memory_init(struct guest_memory *memory, const struct guest_region *wanted, unsigned int nr);
void driver_memory_fini(struct guest_memory *memory);

struct driver_buffer {
	gpa_t gpa;
	uint32_t len;
	bool device_writes;
};

struct driver_queue {
	const struct guest_memory *memory;
	struct virtq_config config;
	struct vring ring;
	bool event_idx;
	uint16_t avail_idx; /* offered so far */
	uint16_t used_idx; /* collected so far */
	unsigned int nr_free;
	uint16_t free[VIRTQ_MAX_SIZE];
	uint16_t next[VIRTQ_MAX_SIZE]; /* as built; the ring itself is never read back */
	uint16_t length[VIRTQ_MAX_SIZE]; /* descriptors of the chain with this head */
};

/* Bytes that the rings of a queue take, from a `base` that is a multiple of 4096. */
uint64_t driver_queue_bytes(uint16_t size);
/* Lays the rings out at `base`, all zeros. */
void driver_queue_init(struct driver_queue *q, const struct guest_memory *memory, gpa_t base, uint16_t size,
		       bool event_idx);
/* Starts with both indices at `idx` instead of 0; the device's virtq must be set likewise. */
void driver_queue_set_index(struct driver_queue *q, uint16_t idx);

/* Builds a chain, `nr_direct` buffers in the descriptor table and the rest in an indirect table at `table` (if there
 * are any). Returns its head. Not offered yet. */
uint16_t driver_build(struct driver_queue *q, const struct driver_buffer *buffers, unsigned int nr,
		      unsigned int nr_direct, gpa_t table);
/* Puts a head into the available ring and publishes it. */
void driver_offer(struct driver_queue *q, uint16_t head);
/* driver_build() with all direct, and driver_offer(). */
uint16_t driver_add(struct driver_queue *q, const struct driver_buffer *buffers, unsigned int nr);

/* Takes the next used entry and frees its descriptors; false if there is none. */
bool driver_collect(struct driver_queue *q, uint16_t *head, uint32_t *len);

/* Whether the driver must kick, having offered from `old` to avail_idx. */
bool driver_must_kick(struct driver_queue *q, uint16_t old);
/* With EVENT_IDX: asks for an interrupt when the used index passes `event`. */
void driver_set_used_event(struct driver_queue *q, uint16_t event);

#endif
