#include "virtio/core/virtq.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "virtio/core/device.h"
#include "vmm/base/endian.h"

/* The rings as the driver lays them out (virtio 1.2, 2.7.5, 2.7.6, 2.7.8). */
struct virtq_desc {
	le64 addr;
	le32 len;
	le16 flags;
	le16 next;
};

struct virtq_avail {
	le16 flags;
	le16 idx;
	le16 ring[]; /* `size` entries, then used_event */
};

struct virtq_used_elem {
	le32 id;
	le32 len;
};

struct virtq_used {
	le16 flags;
	le16 idx;
	struct virtq_used_elem ring[]; /* `size` entries, then avail_event */
};

_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(offsetof(struct virtq_desc, flags) == 12, "virtio 1.2, 2.7.5");
_Static_assert(offsetof(struct virtq_avail, ring) == 4, "virtio 1.2, 2.7.6");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "virtio 1.2, 2.7.8");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "virtio 1.2, 2.7.8");

#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_INDIRECT 4
#define AVAIL_F_NO_INTERRUPT 1
#define USED_F_NO_NOTIFY 1

#define DESC_ALIGN 16
#define AVAIL_ALIGN 2
#define USED_ALIGN 4

/* `next` has 16 bits: no chain can reach further into an indirect table. */
#define MAX_INDIRECT_ENTRIES 65536u
/* Used lengths have 32 bits (virtio 1.2, 2.7.5.2: no chain is longer than 2^32 bytes). */
#define MAX_CHAIN_BYTES (UINT64_C(1) << 32)

/* One descriptor, copied out of guest memory. */
struct descriptor {
	gpa_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

static uint16_t load_le16(const le16 *field, int order)
{
	return le16toh(__atomic_load_n(&field->raw, order));
}

static void store_le16(le16 *field, uint16_t value, int order)
{
	__atomic_store_n(&field->raw, htole16(value), order);
}

static le16 *avail_event(struct virtq *vq)
{
	return (le16 *)&vq->used->ring[vq->size];
}

static const le16 *used_event(const struct virtq *vq)
{
	return &vq->avail->ring[vq->size];
}

int virtq_activate(struct virtq *vq, const struct guest_memory *memory, const struct virtq_config *config,
		   uint64_t features)
{
	void *desc, *avail, *used;

	if (!is_power_of_two(config->size) || config->size > VIRTQ_MAX_SIZE)
		return -EINVAL;
	if (config->desc % DESC_ALIGN != 0 || config->avail % AVAIL_ALIGN != 0 || config->used % USED_ALIGN != 0)
		return -EINVAL;
	/* The event fields are part of the rings whether they are negotiated or not (virtio 1.2, 2.7). */
	desc = guest_memory_at(memory, config->desc, config->size * sizeof(struct virtq_desc));
	avail = guest_memory_at(memory, config->avail, sizeof(struct virtq_avail) + (config->size + 1) * sizeof(le16));
	used = guest_memory_at(memory, config->used,
			       sizeof(struct virtq_used) + config->size * sizeof(struct virtq_used_elem) +
				       sizeof(le16));
	if (!desc || !avail || !used)
		return -EFAULT;
	*vq = (struct virtq){
		.memory = memory,
		.size = config->size,
		.event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT),
		.indirect = features & VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT),
		.wants_kicks = true, /* rings of zeros say so */
		.desc = desc,
		.avail = avail,
		.used = used,
	};
	return 0;
}

void virtq_deactivate(struct virtq *vq)
{
	*vq = (struct virtq){ 0 };
}

/* Looks at avail.idx; false if the driver claims more new chains than the ring has entries. */
static bool refresh_avail(struct virtq *vq)
{
	/* Pairs with the driver's write barrier between filling the ring (descriptors, ring entry) and storing idx
	 * (virtio 1.2, 2.7.13.3.1): all that idx covers is visible after this load. */
	uint16_t idx = load_le16(&vq->avail->idx, __ATOMIC_ACQUIRE);

	if ((uint16_t)(idx - vq->last_avail) > vq->size)
		return false;
	vq->seen_avail = idx;
	return true;
}

/* A head belongs to the device from pop to push: offered twice in that time, two chains would share descriptors. */
static bool claim_head(struct virtq *vq, uint16_t head)
{
	uint64_t bit;

	if (head >= vq->size)
		return false;
	bit = UINT64_C(1) << (head % 64);
	if (vq->busy[head / 64] & bit)
		return false;
	vq->busy[head / 64] |= bit;
	return true;
}

