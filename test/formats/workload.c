/* workload [--model FILE] [OPTION...] IMAGE: random requests on a disk, many at a time, against a model.
 *
 * Reads, writes of all sizes, durable writes, flushes, discards and write-zeroes. No two that are in flight overlap, so
 * the model tells what each read must find; but they do meet in clusters. When it ends well, disk and model are equal.
 * A discard may leave old bytes or zeros: it is followed by a read, from which the model learns.
 *
 * Without a model the disk must be empty, and may be larger than any file; what was written is read again in the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "test/formats/disk.h"

#define MAX_BYTES (1024u * 1024)
#define MAX_IOVS 40

struct slot {
	struct block_request request;
	struct iovec iov[MAX_IOVS];
	uint64_t offset, length; /* 0: nothing is in flight */
	enum block_op op;
	bool learns; /* the read after a discard */
	uint8_t *memory; /* MAX_BYTES and a page */
	uint8_t *at;
};

static struct disk_arguments arguments;
static struct disk disk;
static uint64_t seed, size_bytes;
static uint32_t block_bytes;
static uint8_t *model;
static struct slot *slots;
static struct {
	uint64_t offset, length;
} * ranges; /* of all steps */
static unsigned long nr_started, nr_done;

static bool overlaps(uint64_t offset, uint64_t length)
{
	for (unsigned int i = 0; i < arguments.depth; i++)
		if (offset < slots[i].offset + slots[i].length && slots[i].offset < offset + length)
			return true;
	return false;
}

/* Mostly small ones, and many of them near each other. */
static void choose_range(uint64_t *offset, uint64_t *length)
{
	uint64_t nr_blocks = size_bytes / block_bytes, first, nr;
	uint64_t kind = disk_random(&seed, 16);
	uint64_t most = kind < 10 ? 16 : kind < 14 ? 160 : MAX_BYTES / block_bytes;

	do {
		first = disk_random(&seed, nr_blocks);
		if (disk_random(&seed, 2) == 0)
			first = (nr_blocks / 8) * disk_random(&seed, 8) + first % (nr_blocks / 64 + 1);
		nr = 1 + disk_random(&seed, most);
		if (disk_random(&seed, 4) == 0) { /* whole clusters, as likely as not */
			first &= ~UINT64_C(127);
			nr = (nr + 127) & ~UINT64_C(127);
		}
		if (nr > MAX_BYTES / block_bytes)
			nr = MAX_BYTES / block_bytes;
		if (nr > nr_blocks - first)
			nr = nr_blocks - first;
	} while (overlaps(first * block_bytes, nr * block_bytes));
	*offset = first * block_bytes;
	*length = nr * block_bytes;
}

static enum block_op choose_op(void)
{
	const struct block_geometry *geometry = block_geometry(disk.block);
	uint64_t kind = disk_random(&seed, 100);

	if (geometry->read_only || kind < 35)
		return BLOCK_READ;
	if (kind < 80)
		return BLOCK_WRITE;
	if (kind < 83)
		return BLOCK_WRITE_DURABLE;
	if (kind < 87)
		return BLOCK_FLUSH;
	if (kind < 91)
		return geometry->can_write_zeroes ? BLOCK_WRITE_ZEROES : BLOCK_WRITE;
	if (kind < 95)
		return geometry->zeroes_may_unmap ? BLOCK_WRITE_ZEROES_UNMAP : BLOCK_WRITE;
	return geometry->can_discard ? BLOCK_DISCARD : BLOCK_READ;
}

static void cut(struct slot *slot)
{
	uint64_t unit = arguments.odd ? 1 : block_bytes, left = slot->length, pieces = 1 + disk_random(&seed, MAX_IOVS);
	uint8_t *at = slot->at;
	unsigned int nr = 0;

	while (left > 0) {
		uint64_t n = left;

		if (nr + 1 < pieces && left > unit)
			n = (1 + disk_random(&seed, left / unit / 2 + 1)) * unit;
		if (n > left)
			n = left;
		slot->iov[nr++] = (struct iovec){ at, n };
		at += n;
		left -= n;
	}
	slot->request.nr_iov = nr;
}

static void submit(struct slot *slot, void (*done)(struct block_request *request, int result))
{
	slot->request.op = slot->op;
	slot->request.offset = slot->offset;
	slot->request.length = slot->length;
	slot->request.iov = slot->iov;
	slot->request.nr_iov = 0;
	slot->request.done = done;
	if (slot->op <= BLOCK_WRITE_DURABLE)
		cut(slot);
	block_submit(disk.block, &slot->request);
}

static void start(struct slot *slot);

