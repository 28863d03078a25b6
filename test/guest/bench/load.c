#include "test/guest/bench/load.h"

#include <stddef.h>

#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/pages.h"
#include "test/guest/text.h"

/* How often the interrupt suppression of a polled queue is renewed: its event index would come round again otherwise.
 */
#define SUPPRESS_EVERY 16384

/* A cache line a request. */
struct request {
	struct blk_header header;
	volatile uint8_t status;
	uint64_t started; /* TSC */
} __attribute__((aligned(64)));

static struct load {
	struct load_options options;
	struct blk *blk;
	unsigned int queue_depth;
	struct request *requests[BLK_MAX_QUEUES];
	uint64_t nr_blocks;
	uint32_t block_sectors;
	uint64_t random;
	uint64_t next_block; /* of a sequential load */
} load;

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"). */
static inline uint64_t next_random(void)
{
	uint64_t x = load.random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	load.random = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* Each page is one word over and over, and no two pages are the same. A RAM disk that compresses keeps such a page as
 * its word, in no time, and it is the VMM that is measured; a device that looks for equal blocks finds none. */
static void fill_with_words(uint64_t *data, uint32_t bytes)
{
	uint64_t word = 0;

	for (uint32_t i = 0; i < bytes / 8; i++) {
		if (i % (PAGE_BYTES / 8) == 0)
			word = next_random();
		data[i] = word;
	}
}

static void build_chain(struct virtqueue *vq, uint16_t head, struct request *request)
{
	volatile struct virtq_desc *table = vq->tables + (size_t)head * VIRTQUEUE_MAX_SEGMENTS;
	uint16_t data_flags = VIRTQ_DESC_NEXT | (load.options.write ? 0 : VIRTQ_DESC_WRITE);
	uint64_t *data = pages_alloc(load.options.block_bytes / PAGE_BYTES);

	fill_with_words(data, load.options.block_bytes);
	request->header.type = load.options.write ? BLK_WRITE : BLK_READ;
	table[0] = (struct virtq_desc){ (uint64_t)&request->header, sizeof(request->header), VIRTQ_DESC_NEXT, 1 };
	table[1] = (struct virtq_desc){ (uint64_t)data, load.options.block_bytes, data_flags, 2 };
	table[2] = (struct virtq_desc){ (uint64_t)&request->status, 1, VIRTQ_DESC_WRITE, 0 };
	vq->desc[head] = (struct virtq_desc){ (uint64_t)table, 3 * sizeof(*table), VIRTQ_DESC_INDIRECT, 0 };
}

void load_init(struct blk *blk, const struct load_options *options)
{
	load = (struct load){
		.options = *options,
		.blk = blk,
		.queue_depth = options->depth / blk->nr_queues,
		.nr_blocks = options->span_bytes / options->block_bytes,
		.block_sectors = options->block_bytes / BLK_SECTOR_BYTES,
		.random = options->seed,
	};
	for (unsigned int i = 0; i < blk->nr_queues; i++) {
		struct virtqueue *vq = &blk->queues[i].vq;

		load.requests[i] = pages_alloc(
			(unsigned int)((load.queue_depth * sizeof(struct request) + PAGE_BYTES - 1) / PAGE_BYTES));
		for (unsigned int head = 0; head < load.queue_depth; head++)
			build_chain(vq, (uint16_t)head, &load.requests[i][head]);
	}
}

static inline uint64_t next_block(void)
{
	uint64_t block = load.next_block;

	/* Scaled to the number of blocks by a multiplication. */
	if (load.options.random)
		return (uint64_t)((unsigned __int128)next_random() * load.nr_blocks >> 64);
	load.next_block = block + 1 == load.nr_blocks ? 0 : block + 1;
	return block;
}

static inline void submit(struct virtqueue *vq, struct request *requests, uint16_t head, uint64_t now)
{
	struct request *request = &requests[head];

	request->header.sector = next_block() * load.block_sectors;
	request->status = BLK_PENDING;
	request->started = now;
	vq->avail->ring[vq->next_avail++ & (vq->size - 1)] = head;
}

/* Reaps what queue `index` has used and, if `again`, puts new requests in its place. The number reaped. */
static unsigned int turn(unsigned int index, bool again, struct load_result *result)
{
	struct virtqueue *vq = &load.blk->queues[index].vq;
	struct request *requests = load.requests[index];
	uint16_t used = vq->used->idx;
	uint16_t nr = (uint16_t)(used - vq->last_used);

	if (nr == 0)
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (; vq->last_used != used; vq->last_used++) {
		uint16_t head = (uint16_t)vq->used->ring[vq->last_used & (vq->size - 1)].id;

		histogram_add(&result->latencies, tsc_read() - requests[head].started);
		if (requests[head].status != BLK_OK)
			result->nr_errors++;
		if (again)
			submit(vq, requests, head, tsc_read());
	}
	if (again)
		virtqueue_kick(vq);
	if (load.options.completion == LOAD_POLL && (vq->last_used & (SUPPRESS_EVERY - 1)) < nr)
		virtqueue_no_interrupts(vq);
	return nr;
}

static uint64_t nr_kicks(void)
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < load.blk->nr_queues; i++)
		nr += load.blk->queues[i].vq.nr_kicks;
	return nr;
}