static struct descriptor read_descriptor(const void *table, uint16_t index)
{
	struct virtq_desc copy;

	/* An indirect table may have any alignment, hence the copy; and what was copied must not be fetched again. */
	memcpy(&copy, (const uint8_t *)table + index * sizeof(copy), sizeof(copy));
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return (struct descriptor){
		.addr = le64_get(copy.addr),
		.len = le32_get(copy.len),
		.flags = le16_get(copy.flags),
		.next = le16_get(copy.next),
	};
}

/* How many of the `len` bytes at `gpa` lie in its region. */
static uint64_t bytes_in_region(const struct guest_memory *memory, gpa_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < memory->nr_regions; i++) {
		const struct guest_region *r = &memory->regions[i];

		if (range_contains(r->base, r->size_bytes, gpa, 1)) {
			uint64_t rest = r->size_bytes - (gpa - r->base);

			return rest < len ? rest : len;
		}
	}
	return 0;
}

static bool add_segment(struct virtq_chain *chain, struct cursor *part, void *host, uint64_t len)
{
	unsigned int used = chain->readable.nr_iov + chain->writable.nr_iov;

	if (used == chain->max_iov || len > MAX_CHAIN_BYTES - chain->readable.nr_bytes - chain->writable.nr_bytes)
		return false;
	chain->iov[used] = (struct iovec){ .iov_base = host, .iov_len = len };
	if (part->nr_iov == 0)
		part->iov = &chain->iov[used];
	part->nr_iov++;
	part->nr_bytes += len;
	return true;
}

/* Adds what a descriptor points to. A buffer that spans two adjoining regions becomes a segment in each. */
static bool add_descriptor(const struct virtq *vq, struct virtq_chain *chain, const struct descriptor *desc)
{
	struct cursor *part = desc->flags & DESC_F_WRITE ? &chain->writable : &chain->readable;
	gpa_t gpa = desc->addr;
	uint64_t left = desc->len;

	while (left > 0) {
		void *host = guest_memory_at(vq->memory, gpa, left);
		uint64_t len = left;

		if (!host) {
			len = bytes_in_region(vq->memory, gpa, left);
			host = len > 0 ? guest_memory_at(vq->memory, gpa, len) : NULL;
		}
		if (!host || !add_segment(chain, part, host, len))
			return false;
		gpa += len;
		left -= len;
	}
	return true;
}

/* Walks a chain from `head`, reading each descriptor once. False if it breaks a rule (virtio 1.2, 2.7.5). */
static bool walk_chain(struct virtq *vq, struct virtq_chain *chain, uint16_t head)
{
	const void *table = vq->desc;
	uint32_t nr_entries = vq->size;
	uint32_t index = head;
	bool in_indirect = false, seen_writable = false;
	unsigned int steps = 0;

	for (;;) {
		struct descriptor desc;

		if (index >= nr_entries)
			return false;
		desc = read_descriptor(table, index);
		if (desc.flags & DESC_F_INDIRECT) {
			/* The last of the direct ones, and never within a table (2.7.5.3.1). */
			if (!vq->indirect || in_indirect || (desc.flags & DESC_F_NEXT))
				return false;
			nr_entries = desc.len / sizeof(struct virtq_desc);
			if (desc.len % sizeof(struct virtq_desc) != 0 || nr_entries == 0 ||
			    nr_entries > MAX_INDIRECT_ENTRIES)
				return false;
			table = guest_memory_at(vq->memory, desc.addr, desc.len);
			if (!table)
				return false;
			in_indirect = true;
			index = 0;
			continue;
		}
		/* No chain is longer than the queue, indirect or not; a loop would be. */
		if (++steps > vq->size)
			return false;
		if (desc.flags & DESC_F_WRITE)
			seen_writable = true;
		else if (seen_writable)
			return false;
		if (!add_descriptor(vq, chain, &desc))
			return false;
		if (!(desc.flags & DESC_F_NEXT))
			return true;
		index = desc.next;
	}
}

