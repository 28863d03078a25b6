/* Requests that are partly here and partly in the base, and those that bring blocks here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/backend/overlay/overlay.h"
#include "vmm/base/checked.h"

/* What a walk keeps in walk->format[]. */
enum {
	FIRST, /* the run that it has claimed, or waits for; in blocks */
	NR,
	PHASE, /* enum phase */
	PAGE, /* struct overlay_page, while it copies */
};

enum phase {
	LOOKING, /* has claimed nothing */
	FILLING, /* whole blocks, which are marked when all of the run is written */
	READING, /* a block of the base, of which a part will be written */
	COPYING, /* that block with the part in it */
};

/* A block on its way from the base to the overlay. */
struct overlay_page {
	union {
		_Alignas(OVERLAY_BLOCK_BYTES) uint8_t bytes[OVERLAY_BLOCK_BYTES];
		struct overlay_page *next; /* while it is free */
	};
};

static struct overlay *overlay_of(const struct block_walk *walk)
{
	return (struct overlay *)walk->owner;
}

/* --- claims --- */

static bool overlaps(const struct block_walk *a, const struct block_walk *b)
{
	return ranges_overlap(a->format[FIRST], a->format[NR], b->format[FIRST], b->format[NR]);
}

/* Claims the run for the walk; false if another has some of it: then the walk is put aside, to look again later. */
static bool claim(struct block_walk *walk, uint64_t first, uint64_t nr)
{
	struct overlay *overlay = overlay_of(walk);

	walk->format[FIRST] = first;
	walk->format[NR] = nr;
	for (struct block_walk *other = overlay->filling; other != NULL; other = other->next) {
		if (!overlaps(walk, other))
			continue;
		walk->next = NULL;
		*overlay->waiting_tail = walk;
		overlay->waiting_tail = &walk->next;
		return false;
	}
	walk->next = overlay->filling;
	overlay->filling = walk;
	return true;
}

/* Ends the claim: the blocks are here now, or not if it failed. Who waited for them looks again. */
static void let_go(struct block_walk *walk, bool filled)
{
	struct overlay *overlay = overlay_of(walk);
	struct overlay_page *page = (struct overlay_page *)walk->format[PAGE];
	struct block_walk **link = &overlay->filling;
	struct block_walk *waiting = overlay->waiting;

	while (*link != walk)
		link = &(*link)->next;
	*link = walk->next;
	if (filled)
		overlay_bitmap_set(&overlay->bitmap, walk->format[FIRST], walk->format[NR]);
	if (page != NULL) {
		page->next = overlay->pages;
		overlay->pages = page;
	}
	walk->format[PHASE] = LOOKING;
	walk->format[PAGE] = 0;
	/* All of them, in their order: those that still can't have what they want queue up again. */
	overlay->waiting = NULL;
	overlay->waiting_tail = &overlay->waiting;
	while (waiting != NULL) {
		struct block_walk *next = waiting->next;

		block_walk_resume(waiting);
		waiting = next;
	}
}

/* --- steps --- */

struct place {
	uint64_t at; /* the next byte, on the disk */
	uint64_t left; /* of the request */
	uint64_t block;
	uint64_t offset; /* of `at` in its block */
	uint64_t nr; /* blocks from there on that are alike, and are the request's in part at least */
	bool here;
};

static struct place look(const struct block_walk *walk)
{
	const struct overlay *overlay = overlay_of(walk);
	struct place place;
	uint64_t end;

	place.at = walk->parent->offset + walk->position;
	place.left = walk->parent->length - walk->position;
	place.block = place.at / OVERLAY_BLOCK_BYTES;
	place.offset = place.at % OVERLAY_BLOCK_BYTES;
	end = (place.at + place.left - 1) / OVERLAY_BLOCK_BYTES + 1;
	place.nr = overlay_bitmap_run(&overlay->bitmap, place.block, end - place.block, &place.here);
	return place;
}

/* The part of the run that is the request's, in bytes. */
static uint64_t run_bytes(const struct place *place)
{
	uint64_t bytes = place->nr * OVERLAY_BLOCK_BYTES - place->offset;

	return bytes < place->left ? bytes : place->left;
}

static void read_step(struct block_walk *walk)
{
	struct overlay *overlay = overlay_of(walk);
	struct place place = look(walk);

	if (place.here)
		block_walk_send(walk, overlay->upper, BLOCK_READ, overlay->data_offset + place.at, run_bytes(&place));
	else
		block_walk_send(walk, overlay->base, BLOCK_READ, place.at, run_bytes(&place));
}

/* What the overlay's file is asked. Durable it becomes by the flush that follows, bitmap and all. What is zero before
 * it was ever here needs no space. */
static enum block_op op_below(const struct block_walk *walk, bool here)
{
	switch (walk->parent->op) {
	case BLOCK_WRITE_DURABLE:
		return BLOCK_WRITE;
	case BLOCK_WRITE_ZEROES:
		return here ? BLOCK_WRITE_ZEROES : BLOCK_WRITE_ZEROES_UNMAP;
	case BLOCK_DISCARD: /* must not bring the base's bytes back, nor what an unflushed write left in the file */
		return here ? BLOCK_DISCARD : BLOCK_WRITE_ZEROES_UNMAP;
	default:
		return walk->parent->op;
	}
}

/* Bytes of the disk in the block: all but the last are whole. */
static uint64_t block_bytes(const struct overlay *overlay, uint64_t block)
{
	uint64_t left = overlay->block.geometry.size_bytes - block * OVERLAY_BLOCK_BYTES;

	return left < OVERLAY_BLOCK_BYTES ? left : OVERLAY_BLOCK_BYTES;
}