static void check_read(const struct slot *slot)
{
	for (uint64_t i = 0; i < slot->length; i++) {
		uint8_t found = slot->at[i], expected = model[slot->offset + i];

		if (found == expected)
			continue;
		if (slot->learns && found == 0)
			continue;
		disk_fail("byte %llu is %02x and should be %02x (request %llu+%llu, step %lu)",
			  (unsigned long long)(slot->offset + i), found, expected, (unsigned long long)slot->offset,
			  (unsigned long long)slot->length, nr_started);
	}
	if (slot->learns)
		memcpy(model + slot->offset, slot->at, slot->length);
}

static void done(struct block_request *request, int result)
{
	struct slot *slot = (struct slot *)request;

	if (result < 0)
		disk_fail("operation %d at %llu+%llu: %s", slot->op, (unsigned long long)slot->offset,
			  (unsigned long long)slot->length, strerror(-result));
	if (slot->op == BLOCK_READ)
		check_read(slot);
	if (slot->op == BLOCK_DISCARD) {
		slot->op = BLOCK_READ;
		slot->learns = true;
		submit(slot, done);
		return;
	}
	slot->length = 0;
	nr_done++;
	start(slot);
}

static void start(struct slot *slot)
{
	if (nr_started == arguments.nr_steps)
		return;
	nr_started++;
	slot->op = choose_op();
	slot->learns = false;
	slot->at = slot->memory + (arguments.odd ? disk_random(&seed, 4096) : 0);
	slot->offset = slot->length = 0;
	if (slot->op != BLOCK_FLUSH)
		choose_range(&slot->offset, &slot->length);
	ranges[nr_started - 1].offset = slot->offset;
	ranges[nr_started - 1].length = slot->length;
	if (slot->op == BLOCK_WRITE || slot->op == BLOCK_WRITE_DURABLE) {
		uint64_t word = disk_random(&seed, UINT64_MAX);

		for (uint64_t i = 0; i < slot->length; i++)
			slot->at[i] = (uint8_t)((word >> (i % 7 * 8)) + i / block_bytes);
		memcpy(model + slot->offset, slot->at, slot->length);
	} else if (slot->op == BLOCK_WRITE_ZEROES || slot->op == BLOCK_WRITE_ZEROES_UNMAP) {
		memset(model + slot->offset, 0, slot->length);
	}
	submit(slot, done);
}

static bool all_done(void *arg)
{
	(void)arg;
	return nr_done == arguments.nr_steps;
}

static uint8_t *empty_model(void)
{
	void *map = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		disk_fail("no room for a model of %llu bytes", (unsigned long long)size_bytes);
	return map;
}

/* The same requests as reads, one after the other. */
static void read_again(void)
{
	uint8_t *memory = slots[0].memory;

	for (unsigned long i = 0; i < arguments.nr_steps; i++) {
		int rc;

		if (ranges[i].length == 0)
			continue;
		rc = disk_perform(&disk, BLOCK_READ, ranges[i].offset, memory, ranges[i].length);
		if (rc < 0)
			disk_fail("reading again: %s", strerror(-rc));
		if (memcmp(memory, model + ranges[i].offset, ranges[i].length) != 0)
			disk_fail("%llu+%llu is not what was written", (unsigned long long)ranges[i].offset,
				  (unsigned long long)ranges[i].length);
	}
}

int main(int argc, char **argv)
{
	int rc;

	disk_parse(argc, argv, &arguments);
	if (arguments.nr_steps == 0)
		disk_fail("--steps is needed");
	seed = arguments.seed;
	disk_open(&arguments, &disk);
	size_bytes = block_geometry(disk.block)->size_bytes;
	block_bytes = block_geometry(disk.block)->logical_block_bytes;
	model = arguments.model != NULL ? disk_map_file(arguments.model, size_bytes, false) : empty_model();
	ranges = calloc(arguments.nr_steps, sizeof(*ranges));
	if (ranges == NULL)
		disk_fail("no memory");
	slots = calloc(arguments.depth, sizeof(*slots));
	for (unsigned int i = 0; slots != NULL && i < arguments.depth; i++)
		if (posix_memalign((void **)&slots[i].memory, 4096, MAX_BYTES + 4096) != 0)
			disk_fail("no memory");
	for (unsigned int i = 0; i < arguments.depth; i++)
		start(&slots[i]);
	loop_drain(disk.loop, all_done, NULL);
	if (arguments.model == NULL)
		read_again();
	rc = disk_perform(&disk, BLOCK_FLUSH, 0, NULL, 0);
	if (rc < 0)
		disk_fail("the last flush: %s", strerror(-rc));
	disk_close(&disk);
	printf("%lu requests on %s\n", nr_done, arguments.options.path);
	return 0;
}
