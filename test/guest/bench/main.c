/* The bench payload: one load on the first disk, told by the command line, told back in one line.
 *
 *   op=randread|randwrite|read|write|verify   bs=BYTES   depth=N   queues=N   completion=poll|interrupt|halt
 *   ms=N (measured)   warmup_ms=N   ops=N (at most)   span=BYTES   seed=N   hold=1
 *
 * "bench: running" and "bench: done" enclose what is measured. With hold=1 the guest stays after the result, so that
 * whoever started it can look at what the VMM's threads have used. */
#include "test/guest/payload.h"

#include <stddef.h>

#include "test/guest/bench/clock.h"
#include "test/guest/bench/load.h"
#include "test/guest/bench/verify.h"
#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/pci.h"
#include "test/guest/power.h"
#include "test/guest/serial.h"
#include "test/guest/text.h"

#define FEATURES (BLK_F_FLUSH | BLK_F_MQ | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
#define MAX_BLOCK_BYTES (1u << 20)
#define FOREVER_MS (24u * 3600 * 1000)

static struct blk blk;
static struct load_result result;
static char op[16], completion[16];

static void read_options(const char *line, struct load_options *options, unsigned int *nr_queues)
{
	if (!option_get(line, "op", op, sizeof(op)) || !option_get(line, "completion", completion, sizeof(completion)))
		power_panic("no op= or no completion=");
	options->random = memcmp(op, "rand", 4) == 0;
	options->write = strcmp(op, "write") == 0 || strcmp(op, "randwrite") == 0;
	if (!options->write && strcmp(op, "read") != 0 && strcmp(op, "randread") != 0 && strcmp(op, "verify") != 0)
		power_panic("op is not read, write, randread, randwrite or verify");
	if (strcmp(completion, "poll") == 0)
		options->completion = LOAD_POLL;
	else if (strcmp(completion, "interrupt") == 0)
		options->completion = LOAD_INTERRUPT;
	else if (strcmp(completion, "halt") == 0)
		options->completion = LOAD_HALT;
	else
		power_panic("completion is not poll, interrupt or halt");
	options->block_bytes = (uint32_t)option_number(line, "bs", 4096);
	options->depth = (unsigned int)option_number(line, "depth", 1);
	options->seed = option_number(line, "seed", 1);
	options->span_bytes = option_number(line, "span", 0);
	*nr_queues = (unsigned int)option_number(line, "queues", 1);
	if (options->block_bytes == 0 || options->block_bytes % 4096 || options->block_bytes > MAX_BLOCK_BYTES)
		power_panic("bs is not a multiple of 4096 up to 1 MiB");
	if (*nr_queues == 0 || *nr_queues > BLK_MAX_QUEUES)
		power_panic("queues is not 1 to 4");
	if (options->depth == 0 || options->depth > LOAD_MAX_DEPTH || options->depth % *nr_queues)
		power_panic("depth is not 1 to 128, or not a multiple of queues");
	if (options->seed == 0)
		power_panic("seed is 0");
}

static void open_disk(struct load_options *options, unsigned int nr_queues)
{
	uint64_t disk_bytes;

	pci_place_bars();
	if (!blk_open(&blk, 0, nr_queues, FEATURES, options->completion != LOAD_POLL))
		power_panic("no disk");
	if (blk.nr_queues != nr_queues)
		power_panic("the disk has fewer queues");
	if ((blk.dev.features & (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)) !=
	    (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC))
		power_panic("the disk lacks EVENT_IDX or INDIRECT_DESC");
	for (unsigned int i = 0; i < nr_queues; i++) {
		if (options->depth / nr_queues > blk.queues[i].vq.size)
			power_panic("a queue is smaller than the depth");
	}
	disk_bytes = blk.nr_sectors * BLK_SECTOR_BYTES;
	if (options->span_bytes == 0 || options->span_bytes > disk_bytes)
		options->span_bytes = disk_bytes;
	options->span_bytes -= options->span_bytes % options->block_bytes;
	if (options->span_bytes / options->block_bytes < VERIFY_BLOCKS)
		power_panic("the span is too small");
}

static void report(const struct load_options *options, unsigned int nr_queues)
{
	uint64_t ns = clock_ns(result.cycles);
	uint64_t iops = result.nr_ops * 1000000 / (ns / 1000);

	print("bench: op=%s bs=%u depth=%u queues=%u completion=%s ops=%lu ns=%lu iops=%lu bytes_per_s=%lu", op,
	      options->block_bytes, options->depth, nr_queues, completion, result.nr_ops, ns, iops,
	      iops * options->block_bytes);
	print(" p50=%lu p90=%lu p99=%lu p999=%lu", clock_ns(histogram_percentile(&result.latencies, 500)),
	      clock_ns(histogram_percentile(&result.latencies, 900)),
	      clock_ns(histogram_percentile(&result.latencies, 990)),
	      clock_ns(histogram_percentile(&result.latencies, 999)));
	print(" kicks=%lu interrupts=%lu errors=%lu\n", result.nr_kicks, result.nr_interrupts, result.nr_errors);
}

void payload_main(const char *line)
{
	struct load_options options = { 0 };
	uint64_t ms, nr_ops;
	unsigned int nr_queues;

	read_options(line, &options, &nr_queues);
	clock_init();
	open_disk(&options, nr_queues);
	if (options.completion != LOAD_POLL)
		interrupt_enable();
	if (strcmp(op, "verify") == 0) {
		print("bench: op=verify blocks=%u bad=%u\n", VERIFY_BLOCKS,
		      verify(&blk, options.block_bytes, options.span_bytes, options.seed));
		return;
	}
	load_init(&blk, &options);
	ms = option_number(line, "warmup_ms", 0);
	if (ms > 0)
		load_run(clock_cycles(ms), UINT64_MAX, &result);
	nr_ops = option_number(line, "ops", UINT64_MAX);
	print("bench: running\n");
	load_run(clock_cycles(option_number(line, "ms", FOREVER_MS)), nr_ops, &result);
	print("bench: done\n");
	report(&options, nr_queues);
	while (option_number(line, "hold", 0))
		cpu_pause();
}