/* Begins to copy a block, of which the request has a part. */
static void copy_begin(struct block_walk *walk, const struct place *place)
{
	struct overlay *overlay = overlay_of(walk);
	struct overlay_page *page = overlay->pages;

	if (!claim(walk, place->block, 1))
		return;
	if (page != NULL)
		overlay->pages = page->next;
	else
		page = aligned_alloc(OVERLAY_BLOCK_BYTES, sizeof(*page));
	walk->format[PAGE] = (uintptr_t)page;
	walk->format[PHASE] = READING;
	if (page == NULL) {
		block_walk_fail(walk, -ENOMEM);
		return;
	}
	memset(page->bytes, 0, sizeof(page->bytes));
	block_walk_send_own(walk, overlay->base, BLOCK_READ, place->block * OVERLAY_BLOCK_BYTES, page->bytes,
			    block_bytes(overlay, place->block));
}

static uint64_t part_bytes(const struct block_walk *walk, const struct place *place)
{
	uint64_t bytes = block_bytes(overlay_of(walk), place->block) - place->offset;

	return bytes < place->left ? bytes : place->left;
}

static void copy_write(struct block_walk *walk, const struct place *place)
{
	struct overlay *overlay = overlay_of(walk);
	struct overlay_page *page = (struct overlay_page *)walk->format[PAGE];
	uint64_t bytes = part_bytes(walk, place);

	if (walk->parent->op <= BLOCK_WRITE_DURABLE)
		block_walk_gather(walk, page->bytes + place->offset, bytes);
	else
		memset(page->bytes + place->offset, 0, bytes);
	walk->format[PHASE] = COPYING;
	block_walk_send_own(walk, overlay->upper, BLOCK_WRITE,
			    overlay->data_offset + place->block * OVERLAY_BLOCK_BYTES, page->bytes,
			    OVERLAY_BLOCK_BYTES);
}

/* Brings blocks here, or a part of one. */
static void bring_step(struct block_walk *walk, const struct place *place)
{
	struct overlay *overlay = overlay_of(walk);
	uint64_t nr = (place->offset + place->left) / OVERLAY_BLOCK_BYTES;

	/* The disk's last block is whole when it reaches the disk's end. */
	if (place->at + place->left == overlay->block.geometry.size_bytes && place->left % OVERLAY_BLOCK_BYTES != 0)
		nr = (place->offset + place->left + OVERLAY_BLOCK_BYTES - 1) / OVERLAY_BLOCK_BYTES;
	if (place->offset != 0 || nr == 0) {
		/* Too little to give up: a discard is a hint. */
		if (walk->parent->op == BLOCK_DISCARD)
			block_walk_skip(walk, part_bytes(walk, place));
		else
			copy_begin(walk, place);
		return;
	}
	if (!claim(walk, place->block, nr < place->nr ? nr : place->nr))
		return;
	walk->format[PHASE] = FILLING;
	nr = walk->format[NR] * OVERLAY_BLOCK_BYTES;
	block_walk_send(walk, overlay->upper, op_below(walk, false), overlay->data_offset + place->at,
			nr < place->left ? nr : place->left);
}

static void write_step(struct block_walk *walk)
{
	struct overlay *overlay = overlay_of(walk);
	struct place place = look(walk);
	uint64_t claimed_end = (walk->format[FIRST] + walk->format[NR]) * OVERLAY_BLOCK_BYTES;

	switch ((enum phase)walk->format[PHASE]) {
	case LOOKING:
		break;
	case FILLING:
		/* Scattered buffers take several pieces, which may end anywhere in a block. */
		if (place.at < claimed_end) {
			uint64_t bytes = claimed_end - place.at;

			block_walk_send(walk, overlay->upper, op_below(walk, false), overlay->data_offset + place.at,
					bytes < place.left ? bytes : place.left);
			return;
		}
		let_go(walk, true);
		break;
	case READING:
		copy_write(walk, &place);
		return;
	case COPYING:
		let_go(walk, true);
		block_walk_skip(walk, part_bytes(walk, &place));
		return;
	}
	place = look(walk);
	if (place.here)
		block_walk_send(walk, overlay->upper, op_below(walk, true), overlay->data_offset + place.at,
				run_bytes(&place));
	else
		bring_step(walk, &place);
}

static bool walk_ended(struct block_walk *walk, int result)
{
	if (walk->format[PHASE] != LOOKING)
		let_go(walk, result == 0);
	if (result < 0 || walk->parent->op != BLOCK_WRITE_DURABLE)
		return true;
	overlay_flush_submit(overlay_of(walk), walk->parent);
	return false;
}

void overlay_walk_start(struct overlay *overlay, struct block_request *request)
{
	block_walk_start(&overlay->walks, &overlay->block, request, request->op == BLOCK_READ ? read_step : write_step);
}

void overlay_walk_attach(struct overlay *overlay)
{
	block_walk_pool_init(&overlay->walks, overlay->loop);
	overlay->walks.ended = walk_ended;
	overlay->waiting_tail = &overlay->waiting;
}

void overlay_walk_detach(struct overlay *overlay)
{
	block_walk_pool_fini(&overlay->walks);
	while (overlay->pages != NULL) {
		struct overlay_page *page = overlay->pages;

		overlay->pages = page->next;
		free(page);
	}
}