static uint32_t nr_interrupts(void)
{
	uint32_t nr = 0;

	for (unsigned int i = 0; i < load.blk->nr_queues; i++)
		nr += interrupt_counts[load.blk->queues[i].vector];
	return nr;
}

/* In ring 0. Interrupts are off up to the hlt itself, so none can slip in between the look and the sleep. */
static void halt_unless_interrupted(void *arg, uint64_t *flags)
{
	(void)flags;
	if (nr_interrupts() == *(const uint32_t *)arg)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* As Linux's driver does: when there is nothing left it asks for an interrupt, looks once more, and waits. */
static void wait(void)
{
	uint32_t seen = nr_interrupts();
	bool ready = false;

	if (load.options.completion == LOAD_POLL) {
		cpu_pause();
		return;
	}
	for (unsigned int i = 0; i < load.blk->nr_queues; i++)
		ready |= virtqueue_want_interrupt(&load.blk->queues[i].vq);
	while (!ready && nr_interrupts() == seen) {
		if (load.options.completion == LOAD_HALT)
			ring0_call(halt_unless_interrupted, &seen);
		else
			cpu_pause();
	}
}

static unsigned int turn_all(bool again, struct load_result *result)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < load.blk->nr_queues; i++)
		nr += turn(i, again, result);
	return nr;
}

static void drain(unsigned int nr)
{
	static struct load_result uncounted;

	while (nr > 0) {
		nr -= turn_all(false, &uncounted);
		cpu_pause();
	}
	for (unsigned int i = 0; i < load.blk->nr_queues; i++)
		virtqueue_no_interrupts(&load.blk->queues[i].vq);
}

void load_run(uint64_t cycles, uint64_t nr_ops, struct load_result *result)
{
	uint64_t kicks = nr_kicks(), start = tsc_read();
	uint32_t interrupts = nr_interrupts();

	memset(result, 0, sizeof(*result));
	for (unsigned int i = 0; i < load.blk->nr_queues; i++) {
		struct virtqueue *vq = &load.blk->queues[i].vq;

		for (uint16_t head = 0; head < load.queue_depth; head++)
			submit(vq, load.requests[i], head, tsc_read());
		virtqueue_kick(vq);
	}
	do {
		unsigned int nr = turn_all(true, result);

		result->nr_ops += nr;
		if (nr == 0)
			wait();
		result->cycles = tsc_read() - start;
	} while (result->cycles < cycles && result->nr_ops < nr_ops);
	result->nr_kicks = nr_kicks() - kicks;
	result->nr_interrupts = (uint32_t)(nr_interrupts() - interrupts);
	drain(load.queue_depth * load.blk->nr_queues);
}
