#include "test/unit/block_torture.h"

#include <stdio.h>
#include <string.h>

#define NR_SLOTS 24
#define SLOT_BYTES (BLOCK_TORTURE_BYTES / NR_SLOTS)
#define SMALL_BLOCKS 9 /* what most requests of a guest are smaller than */
#define MAX_IOV 40

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % limit);
}

/* Requests of all slots are in flight together. Each slot has its own part of the disk, so that the shadow's order is
 * the disk's. */
struct slot {
	struct block_request request;
	struct iovec iov[MAX_IOV];
	struct iovec given[MAX_IOV]; /* the backend consumes the other */
	unsigned int nr_iov;
	uint64_t offset; /* as it was asked: the request's own may change on its way */
	_Alignas(4096) uint8_t memory[SLOT_BYTES + 4096 * 2];
};

struct torture {
	struct block *block;
	uint8_t *shadow;
	bool unaligned;
	unsigned int nr_steps, nr_started, nr_done;
	struct slot slots[NR_SLOTS];
};

static struct torture torture;

static void slot_start(struct slot *slot);

static void slot_done(struct block_request *request, int result)
{
	struct slot *slot = owner_of(request, struct slot, request);
	uint64_t at = slot->offset;

	ck_assert_msg(result == 0, "operation %d at %llu: %s", request->op, (unsigned long long)at, strerror(-result));
	if (request->op == BLOCK_READ)
		for (unsigned int i = 0; i < slot->nr_iov; at += slot->given[i++].iov_len)
			ck_assert_mem_eq(slot->given[i].iov_base, torture.shadow + at, slot->given[i].iov_len);
	torture.nr_done++;
	slot_start(slot);
}

/* Cuts the request's bytes into buffers, of whole blocks or of any bytes. */
static void slot_cut(struct slot *slot, uint64_t length, uint32_t block_bytes)
{
	uint32_t unit = torture.unaligned ? 1 : block_bytes;
	uint8_t *at = slot->memory + (torture.unaligned ? random_below(4096) : 0);
	uint64_t left = length;

	for (slot->nr_iov = 0; left > 0; slot->nr_iov++) {
		uint64_t n = left;

		if (slot->nr_iov < MAX_IOV - 1 && left > unit)
			n = (1 + random_below((uint32_t)(left / unit))) * unit;
		slot->given[slot->nr_iov] = (struct iovec){ at, n };
		at += n;
		left -= n;
	}
	memcpy(slot->iov, slot->given, sizeof(slot->iov));
}

static void slot_start(struct slot *slot)
{
	static const enum block_op ops[] = { BLOCK_READ,  BLOCK_READ,	 BLOCK_WRITE,	     BLOCK_WRITE,
					     BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES, BLOCK_WRITE_ZEROES_UNMAP,
					     BLOCK_WRITE, BLOCK_WRITE,	 BLOCK_READ,	     BLOCK_WRITE_DURABLE };
	const struct block_geometry *geometry = block_geometry(torture.block);
	uint32_t block_bytes = geometry->logical_block_bytes;
	uint32_t nr_blocks = SLOT_BYTES / block_bytes; /* slots meet inside the blocks of a format */
	struct block_request *request = &slot->request;
	uint32_t first, nr;

	if (torture.nr_started == torture.nr_steps)
		return;
	torture.nr_started++;
	first = random_below(nr_blocks);
	nr = nr_blocks - first;
	nr = 1 + random_below(random_below(2) != 0 || nr < SMALL_BLOCKS ? nr : SMALL_BLOCKS);
	memset(request, 0xa5, sizeof(*request)); /* nothing may lean on a zeroed request */
	request->op = ops[random_below(sizeof(ops) / sizeof(ops[0]))];
	if (request->op == BLOCK_DISCARD && !geometry->can_discard)
		request->op = BLOCK_READ;
	/* What a discard leaves is not promised, so the shadow learns it by zeroing over it. */
	if (request->op == BLOCK_DISCARD && random_below(4) != 0)
		request->op = BLOCK_WRITE_ZEROES;
	slot->offset = ((uint64_t)(slot - torture.slots) * nr_blocks + first) * block_bytes;
	request->offset = slot->offset;
	request->length = (uint64_t)nr * block_bytes;
	request->iov = slot->iov;
	request->done = slot_done;
	slot->nr_iov = 0;
	switch (request->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
	case BLOCK_WRITE_DURABLE:
		slot_cut(slot, request->length, block_bytes);
		if (request->op == BLOCK_READ) {
			memset(slot->memory, 0x5a, sizeof(slot->memory));
			break;
		}
		for (size_t i = 0, at = 0; i < slot->nr_iov; at += slot->given[i++].iov_len) {
			memset(slot->given[i].iov_base, (int)random_below(256), slot->given[i].iov_len);
			memcpy(torture.shadow + slot->offset + at, slot->given[i].iov_base, slot->given[i].iov_len);
		}
		break;
	case BLOCK_FLUSH:
		request->offset = request->length = 0;
		break;
	case BLOCK_DISCARD:
		request->length = 0; /* a discard of nothing */
		break;
	case BLOCK_SECURE_ERASE: /* not in the list above */
		break;
	case BLOCK_WRITE_ZEROES:
	case BLOCK_WRITE_ZEROES_UNMAP:
		memset(torture.shadow + slot->offset, 0, request->length);
		break;
	}
	request->nr_iov = slot->nr_iov;
	block_submit(torture.block, request);
}

static bool torture_finished(void *arg)
{
	(void)arg;
	return torture.nr_done == torture.nr_steps;
}

void block_torture(struct loop *loop, struct block *block, uint8_t *shadow, const struct block_torture *how)
{
	random_state = how->seed;
	torture.block = block;
	torture.shadow = shadow;
	torture.unaligned = how->unaligned;
	torture.nr_steps = how->nr_steps;
	torture.nr_started = torture.nr_done = 0;
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		slot_start(&torture.slots[i]);
	loop_drain(loop, torture_finished, NULL);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
}

void block_read_all(struct loop *loop, struct block *block, uint8_t *bytes, size_t size)
{
	struct iovec iov = { bytes, size };

	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 0, &iov, 1), 0);
}

void block_expect_bytes(const uint8_t *found, const uint8_t *wanted, size_t size)
{
	size_t at = 0;

	while (at < size && found[at] == wanted[at])
		at++;
	ck_assert_msg(at == size, "byte %zu is %02x, not %02x", at, found[at], wanted[at]);
}
