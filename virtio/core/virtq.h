/* The split virtqueue, device side: chains out, used entries in, one interrupt decision a batch (virtio 1.2, 2.7).
 *
 * A virtq belongs to the thread that runs its device, from virtq_activate() to virtq_deactivate(). Nothing here trusts
 * the guest: ring fields are read once, indices and lengths are bounded, and a queue that breaks the rules stays broken
 * (-EBADMSG from then on) until the driver resets the device. */
#ifndef VIRTIO_CORE_VIRTQ_H
#define VIRTIO_CORE_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "virtio/core/cursor.h"
#include "vmm/core/memory.h"

#define VIRTQ_MAX_SIZE 1024

/* What the driver wrote through the transport. */
struct virtq_config {
	uint16_t size; /* a power of two, at most the device's maximum */
	gpa_t desc;
	gpa_t avail;
	gpa_t used;
};

struct virtq {
	const struct guest_memory *memory;
	uint16_t size;
	bool event_idx;
	bool indirect;
	bool broken;
	uint16_t last_avail; /* next available-ring entry to pop */
	uint16_t seen_avail; /* what the driver last showed us in avail.idx; checked */
	uint16_t next_used; /* next used-ring entry to fill */
	uint16_t published_used; /* what the driver last saw in used.idx */
	uint16_t in_flight; /* popped, not yet pushed */
	bool wants_kicks; /* the driver is asked to kick */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	uint64_t busy[VIRTQ_MAX_SIZE / 64]; /* a bit for each head in flight, so that none is taken twice */
};

/* 0; -EINVAL (size, alignment) or -EFAULT (a ring outside guest memory). `features` are the negotiated ones. */
__attribute__((warn_unused_result)) int virtq_activate(struct virtq *vq, const struct guest_memory *memory,
						       const struct virtq_config *config, uint64_t features);
/* Forgets the rings and what is in flight. Takes a zeroed virtq as well. */
void virtq_deactivate(struct virtq *vq);

/* A validated chain as two byte streams; framing carries no meaning (virtio 1.2, 2.7.4.2). The caller sets `iov` and
 * `max_iov`, the room for segments; both cursors are parts of it. */
struct virtq_chain {
	uint16_t head;
	struct cursor readable;
	struct cursor writable;
	struct iovec *iov;
	unsigned int max_iov;
};

/* Takes the next chain: 1 with `chain` filled, 0 if none waits, -EBADMSG if the queue broke a rule (index jump, head in
 * flight, loop, more descriptors than the queue's size, descriptor or segment outside guest memory, readable after
 * writable, indirect within indirect, more segments than max_iov, more than 4 GiB in all). Segments of no bytes are
 * left out. Every popped chain ends in exactly one virtq_push(). */
__attribute__((warn_unused_result)) int virtq_pop(struct virtq *vq, struct virtq_chain *chain);

/* Puts a chain into the used ring; `written` is the number of bytes written from the start of its writable part. */
void virtq_push(struct virtq *vq, uint16_t head, uint32_t written);

/* Shows the guest all pushed chains at once and tells whether it wants an interrupt for them. */
__attribute__((warn_unused_result)) bool virtq_publish(struct virtq *vq);

/* Whether the driver has taken all that it was shown and asks for an interrupt with the next. */
bool virtq_driver_waits(const struct virtq *vq);

/* How many chains the driver says it has offered that were not popped. Reads its index only, and doesn't trust it: up
 * to 65,535. */
unsigned int virtq_nr_offered(const struct virtq *vq);
/* Whether that is any. */
bool virtq_has_chains(const struct virtq *vq);

/* Asks the driver not to kick while the device is polling the ring anyway, and to kick again. After enabling, true if a
 * chain arrived meanwhile and the device must go on popping. */
void virtq_disable_kicks(struct virtq *vq);
__attribute__((warn_unused_result)) bool virtq_enable_kicks(struct virtq *vq);

#endif