int virtq_pop(struct virtq *vq, struct virtq_chain *chain)
{
	uint16_t head;

	if (vq->broken)
		return -EBADMSG;
	if (vq->last_avail == vq->seen_avail) {
		if (!refresh_avail(vq))
			goto broken;
		if (vq->last_avail == vq->seen_avail)
			return 0;
	}
	/* Ordered after the load of idx that covers it, see refresh_avail(). */
	head = load_le16(&vq->avail->ring[vq->last_avail & (vq->size - 1)], __ATOMIC_RELAXED);
	if (!claim_head(vq, head))
		goto broken;
	chain->head = head;
	chain->readable = (struct cursor){ .iov = chain->iov };
	chain->writable = (struct cursor){ .iov = chain->iov };
	if (!walk_chain(vq, chain, head))
		goto broken;
	vq->last_avail++;
	vq->in_flight++;
	return 1;
broken:
	vq->broken = true;
	return -EBADMSG;
}

void virtq_push(struct virtq *vq, uint16_t head, uint32_t written)
{
	struct virtq_used_elem *elem = &vq->used->ring[vq->next_used & (vq->size - 1)];
	uint64_t bit = UINT64_C(1) << (head % 64);

	assert(head < vq->size && (vq->busy[head / 64] & bit));
	vq->busy[head / 64] &= ~bit;
	vq->in_flight--;
	__atomic_store_n(&elem->id.raw, htole32(head), __ATOMIC_RELAXED);
	__atomic_store_n(&elem->len.raw, htole32(written), __ATOMIC_RELAXED);
	vq->next_used++;
}

/* Whether moving an index from `old` to `new` passes `event` (virtio 1.2, 2.7.10; all modulo 2^16). */
static bool passes_event(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

/* By its flags, without EVENT_IDX. */
static bool interrupts_wanted(const struct virtq *vq)
{
	return !(load_le16(&vq->avail->flags, __ATOMIC_RELAXED) & AVAIL_F_NO_INTERRUPT);
}

bool virtq_publish(struct virtq *vq)
{
	uint16_t old = vq->published_used;
	uint16_t new = vq->next_used;

	if (new == old)
		return false;
	vq->published_used = new;
	/* Pairs with the driver's read barrier after it loads idx (2.7.14): the entries and the data that the device
	 * wrote are visible to whoever sees the new idx. */
	store_le16(&vq->used->idx, new, __ATOMIC_RELEASE);
	/* Pairs with the driver's full barrier between asking for an interrupt (used_event or flags) and looking at
	 * used.idx once more (2.7.7.1): either it sees the new idx or we see its wish. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vq->event_idx)
		return passes_event(load_le16(used_event(vq), __ATOMIC_RELAXED), new, old);
	return interrupts_wanted(vq);
}

bool virtq_driver_waits(const struct virtq *vq)
{
	if (vq->event_idx)
		return load_le16(used_event(vq), __ATOMIC_RELAXED) == vq->published_used;
	return interrupts_wanted(vq);
}

unsigned int virtq_nr_offered(const struct virtq *vq)
{
	return vq->broken ? 0 : (uint16_t)(load_le16(&vq->avail->idx, __ATOMIC_RELAXED) - vq->last_avail);
}

bool virtq_has_chains(const struct virtq *vq)
{
	return virtq_nr_offered(vq) > 0;
}

void virtq_disable_kicks(struct virtq *vq)
{
	if (!vq->wants_kicks)
		return;
	vq->wants_kicks = false;
	/* With EVENT_IDX the driver kicks when its index passes avail_event, which is put behind it. */
	if (vq->event_idx)
		store_le16(avail_event(vq), (uint16_t)(vq->last_avail - 1), __ATOMIC_RELAXED);
	else
		store_le16(&vq->used->flags, USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
}

bool virtq_enable_kicks(struct virtq *vq)
{
	if (vq->broken)
		return false;
	vq->wants_kicks = true;
	if (vq->event_idx)
		store_le16(avail_event(vq), vq->last_avail, __ATOMIC_RELAXED);
	else
		store_le16(&vq->used->flags, 0, __ATOMIC_RELAXED);
	/* Pairs with the driver's full barrier between storing avail.idx and looking at avail_event or flags
	 * (2.7.13.4.1): either we see its chain or it sees that we want a kick. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!refresh_avail(vq)) {
		vq->broken = true;
		return true; /* the next pop reports it */
	}
	return vq->seen_avail != vq->last_avail;
}
