/* A driver and a peer that do anything at all, against virtio-net: no crash, no hang, and every chain comes back or is
 * the device's until a reset.
 *
 * The input is a list of steps: memory and ring writes, frames from the peer, control requests, kicks, a backend that
 * is full or loses its link, resets. The fakes abort when the device breaks what it promises to its backend. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/fuzz/virtio_input.h"
#include "test/unit/fake_timer.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fake_net.h"
#include "test/unit/virtio_fakes.h"
#include "virtio/dev/net.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

#define MEMORY_BYTES (128 * 1024)
#define QUEUE_SIZE 8
#define NR_PAIRS 2
#define NR_QUEUES (2 * NR_PAIRS + 1)
#define RING_BYTES 0x3000
#define REST 0x10000 /* memory behind the rings */
#define SECOND UINT64_C(1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct guest {
	struct guest_memory memory;
	struct driver_queue rings[NR_QUEUES];
	struct virtio_queue_setup queues[NR_QUEUES];
	struct fake_transport transport;
	struct loop *loop;
	struct fake_net *fake;
	struct virtio_device *dev;
};

static void start(struct guest *guest, struct input *input)
{
	/* Of those above the core's: bits 0 to 31, and the offloads of UDP segments. */
	uint64_t wanted = input_take(input, 4) | input_take(input, 1) << 50 | UINT64_C(1) << 32;
	uint64_t disabled = input_take(input, 1);
	int rc;

	for (unsigned int i = 0; i < NR_QUEUES; i++) {
		driver_queue_init(&guest->rings[i], &guest->memory, i * RING_BYTES, QUEUE_SIZE, false);
		guest->queues[i].config = guest->rings[i].config;
		guest->queues[i].enabled = !(disabled >> i & 1);
	}
	if (disabled & 128)
		guest->queues[input_take(input, 1) % NR_QUEUES].config.used = input_take_address(input, REST);
	rc = guest->dev->ops->activate(guest->dev, guest->dev->features & ~(UINT64_C(1) << 29) & wanted, guest->queues);
	if (rc < 0 && fake_loop_nr_events(guest->loop) > 0)
		abort();
}

static void make(struct guest *guest, struct input *input)
{
	static struct loop *loops[NR_PAIRS];
	const struct guest_region region = { .base = 0, .size_bytes = MEMORY_BYTES };
	unsigned int kind = (unsigned int)input_take(input, 1);
	struct net_config config = { .loops = loops, .nr_pairs = NR_PAIRS, .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 1500 };

	driver_memory_init(&guest->memory, &region, 1);
	guest->loop = fake_loop_create();
	guest->fake = fake_net_create(NR_PAIRS);
	for (unsigned int i = 0; i < NR_QUEUES; i++)
		guest->queues[i].kick_fd = fd_eventfd();
	for (unsigned int i = 0; i < NR_PAIRS; i++)
		loops[i] = guest->loop;
	fake_loop_set_source(guest->loop, fake_net_source, guest->fake);
	config.backend = &guest->fake->backend;
	if (kind & 1)
		config.in.packets = (struct bucket_rate){ .per_second = 100, .burst = 3 };
	if (kind & 2)
		config.out.bytes = (struct bucket_rate){ .per_second = 100, .burst = 200 };
	if (kind & 4)
		guest->fake->active_rc = -EBUSY;
	if (net_create(&config, &guest->dev) < 0)
		abort();
	fake_transport_connect(&guest->transport, guest->dev, &guest->memory);
	start(guest, input);
}

static void unmake(struct guest *guest)
{
	net_destroy(guest->dev);
	if (fake_timer_nr() > 0)
		abort();
	/* These abort if the device left something behind. */
	fake_net_destroy(guest->fake);
	fake_loop_destroy(guest->loop);
	for (unsigned int i = 0; i < NR_QUEUES; i++)
		fd_close(&guest->queues[i].kick_fd);
	driver_memory_fini(&guest->memory);
}

