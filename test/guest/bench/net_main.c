/* The bench-net payload: one load on the first NIC, told by the command line, told back in one line.
 *
 *   op=send|receive|echo   bytes=BYTES (of a frame; more than 1514: TCP to be segmented) completion=poll|interrupt|halt
 *   burst=FRAMES (receive)   ms=N (measured)   warmup_ms=N   hold=1
 *
 * "bench: running" and "bench: done" enclose what is measured. With hold=1 the guest stays after the result, so that
 * whoever started it can look at what the VMM's threads have used. */
#include "test/guest/payload.h"

#include <stddef.h>

#include "test/guest/bench/clock.h"
#include "test/guest/bench/net_load.h"
#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/pci.h"
#include "test/guest/power.h"
#include "test/guest/serial.h"
#include "test/guest/text.h"

#define MTU_FRAME_BYTES 1514
#define SMALL_BUFFER_BYTES 1536
#define LARGE_BUFFER_BYTES 4096

static struct net_result result;
static char op[16], completion[16];

static void (*read_options(const char *line, struct net_load *load))(uint64_t, struct net_result *)
{
	if (!option_get(line, "op", op, sizeof(op)) || !option_get(line, "completion", completion, sizeof(completion)))
		power_panic("no op= or no completion=");
	load->bytes = (uint32_t)option_number(line, "bytes", 64);
	load->burst = (uint32_t)option_number(line, "burst", 1000);
	load->kind = load->bytes > MTU_FRAME_BYTES ? FRAME_TSO4 : FRAME_PLAIN;
	load->rx_bytes = load->bytes > MTU_FRAME_BYTES ? LARGE_BUFFER_BYTES : SMALL_BUFFER_BYTES;
	if (load->bytes < frame_least(load->kind) || load->bytes > frame_most(load->kind))
		power_panic("there is no frame of so many bytes");
	if (strcmp(completion, "poll") == 0)
		load->completion = NET_POLL;
	else if (strcmp(completion, "interrupt") == 0)
		load->completion = NET_INTERRUPT;
	else if (strcmp(completion, "halt") == 0)
		load->completion = NET_HALT;
	else
		power_panic("completion is not poll, interrupt or halt");
	if (strcmp(op, "send") == 0)
		return net_load_send;
	if (strcmp(op, "receive") == 0)
		return net_load_receive;
	if (strcmp(op, "echo") != 0)
		power_panic("op is not send, receive or echo");
	return net_load_round_trips;
}

void payload_main(const char *line)
{
	struct net_load load = { 0 };
	void (*run)(uint64_t cycles, struct net_result * to) = read_options(line, &load);
	uint64_t ns, ms;

	clock_init();
	pci_place_bars();
	net_load_init(&load);
	if (load.completion != NET_POLL)
		interrupt_enable();
	ms = option_number(line, "warmup_ms", 0);
	if (ms > 0)
		run(clock_cycles(ms), &result);
	print("bench: running\n");
	run(clock_cycles(option_number(line, "ms", 1000)), &result);
	print("bench: done\n");
	ns = clock_ns(result.cycles);
	print("bench: op=%s bytes=%u completion=%s frames=%lu ns=%lu pps=%lu p50=%lu p99=%lu", op, load.bytes,
	      completion, result.nr_frames, ns, ns / 1000 == 0 ? 0 : result.nr_frames * 1000000 / (ns / 1000),
	      clock_ns(histogram_percentile(&result.latencies, 500)),
	      clock_ns(histogram_percentile(&result.latencies, 990)));
	print(" kicks=%lu interrupts=%lu errors=%lu\n", result.nr_kicks, result.nr_interrupts, result.nr_errors);
	while (option_number(line, "hold", 0))
		cpu_pause();
}
