#include "test/unit/virtio_net_fixture.h"

#include <string.h>

#include "vmm/base/fd.h"

#define RING_BYTES 0x3000
#define CONTROL_DATA 0x80000
#define CONTROL_ACK 0x8f000

struct guest_memory memory;
struct driver_queue rings[MAX_QUEUES];
struct loop *loop;
struct fake_net *fake;
struct fake_transport transport;
struct virtio_device *dev;
struct virtio_queue_setup queues[MAX_QUEUES];
struct net_config config;
const uint8_t own_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static uint64_t chosen; /* features of the last activation */
static gpa_t buffer_of[MAX_QUEUES][QUEUE_SIZE]; /* by head */
static uint8_t scratch[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES];

uint8_t *at(gpa_t gpa)
{
	return guest_memory_at(&memory, gpa, 1);
}

void make_device(unsigned int nr_pairs)
{
	static struct loop *loops[FAKE_NET_PAIRS];

	if (dev) {
		net_destroy(dev);
		fake_net_destroy(fake);
	}
	fake = fake_net_create(nr_pairs);
	for (unsigned int i = 0; i < nr_pairs; i++)
		loops[i] = loop;
	config.backend = &fake->backend;
	config.loops = loops;
	config.nr_pairs = nr_pairs;
	memcpy(config.mac, own_mac, sizeof(own_mac));
	ck_assert_int_eq(net_create(&config, &dev), 0);
	fake_transport_connect(&transport, dev, &memory);
	fake_loop_set_source(loop, fake_net_source, fake);
}

void activate(uint64_t features)
{
	chosen = features;
	for (unsigned int i = 0; i < dev->nr_queues; i++) {
		driver_queue_init(&rings[i], &memory, RINGS + i * RING_BYTES, QUEUE_SIZE, false);
		queues[i].enabled = true;
		queues[i].config = rings[i].config;
	}
	ck_assert_int_eq(dev->ops->activate(dev, features, queues), 0);
	fake_loop_settle(loop, 100);
}

void restart(uint64_t features)
{
	dev->ops->reset(dev);
	activate(features);
}

void setup(void)
{
	const struct guest_region region = { .base = 0, .size_bytes = RAM_BYTES };

	driver_memory_init(&memory, &region, 1);
	loop = fake_loop_create();
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		queues[i].kick_fd = fd_eventfd();
	make_device(1);
	activate(dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT));
}

void teardown(void)
{
	net_destroy(dev);
	fake_net_destroy(fake);
	fake_loop_destroy(loop);
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		fd_close(&queues[i].kick_fd);
	driver_memory_fini(&memory);
}

void kick(unsigned int queue)
{
	fd_eventfd_signal(queues[queue].kick_fd);
	fake_loop_settle(loop, 1000);
}

void offer(unsigned int pair, unsigned int nr, uint32_t len)
{
	static unsigned int next;

	for (unsigned int i = 0; i < nr; i++) {
		struct driver_buffer buffer = { RX_DATA + (gpa_t)(next++ % QUEUE_SIZE) * 0x10000, len, true };
		uint16_t head = driver_build(&rings[2 * pair], &buffer, 1, 1, 0);

		buffer_of[2 * pair][head] = buffer.gpa;
		memset(at(buffer.gpa), UNTOUCHED, len);
		driver_offer(&rings[2 * pair], head);
	}
}

uint8_t *build(const uint8_t *mac, uint32_t len)
{
	uint8_t *frame = scratch + NET_HEADER_BYTES;

	memset(scratch, 0, NET_HEADER_BYTES);
	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + i / 256);
	if (len >= 14) {
		memcpy(frame, mac, 6);
		memcpy(frame + 6, "\x02\x00\x00\x00\x00\x99", 6);
		frame[12] = 0x88;
		frame[13] = 0xb5;
	}
	return scratch;
}

void give(unsigned int pair, const uint8_t *frame, uint32_t len)
{
	fake_net_give(fake, pair, frame, NET_HEADER_BYTES + len);
	fake_loop_settle(loop, 1000);
}

uint32_t collect(unsigned int pair, uint8_t *frame)
{
	struct driver_queue *ring = &rings[2 * pair];
	uint32_t total = 0, len;
	unsigned int left = 1;
	uint16_t head;

	for (bool first = true; left > 0; left--, first = false) {
		if (!driver_collect(ring, &head, &len)) {
			ck_assert(first);
			return 0;
		}
		memcpy(frame + total, at(buffer_of[2 * pair][head]), len);
		total += len;
		if (first)
			left = frame[10] | (unsigned int)frame[11] << 8;
		ck_assert_uint_ge(left, 1);
	}
	return total;
}

bool passes(const uint8_t *mac)
{
	static uint8_t frame[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES];

	if (rings[0].nr_free == QUEUE_SIZE)
		offer(0, 8, 2000);
	give(0, build(mac, 60), 60);
	return collect(0, frame) > 0;
}

bool transmit(unsigned int pair, const uint8_t *frame, uint32_t len, uint32_t step)
{
	struct driver_buffer buffers[QUEUE_SIZE];
	unsigned int queue = 2 * pair + 1, nr = 0;
	uint16_t head;
	uint32_t used;

	memcpy(at(TX_DATA), frame, len);
	for (uint32_t done = 0; done < len; done += step)
		buffers[nr++] = (struct driver_buffer){ TX_DATA + done, len - done < step ? len - done : step, false };
	driver_add(&rings[queue], buffers, nr);
	kick(queue);
	if (!driver_collect(&rings[queue], &head, &used))
		return false;
	ck_assert_uint_eq(used, 0);
	return true;
}

uint8_t control(uint8_t class, uint8_t command, const void *data, uint32_t len)
{
	unsigned int queue = chosen & BIT(VIRTIO_NET_F_MQ) ? dev->nr_queues - 1 : 2;
	struct driver_buffer buffers[] = { { CONTROL_DATA, 2, false },
					   { CONTROL_DATA + 2, len, false },
					   { CONTROL_ACK, 1, true } };
	uint16_t head;
	uint32_t used;

	at(CONTROL_DATA)[0] = class;
	at(CONTROL_DATA)[1] = command;
	memcpy(at(CONTROL_DATA + 2), data, len);
	*at(CONTROL_ACK) = UNTOUCHED;
	driver_add(&rings[queue], buffers, 3);
	kick(queue);
	ck_assert(driver_collect(&rings[queue], &head, &used));
	ck_assert_uint_eq(used, 1);
	return *at(CONTROL_ACK);
}

uint16_t shown_status(void)
{
	uint16_t status;

	memcpy(&status, (const uint8_t *)dev->config + offsetof(struct virtio_net_config, status), sizeof(status));
	return status;
}