/* A frame of the peer's, of which the input is the beginning. */
static void give(struct guest *guest, struct input *input, unsigned int pair)
{
	static uint8_t bytes[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES];
	uint32_t len = (uint32_t)input_take(input, 2), given = (uint32_t)input_take(input, 1) % 32;

	memset(bytes, 0, 64);
	for (uint32_t i = 0; i < given; i++)
		bytes[i] = (uint8_t)input_take(input, 1);
	fake_net_give(guest->fake, pair, bytes, len);
}

/* A control request in the usual framing. */
static void request(struct guest *guest, struct input *input, unsigned int queue)
{
	struct driver_queue *ring = &guest->rings[queue];
	const struct driver_buffer buffers[] = { { 0x1f000, 2 + (uint32_t)input_take(input, 1) % 40, false },
						 { 0x1f800, 1, true } };
	uint8_t bytes[42];

	for (unsigned int i = 0; i < buffers[0].len; i++)
		bytes[i] = (uint8_t)input_take(input, 1);
	input_write(&guest->memory, buffers[0].gpa, bytes, buffers[0].len);
	if (ring->nr_free >= 2)
		driver_add(ring, buffers, 2);
	fd_eventfd_signal(guest->queues[queue].kick_fd);
	fake_loop_turn(guest->loop);
}

static void step(struct guest *guest, struct input *input)
{
	unsigned int what = (unsigned int)input_take(input, 1);
	unsigned int index = (what >> 4) % NR_QUEUES;
	struct driver_queue *ring = &guest->rings[index];
	struct fake_net_pair *pair = &guest->fake->pairs[index / 2 % NR_PAIRS];
	struct driver_buffer buffer;
	uint64_t value;

	switch (what & 15) {
	case 0:
	case 1:
		input_write_descriptor(input, &guest->memory,
				       ring->config.desc + input_take(input, 1) % QUEUE_SIZE * 16, REST, QUEUE_SIZE);
		break;
	case 2:
		input_write_descriptor(input, &guest->memory, input_take_address(input, REST), REST, QUEUE_SIZE);
		break;
	case 3:
		driver_offer(ring, (uint16_t)(input_take(input, 1) % (QUEUE_SIZE + 1)));
		break;
	case 4:
		value = input_take(input, 2);
		input_write(&guest->memory, input_take(input, 2), &value, 2);
		break;
	case 5:
	case 6:
		buffer = (struct driver_buffer){ input_take_address(input, REST), (uint32_t)input_take(input, 2),
						 !(index & 1) };
		if (ring->nr_free > 0)
			driver_add(ring, &buffer, 1);
		break;
	case 7:
	case 8:
		fd_eventfd_signal(guest->queues[index].kick_fd);
		fake_loop_turn(guest->loop);
		break;
	case 9:
	case 10:
		give(guest, input, index / 2 % NR_PAIRS);
		fake_loop_turn(guest->loop);
		break;
	case 11:
		request(guest, input, index < 4 ? NR_QUEUES - 1 : 2);
		break;
	case 12:
		pair->full = !pair->full;
		pair->room = (unsigned int)input_take(input, 1);
		fake_loop_turn(guest->loop);
		break;
	case 13:
		net_backend_set_link(&guest->fake->backend, index & 1);
		break;
	case 14:
		guest->dev->ops->reset(guest->dev);
		if (fake_loop_nr_events(guest->loop) > 0)
			abort();
		start(guest, input);
		break;
	case 15:
		fake_timer_advance(SECOND);
		input_settle(guest->loop);
		while (index == 4 && ring->nr_free < QUEUE_SIZE) {
			uint16_t head;
			uint32_t len;

			if (!driver_collect(ring, &head, &len))
				break;
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct guest guest;
	struct input input = { data, len };

	log_set_level(LOG_ERROR);
	memset(&guest, 0, sizeof(guest));
	make(&guest, &input);
	while (input.len > 0)
		step(&guest, &input);
	input_settle(guest.loop);
	unmake(&guest);
	return 0;
}
