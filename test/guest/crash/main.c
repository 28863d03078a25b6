/* The crash payload: writes to the first disk, and tells what a crash must not lose, until it is killed.
 *
 *   seed=N   first=N (the first operation's number)   queues=N   durable=flush|always|uncached   copy=1
 *
 * Each line "f N" promises that operations up to N are durable: they had completed when a flush that has completed was
 * asked for. With durable=always FLUSH is not negotiated, with durable=uncached the write cache is turned off; then
 * completion itself is the promise (virtio 1.2, 5.2.6.2). Operations that are in flight at the same time do not
 * overlap, so that their numbers are their order on every sector. No more than WINDOW operations are begun beyond the
 * last promise, which bounds what the host has to expect.
 *
 * With copy=1 it does something else: it copies the first disk to the second. */
#include "test/guest/payload.h"

#include <stddef.h>

#include "test/guest/cpu.h"
#include "test/guest/crash/copy.h"
#include "test/guest/crash/operation.h"
#include "test/guest/pages.h"
#include "test/guest/port.h"
#include "test/guest/power.h"
#include "test/guest/serial.h"
#include "test/guest/text.h"

#define FEATURES                                                                                                       \
	(BLK_F_MQ | BLK_F_DISCARD | BLK_F_WRITE_ZEROES | BLK_F_CONFIG_WCE | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
#define DEPTH 32
#define MAX_FLUSHES 4
#define MOST_BETWEEN_FLUSHES 24
#define WINDOW 512
#define REPORT_EVERY 8 /* operations, where each completion would be a promise */

struct slot {
	struct operation operation; /* number 0: free */
	struct blk_range range;
	uint64_t *data;
};

/* What is under way with a head of a queue. */
struct pending {
	struct slot *slot; /* NULL: a flush */
	uint64_t covers; /* the flush: all operations up to this one */
};

static struct blk blk;
static struct slot slots[DEPTH];
static struct pending pending[BLK_MAX_QUEUES][BLK_QUEUE_SIZE];
static struct operation next;
static uint64_t seed, promised;
static unsigned int nr_flushes, since_flush;
static bool flushes;

static void open_disk(const char *line)
{
	unsigned int nr_queues = (unsigned int)option_number(line, "queues", 1);
	char durable[16];

	if (!option_get(line, "durable", durable, sizeof(durable)))
		durable[0] = '\0';
	flushes = strcmp(durable, "flush") == 0;
	if (!flushes && strcmp(durable, "always") != 0 && strcmp(durable, "uncached") != 0)
		power_panic("durable is not flush, always or uncached");
	if (!blk_open(&blk, 0, nr_queues, FEATURES | (strcmp(durable, "always") == 0 ? 0 : BLK_F_FLUSH), false))
		power_panic("no disk");
	if (!(blk.dev.features & BLK_F_DISCARD) || !(blk.dev.features & BLK_F_WRITE_ZEROES))
		power_panic("the disk does not discard or write zeros");
	if (blk.nr_queues != nr_queues)
		power_panic("the disk has fewer queues");
	if (strcmp(durable, "uncached") == 0)
		mmio_write8(blk.dev.device + BLK_CONFIG_WRITEBACK, 0);
	for (unsigned int i = 0; i < DEPTH; i++)
		slots[i].data = pages_alloc(OPERATION_MAX_WRITE_BYTES / PAGE_BYTES);
}

/* All operations up to the result have completed. */
static uint64_t last_of_unbroken(void)
{
	uint64_t lowest = next.number;

	for (unsigned int i = 0; i < DEPTH; i++) {
		if (slots[i].operation.number != 0 && slots[i].operation.number < lowest)
			lowest = slots[i].operation.number;
	}
	return lowest - 1;
}

static void promise(uint64_t number)
{
	print("f %lu\n", number);
	if (number > promised)
		promised = number;
}

/* A free slot, unless what is next has to wait. */
static struct slot *slot_for_next(void)
{
	struct slot *found = NULL;

	if (next.number > promised + WINDOW)
		return NULL;
	for (unsigned int i = 0; i < DEPTH; i++) {
		const struct operation *other = &slots[i].operation;

		if (other->number == 0)
			found = &slots[i];
		else if (next.sector < other->sector + other->nr_sectors &&
			 other->sector < next.sector + next.nr_sectors)
			return NULL;
	}
	return found;
}

static bool begin_next(void)
{
	unsigned int index = (unsigned int)(next.number % blk.nr_queues);
	struct slot *slot = slot_for_next();
	int head;

	if (slot == NULL)
		return false;
	if (next.type == BLK_WRITE) {
		operation_fill(&next, slot->data);
		head = blk_add(&blk.queues[index], BLK_WRITE, next.sector, slot->data,
			       next.nr_sectors * BLK_SECTOR_BYTES);
	} else {
		slot->range = (struct blk_range){ next.sector, next.nr_sectors, next.unmap };
		head = blk_add(&blk.queues[index], next.type, 0, &slot->range, sizeof(slot->range));
	}
	if (head < 0)
		return false;
	slot->operation = next;
	pending[index][head] = (struct pending){ .slot = slot };
	next = operation_of(seed, next.number + 1, blk.nr_sectors);
	since_flush++;
	return true;
}

static void begin_flush(void)
{
	unsigned int index = (unsigned int)(next.number % blk.nr_queues);
	int head = blk_add(&blk.queues[index], BLK_FLUSH, 0, NULL, 0);

	if (head < 0)
		return;
	pending[index][head] = (struct pending){ .covers = last_of_unbroken() };
	nr_flushes++;
	since_flush = 0;
}

static void ended(struct pending *ended, uint8_t status)
{
	if (status != BLK_OK) {
		print("failed %lu status %u\n", ended->slot != NULL ? ended->slot->operation.number : 0, status);
		power_off();
	}
	if (ended->slot != NULL) {
		ended->slot->operation.number = 0;
		return;
	}
	nr_flushes--;
	promise(ended->covers);
}

static void reap(void)
{
	for (unsigned int i = 0; i < blk.nr_queues; i++) {
		struct blk_queue *queue = &blk.queues[i];
		int head;

		virtqueue_kick(&queue->vq);
		while ((head = blk_poll(queue)) >= 0)
			ended(&pending[i][head], queue->slots[head].status);
	}
	if (!flushes && last_of_unbroken() >= promised + REPORT_EVERY)
		promise(last_of_unbroken());
}

void payload_main(const char *line)
{
	uint64_t first = option_number(line, "first", OPERATION_FIRST);

	if (option_number(line, "copy", 0)) {
		copy_disk();
		return;
	}
	open_disk(line);
	seed = option_number(line, "seed", 1);
	next = operation_of(seed, first, blk.nr_sectors);
	promised = first - 1;
	for (;;) {
		unsigned int most = 1 + (unsigned int)(next.sector % MOST_BETWEEN_FLUSHES);
		bool begun = begin_next();

		if (flushes && nr_flushes < MAX_FLUSHES && (since_flush >= most || (!begun && nr_flushes == 0)))
			begin_flush();
		reap();
		if (!begun)
			cpu_pause();
	}
}
