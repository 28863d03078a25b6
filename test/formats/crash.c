/* crash --state FILE [OPTION...] IMAGE: writes to a disk until it is killed; then, started again with --verify, tells
 * whether what it finds may be there.
 *
 * The state survives in a file that both runs map. It knows for each block which write was the last to be asked for,
 * the last to be done when a flush that is done was asked for, and so which contents a crash may leave: that of the
 * flushed one, or of any later one. Writes of one block come one after the other. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/formats/disk.h"

#define BLOCK_BYTES 4096
#define SECTOR_BYTES 512
#define MAX_BLOCKS 64
#define NO_FLUSH UINT64_MAX

/* Of a block. Numbers of writes, ascending over the whole disk; 0: what it held before all, which is zeros. */
struct state {
	uint32_t asked;
	uint32_t asked_zeros; /* the last that wrote zeros */
	uint32_t done;
	uint32_t flushed;
	uint32_t flushed_zeros; /* whether that one wrote zeros */
	uint32_t done_zeros;
};

struct slot {
	struct block_request request;
	struct iovec iov;
	uint64_t first, nr; /* blocks; nr 0: nothing is in flight */
	uint32_t number;
	enum block_op op;
	struct state *at_flush; /* a copy, from when the flush was asked for */
	uint8_t *memory;
};

static struct disk_arguments arguments;
static struct disk disk;
static struct state *states;
static uint64_t nr_blocks, seed;
static uint32_t last_number;
static struct slot *slots;
static bool flushing;

/* --- what may be there --- */

static void fill(uint8_t *sector, uint64_t block, uint32_t number)
{
	uint64_t *words = (uint64_t *)(void *)sector;

	for (unsigned int i = 0; i < SECTOR_BYTES / 8; i++)
		words[i] = (uint64_t)number << 32 | (block & 0xffffff) << 8 | (i & 0x7f) | 0x80;
}

static bool may_be(const uint8_t *sector, uint64_t block)
{
	static const uint8_t zeros[SECTOR_BYTES];
	const struct state *state = &states[block];
	uint8_t expected[SECTOR_BYTES];
	uint64_t first;
	uint32_t number;

	if (memcmp(sector, zeros, SECTOR_BYTES) == 0)
		return state->flushed == 0 || state->flushed_zeros || state->asked_zeros > state->flushed;
	memcpy(&first, sector, sizeof(first));
	number = (uint32_t)(first >> 32);
	fill(expected, block, number);
	if (memcmp(sector, expected, SECTOR_BYTES) != 0)
		return false;
	return number <= state->asked &&
	       (number > state->flushed || (number == state->flushed && !state->flushed_zeros));
}

static void verify(void)
{
	static uint8_t memory[MAX_BLOCKS * BLOCK_BYTES] __attribute__((aligned(4096)));
	uint64_t nr_flushed = 0;

	for (uint64_t first = 0; first < nr_blocks; first += MAX_BLOCKS) {
		uint64_t nr = nr_blocks - first < MAX_BLOCKS ? nr_blocks - first : MAX_BLOCKS;
		int rc = disk_perform(&disk, BLOCK_READ, first * BLOCK_BYTES, memory, nr * BLOCK_BYTES);

		if (rc < 0)
			disk_fail("block %" PRIu64 ": %s", first, strerror(-rc));
		for (uint64_t i = 0; i < nr * BLOCK_BYTES; i += SECTOR_BYTES) {
			uint64_t block = first + i / BLOCK_BYTES;
			const struct state *state = &states[block];
			uint64_t word;

			if (may_be(memory + i, block))
				continue;
			memcpy(&word, memory + i, sizeof(word));
			disk_fail("block %" PRIu64 " begins with %016" PRIx64
				  "; write %u of it was flushed (zeros: %u), %u "
				  "was the last",
				  block, word, state->flushed, state->flushed_zeros, state->asked);
		}
	}
	for (uint64_t i = 0; i < nr_blocks; i++)
		nr_flushed += states[i].flushed != 0;
	printf("verified, %" PRIu64 " of %" PRIu64 " blocks were flushed\n", nr_flushed, nr_blocks);
}

/* --- writing --- */

static void start(struct slot *slot);

static void flushed(const struct slot *slot)
{
	for (uint64_t i = 0; i < nr_blocks; i++) {
		states[i].flushed_zeros = slot->at_flush[i].done_zeros;
		__atomic_store_n(&states[i].flushed, slot->at_flush[i].done, __ATOMIC_RELEASE);
	}
	flushing = false;
}

static void done(struct block_request *request, int result)
{
	struct slot *slot = (struct slot *)request;

	if (result < 0)
		disk_fail("operation %d: %s", slot->op, strerror(-result));
	if (slot->op == BLOCK_FLUSH)
		flushed(slot);
	for (uint64_t i = slot->first; i < slot->first + slot->nr; i++) {
		states[i].done_zeros = slot->op != BLOCK_WRITE;
		states[i].done = slot->number;
	}
	slot->nr = 0;
	start(slot);
}

static bool overlaps(uint64_t first, uint64_t nr)
{
	for (unsigned int i = 0; i < arguments.depth; i++)
		if (first < slots[i].first + slots[i].nr && slots[i].first < first + nr)
			return true;
	return false;
}

static void start(struct slot *slot)
{
	const struct block_geometry *geometry = block_geometry(disk.block);
	uint64_t kind = disk_random(&seed, 100);

	slot->first = slot->nr = 0;
	slot->request.offset = slot->request.length = slot->request.nr_iov = 0;
	slot->request.done = done;
	if (kind < 6 && !flushing) {
		flushing = true;
		slot->op = BLOCK_FLUSH;
		memcpy(slot->at_flush, states, nr_blocks * sizeof(*states));
	} else {
		uint64_t first, nr;

		do {
			first = disk_random(&seed, nr_blocks);
			nr = 1 + disk_random(&seed, kind < 80 ? 4 : MAX_BLOCKS);
			if (nr > nr_blocks - first)
				nr = nr_blocks - first;
		} while (overlaps(first, nr));
		slot->op = kind < 85 ? BLOCK_WRITE : kind < 92 ? BLOCK_WRITE_ZEROES : BLOCK_WRITE_ZEROES_UNMAP;
		if (slot->op == BLOCK_WRITE_ZEROES_UNMAP && !geometry->zeroes_may_unmap)
			slot->op = BLOCK_WRITE_ZEROES;
		slot->number = ++last_number;
		slot->first = first;
		slot->nr = nr;
		for (uint64_t i = 0; i < nr; i++) {
			for (unsigned int at = 0; at < BLOCK_BYTES; at += SECTOR_BYTES)
				fill(slot->memory + i * BLOCK_BYTES + at, first + i, slot->number);
			if (slot->op != BLOCK_WRITE)
				states[first + i].asked_zeros = slot->number;
			states[first + i].asked = slot->number;
		}
		slot->request.offset = first * BLOCK_BYTES;
		slot->request.length = nr * BLOCK_BYTES;
		slot->iov = (struct iovec){ slot->memory, nr * BLOCK_BYTES };
		slot->request.iov = &slot->iov;
		slot->request.nr_iov = slot->op == BLOCK_WRITE;
	}
	slot->request.op = slot->op;
	block_submit(disk.block, &slot->request);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

int main(int argc, char **argv)
{
	disk_parse(argc, argv, &arguments);
	if (arguments.state == NULL)
		disk_fail("--state is needed");
	seed = arguments.seed;
	disk_open(&arguments, &disk);
	nr_blocks = block_geometry(disk.block)->size_bytes / BLOCK_BYTES;
	states = disk_map_file(arguments.state, nr_blocks * sizeof(*states), true);
	verify();
	if (arguments.verify) {
		disk_close(&disk);
		return 0;
	}
	for (uint64_t i = 0; i < nr_blocks; i++) {
		if (states[i].asked > last_number)
			last_number = states[i].asked;
		/* What was asked for and not done may or may not be there: a flush vouches for neither. */
		states[i].done = states[i].flushed;
		states[i].done_zeros = states[i].flushed_zeros;
	}
	slots = calloc(arguments.depth, sizeof(*slots));
	for (unsigned int i = 0; slots != NULL && i < arguments.depth; i++) {
		slots[i].at_flush = malloc(nr_blocks * sizeof(*states));
		if (slots[i].at_flush == NULL ||
		    posix_memalign((void **)&slots[i].memory, 4096, MAX_BLOCKS * BLOCK_BYTES) != 0)
			disk_fail("no memory");
	}
	printf("writing\n");
	fflush(stdout);
	for (unsigned int i = 0; i < arguments.depth; i++)
		start(&slots[i]);
	loop_drain(disk.loop, never, NULL);
	return 1;
}
